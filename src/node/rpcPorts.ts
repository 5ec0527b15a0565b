import { isNodeError, NodeError } from '../errors/errors.ts'
import { type AccountOverride, type CallContext, type CallMessage, CallRunner } from '../execution/calls.ts'
import { type Cancellation, throwIfCancelled } from '../execution/cancellation.ts'
import type { ChainView, DecidedBlock } from '../execution/chainView.ts'
import { type Block, blockHashOf, heightOf } from '../ledger/block.ts'
import { nextBaseFee, parentHeaderOf } from '../ledger/headerRules.ts'
import { type Log, logsBloom, type Receipt } from '../ledger/receipt.ts'
import { type Address, bytesToHex, type Hash, hexToBytes } from '../primitives/hex.ts'
import type {
  CallRequest,
  Calls,
  CallTarget,
  ChainEvents,
  ChainReader,
  LocatedLog,
  LogQuery,
  ReceiptRecord,
  StateAccess,
} from '../rpc/ports.ts'
import { yieldToEventLoop } from '../runtime/yield.ts'
import { proveAccount } from '../state/proofs.ts'
import { TrieState } from '../state/trieState.ts'
import type { StateReader } from '../state/types.ts'
import type { ChainStore } from '../storage/chainStore.ts'
import type { KvReader } from '../storage/kv.ts'
import type { HeadState } from './headState.ts'

/** The chain as JSON-RPC reads it; logs are searched elsewhere where something for it is given. */
export function rpcChainReader(
  chain: ChainView,
  logs: ChainReader['logs'] = (query) => findLogs(chain, query),
): ChainReader {
  const { store } = chain
  return {
    head: () => chain.head.block,
    blockByNumber: async (number) =>
      number <= BigInt(chain.head.height) ? store.block(Number(number)) : undefined,
    blockByHash: async (hash) => {
      const height = store.heightOf(hash)
      return height === undefined ? undefined : store.block(height)
    },
    receipts: async (block) =>
      (store.receipts(heightOf(block)) ?? missing(store, heightOf(block))).map(receiptRecord),
    transactionLocation: async (hash) => {
      const found = store.transaction(hash)
      return found === undefined ? undefined : { blockNumber: BigInt(found.height), index: found.index }
    },
    logs,
    nextBaseFeeWei: (block) => nextBaseFee(chain.spec.genesis.fees, parentHeaderOf(block)),
  }
}

export function rpcChainEvents(chain: ChainView): ChainEvents {
  return {
    onHead: (listener) =>
      chain.onDecided(({ block, receipts }: DecidedBlock) =>
        listener({ block, receipts: receipts.map(receiptRecord) }),
      ),
  }
}

/** A node that began with a snapshot has neither what was before it nor the receipts of its block. */
function missing(store: ChainStore, height: number): never {
  const first = store.firstHeight
  const message =
    height > 0 && height <= first
      ? `This node began with a snapshot of block ${first}: it has blocks with receipts from ${first + 1} on, not of block ${height}.`
      : `There is no block ${height} yet.`
  throw new NodeError('NOT_FOUND', message, { height, firstHeight: first })
}

function receiptRecord(receipt: Receipt): ReceiptRecord {
  return {
    status: receipt.succeeded ? 1 : 0,
    cumulativeGasUsed: receipt.cumulativeGasUsed,
    logsBloom: logsBloom(receipt.logs),
    logs: receipt.logs,
  }
}

/** Blocks in a stretch before other work gets a turn. */
const BLOCKS_A_TURN = 256

/** In order; ends soon after there are more than `query.limit`. CANCELLED once `signal` says so. */
export async function findLogs(
  chain: { readonly store: ChainStore; readonly head: { readonly height: number } },
  query: LogQuery,
  signal?: Cancellation,
): Promise<LocatedLog[]> {
  const found: LocatedLog[] = []
  const last = Math.min(Number(query.toBlock), chain.head.height)
  const first = chain.store.firstHeight
  // blocks that are not here may hold what is looked for, and an answer without them would be wrong
  if (first > 0 && last > 0 && Number(query.fromBlock) <= first) missing(chain.store, Number(query.fromBlock))
  for (let height = Number(query.fromBlock); height <= last; height++) {
    if (height % BLOCKS_A_TURN === 0) await yieldToEventLoop()
    throwIfCancelled(signal)
    const receipts = chain.store.receipts(height) ?? []
    if (!receipts.some((receipt) => receipt.logs.some((log) => matches(log, query)))) continue
    const block = chain.store.block(height)
    if (block === undefined) throw new NodeError('DATA_CORRUPT', `Block ${height} is missing.`)
    found.push(...locate(block, receipts).filter((log) => matches(log, query)))
    if (found.length > query.limit) break
  }
  return found
}

function locate(block: Block, receipts: readonly Receipt[]): LocatedLog[] {
  const blockHash = blockHashOf(block)
  let logIndex = 0
  return receipts.flatMap((receipt, transactionIndex) => {
    const transactionHash = hashOfTransaction(block, transactionIndex)
    return receipt.logs.map((log) => ({
      ...log,
      blockHash,
      blockNumber: block.header.number,
      blockTimestamp: block.header.timestamp,
      transactionHash,
      transactionIndex,
      logIndex: logIndex++,
    }))
  })
}

function hashOfTransaction(block: Block, index: number): Hash {
  const tx = block.transactions[index]
  if (tx === undefined) throw new NodeError('DATA_CORRUPT', 'A block has more receipts than transactions.')
  return bytesToHex(tx.hash())
}

function matches(log: Log, query: LogQuery): boolean {
  if (query.addresses.length > 0 && !query.addresses.includes(log.address)) return false
  if (query.topics.length > log.topics.length) return false
  return query.topics.every((wanted, position) => {
    const topic = log.topics[position]
    return wanted.length === 0 || (topic !== undefined && wanted.includes(topic))
  })
}

/** States by block: the head's flat one, older ones by their trie. */
export function rpcStateAccess(modules: {
  chain: Pick<ChainView, 'store' | 'statesFrom'>
  head: Pick<HeadState, 'height' | 'state'>
  kv: KvReader
}): StateAccess {
  const { chain, head, kv } = modules
  const readAt = <T>(blockNumber: bigint, read: (stateRoot: Hash) => T): T => {
    const stateRoot = chain.store.stateRoot(Number(blockNumber))
    if (stateRoot === undefined) missing(chain.store, Number(blockNumber))
    try {
      return read(stateRoot)
    } catch (error) {
      if (!isNodeError(error, 'STATE_PRUNED')) throw error
      throw new NodeError(
        'STATE_PRUNED',
        `The state after block ${blockNumber} is no longer kept here; those from block ${chain.statesFrom} on are.`,
        {},
        error,
      )
    }
  }
  return {
    at: async (blockNumber) =>
      Number(blockNumber) === head.height
        ? head.state
        : readAt(blockNumber, (stateRoot) => new TrieState(kv, stateRoot)),
    proof: async (address, slots, blockNumber) => {
      const { account, accountProof, storageProof } = readAt(blockNumber, (stateRoot) =>
        proveAccount(kv, stateRoot, address, slots),
      )
      return {
        account,
        accountProof: accountProof.map(hexToBytes),
        storageProofs: storageProof.map((one) => ({ ...one, proof: one.proof.map(hexToBytes) })),
      }
    },
  }
}

/** Calls on any kept state; `signal` ends one with CANCELLED. */
export function rpcCalls(modules: {
  chain: Pick<ChainView, 'spec' | 'genesisHash' | 'precompiles' | 'store'>
  state: StateAccess
  signal?: Cancellation | undefined
}): Calls {
  const { chain, state, signal } = modules
  const runner = new CallRunner(
    { spec: chain.spec, genesisHash: chain.genesisHash },
    { precompiles: chain.precompiles },
  )
  const contextOf = async (target: CallTarget): Promise<CallContext> => {
    const block = chain.store.block(Number(target.blockNumber))
    if (block === undefined) missing(chain.store, Number(target.blockNumber))
    return callContext(block, await state.at(target.blockNumber), target)
  }
  return {
    call: async (request, target) => {
      const outcome = await runner.run(callMessage(request), await contextOf(target), signal)
      const { output, gasUsed, gasRefund, failure } = outcome
      return {
        output,
        gasUsed,
        gasRefund,
        failure: failure && { isRevert: failure.reverted, message: failure.message },
      }
    },
    createAccessList: async (request, target) => {
      const context = await contextOf(target)
      const first = await runner.run(callMessage(request), context, signal)
      // the list changes what the call costs, so the gas is that of a run with the list in place
      const { accessList } = first
      const { gasUsed, failure } = await runner.run({ ...callMessage(request), accessList }, context, signal)
      return {
        accessList,
        gasUsed,
        failure: failure && { isRevert: failure.reverted, message: failure.message },
      }
    },
  }
}

/** Leaves out what is undefined. */
function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never
}

function callMessage(request: CallRequest): CallMessage {
  const feeCapWei = request.feeCapWei ?? request.gasPriceWei
  return defined({
    from: request.from,
    to: request.to,
    data: request.data,
    valueWei: request.valueWei,
    gasLimit: request.gasLimit,
    feeCapWei,
    tipWei: feeCapWei === undefined ? undefined : (request.tipCapWei ?? request.gasPriceWei ?? 0n),
    accessList: request.accessList,
    authorizations: request.authorizationList?.map((item) => ({ ...item, yParity: Number(item.yParity) })),
  })
}

function callContext(block: Block, state: StateReader, target: CallTarget): CallContext {
  const overrides = target.stateOverrides
  return {
    block,
    state,
    ...(overrides === undefined ? {} : { stateOverrides: convertOverrides(overrides) }),
    ...(target.blockOverrides === undefined
      ? {}
      : {
          blockOverride: defined({
            number: target.blockOverrides.number,
            timestamp: target.blockOverrides.timestamp,
            gasLimit: target.blockOverrides.gasLimit,
            feeRecipient: target.blockOverrides.coinbase,
            prevRandao: target.blockOverrides.prevRandao,
            baseFeeWei: target.blockOverrides.baseFeeWei,
          }),
        }),
  }
}

function convertOverrides(
  overrides: NonNullable<CallTarget['stateOverrides']>,
): Map<Address, AccountOverride> {
  const slots = (values: ReadonlyMap<Hash, Hash> | undefined) =>
    values === undefined
      ? undefined
      : new Map([...values].map(([slot, value]) => [slot, BigInt(value)] as const))
  return new Map(
    [...overrides].map(([address, one]) => {
      if (one.movePrecompileTo !== undefined) {
        throw new NodeError(
          'BAD_REQUEST',
          'movePrecompileToAddress is not supported: precompiles stay where they are.',
        )
      }
      return [
        address,
        defined({
          nonce: one.nonce,
          balanceWei: one.balanceWei,
          code: one.code,
          state: slots(one.state),
          stateDiff: slots(one.stateDiff),
        }),
      ] as const
    }),
  )
}
