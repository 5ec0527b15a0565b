import { type Block, createBlock } from '@ethereumjs/block'
import type { Common } from '@ethereumjs/common'
import { createTx, type TypedTransaction, type TypedTxData } from '@ethereumjs/tx'
import { Mempool } from '../../../src/mempool/mempool.ts'
import { bigIntToBytes } from '../../../src/primitives/bytes.ts'
import { bytesToHex, type Hash, type Hex } from '../../../src/primitives/hex.ts'
import { Dispatcher } from '../../../src/rpc/dispatcher.ts'
import { locateLogs } from '../../../src/rpc/encode/receipt.ts'
import { FeeOracle } from '../../../src/rpc/fees/feeOracle.ts'
import { FilterStore } from '../../../src/rpc/filterStore.ts'
import type { RpcContext, RpcSession } from '../../../src/rpc/method.ts'
import { enabledMethods, NAMESPACES } from '../../../src/rpc/methods/registry.ts'
import type {
  AccountProof,
  CallRequest,
  CallResult,
  CallTarget,
  HeadEvent,
  LocatedLog,
  LogQuery,
  Plain,
  ReceiptRecord,
  RpcPorts,
  SyncProgress,
} from '../../../src/rpc/ports.ts'
import { matchesLog } from '../../../src/rpc/subscriptions.ts'
import { type Logger, silentLogger } from '../../../src/runtime/logger.ts'
import type { Random } from '../../../src/runtime/random.ts'
import type { AccountRecord, StateReader } from '../../../src/state/types.ts'
import {
  authorization,
  CHAIN_ID,
  common,
  FakeState,
  GWEI,
  ManualClock,
  RECIPIENT,
  type Wallet,
  wallet,
} from '../mempool/fixtures.ts'

export { CHAIN_ID, common, GWEI, ManualClock, RECIPIENT, wallet }

export const TOPIC: Hash = `0x${'aa'.repeat(32)}`
export const OTHER_TOPIC: Hash = `0x${'bb'.repeat(32)}`
export const EMITTER: Hex = `0x${'c0'.repeat(20)}`

export function signedTx(from: Wallet, data: Record<string, unknown>): TypedTransaction {
  return createTx(data as unknown as TypedTxData, { common }).sign(from.key)
}

/** One transaction of each type that the chain takes, and a contract creation. */
export function sampleTransactions(nonce = 0): TypedTransaction[] {
  const [alice, bob] = [wallet(0), wallet(1)]
  const shared = { gasLimit: 100_000n, to: RECIPIENT, value: 7n, chainId: CHAIN_ID }
  const accessList = [{ address: EMITTER, storageKeys: [TOPIC] }]
  return [
    signedTx(alice, { ...shared, chainId: undefined, type: 0, nonce, gasPrice: 3n * GWEI }),
    signedTx(alice, { ...shared, type: 1, nonce: nonce + 1, gasPrice: 2n * GWEI, accessList }),
    signedTx(alice, {
      ...shared,
      type: 2,
      nonce: nonce + 2,
      maxFeePerGas: 10n * GWEI,
      maxPriorityFeePerGas: GWEI,
      accessList,
      data: '0x010203',
    }),
    signedTx(alice, {
      ...shared,
      type: 4,
      nonce: nonce + 3,
      maxFeePerGas: 3n * GWEI,
      maxPriorityFeePerGas: 3n * GWEI,
      authorizationList: [authorization(bob, EMITTER, 5n)],
    }),
    signedTx(alice, {
      type: 2,
      chainId: CHAIN_ID,
      gasLimit: 100_000n,
      nonce: nonce + 4,
      maxFeePerGas: 10n * GWEI,
      maxPriorityFeePerGas: 2n * GWEI,
      data: '0x00',
    }),
  ]
}

export function makeBlock(number: number, transactions: TypedTransaction[], chain: Common = common): Block {
  const header = {
    number,
    timestamp: 1_000 + number,
    gasLimit: 30_000_000n,
    gasUsed: BigInt(transactions.length) * 21_000n,
    baseFeePerGas: GWEI,
    parentBeaconBlockRoot: new Uint8Array(32).fill(number),
    extraData: new Uint8Array(32).fill(7),
  }
  return createBlock(
    { header, transactions: transactions as never },
    { common: chain, skipConsensusFormatValidation: true },
  )
}

/** 21,000 gas each; the receipt at an odd index has two logs. */
export function makeReceipts(block: Block): ReceiptRecord[] {
  return block.transactions.map((_, index) => ({
    status: index === 3 ? 0 : 1,
    cumulativeGasUsed: BigInt(index + 1) * 21_000n,
    logsBloom: new Uint8Array(256).fill(index),
    logs:
      index % 2 === 0
        ? []
        : [
            { address: EMITTER, topics: [TOPIC, OTHER_TOPIC], data: Uint8Array.of(index) },
            { address: RECIPIENT, topics: [], data: new Uint8Array(0) },
          ],
  }))
}

/** A chain that grows when told to, and everything else that the RPC needs, with real semantics but no EVM. */
export class FakeNode implements RpcPorts {
  readonly blocks: Block[] = []
  readonly receiptsOf = new Map<Hash, readonly ReceiptRecord[]>()
  readonly world = new FakeState()
  readonly clock = new ManualClock()
  readonly calls_: { request: CallRequest; target: CallTarget }[] = []
  readonly pool: Mempool
  progress_: SyncProgress | undefined
  nextBaseFee = GWEI
  callResult: (request: CallRequest) => CallResult = () => ({
    output: new Uint8Array(0),
    gasUsed: 21_000n,
    gasRefund: 0n,
  })
  readonly #headListeners = new Set<(event: HeadEvent) => void>()
  readonly #syncListeners = new Set<(progress: SyncProgress | undefined) => void>()

  constructor(blocks: readonly Block[] = [makeBlock(0, [])]) {
    for (const block of blocks) this.#add(block, makeReceipts(block))
    this.pool = new Mempool(
      { common, minimumBaseFeeWei: 7n, minimumTipWei: 0n, allowUnprotected: false },
      {
        clock: this.clock,
        logger: silentLogger,
        head: { number: 1n, timestamp: 100n, gasLimit: 30_000_000n, nextBaseFeeWei: GWEI },
        state: this.world,
      },
    )
  }

  append(block: Block, receipts: readonly ReceiptRecord[] = makeReceipts(block)): void {
    this.#add(block, receipts)
    for (const listener of this.#headListeners) listener({ block, receipts })
  }

  setSyncing(progress: SyncProgress | undefined): void {
    this.progress_ = progress
    for (const listener of this.#syncListeners) listener(progress)
  }

  #add(block: Block, receipts: readonly ReceiptRecord[]): void {
    this.blocks.push(block)
    this.receiptsOf.set(bytesToHex(block.hash()), receipts)
  }

  readonly chain = {
    head: (): Block => this.blocks.at(-1) as Block,
    blockByNumber: async (number: bigint) => this.blocks[Number(number)],
    blockByHash: async (hash: Hash) => this.blocks.find((block) => bytesToHex(block.hash()) === hash),
    receipts: async (block: Block) => this.receiptsOf.get(bytesToHex(block.hash())) ?? [],
    transactionLocation: async (hash: Hash) => {
      for (const block of this.blocks) {
        const index = block.transactions.findIndex((tx) => bytesToHex(tx.hash()) === hash)
        if (index >= 0) return { blockNumber: block.header.number, index }
      }
      return undefined
    },
    logs: async (query: LogQuery): Promise<readonly LocatedLog[]> => {
      const range = this.blocks.slice(Number(query.fromBlock), Number(query.toBlock) + 1)
      const logs = range.flatMap((block) =>
        locateLogs(block, this.receiptsOf.get(bytesToHex(block.hash())) ?? []),
      )
      return logs.filter((log) => matchesLog(query, log)).slice(0, query.limit + 1)
    },
    nextBaseFeeWei: (): bigint => this.nextBaseFee,
  }

  readonly state = {
    at: async (): Promise<StateReader> => ({
      account: (address): AccountRecord | undefined => this.world.account(address),
      storage: (_address, slot) => BigInt(slot) + 0x38n,
      code: (codeHash) => this.world.code(codeHash),
    }),
    proof: async (address: Hex, slots: readonly Hash[]): Promise<AccountProof> => ({
      account: this.world.account(address),
      accountProof: [Uint8Array.of(0xf9, 1)],
      storageProofs: slots.map((slot) => ({ slot, value: 0x38n, proof: [Uint8Array.of(0xf8)] })),
    }),
  }

  readonly calls = {
    call: async (request: CallRequest, target: CallTarget): Promise<CallResult> => {
      this.calls_.push({ request, target })
      return this.callResult(request)
    },
    createAccessList: async (request: CallRequest, target: CallTarget) => {
      this.calls_.push({ request, target })
      const { gasUsed, failure } = this.callResult(request)
      return { accessList: [{ address: EMITTER, storageKeys: [TOPIC] }], gasUsed, failure }
    },
  }

  get mempool(): Mempool {
    return this.pool
  }

  readonly sync = {
    progress: () => this.progress_,
    onChange: (listener: (progress: SyncProgress | undefined) => void) => {
      this.#syncListeners.add(listener)
      return () => void this.#syncListeners.delete(listener)
    },
  }

  readonly events = {
    onHead: (listener: (event: HeadEvent) => void) => {
      this.#headListeners.add(listener)
      return () => void this.#headListeners.delete(listener)
    },
  }

  get headListeners(): number {
    return this.#headListeners.size
  }

  readonly facts = {
    chainId: BigInt(CHAIN_ID),
    clientVersion: 'openledger/v0.1.0/linux-x64/node20',
    peerCount: () => 3,
    isListening: () => true,
  }

  readonly openledger = {
    datanet: async (id: bigint): Promise<Plain | undefined> =>
      id === 1n
        ? { id, owner: RECIPIENT, versions: [{ records: 2n ** 70n, root: null }], note: undefined }
        : undefined,
    adapter: async (id: bigint, blockNumber: bigint): Promise<Plain | undefined> => ({ id, blockNumber }),
    receipt: async (id: Hash): Promise<Plain | undefined> => (id === TOPIC ? { id, final: true } : undefined),
    attribution: async (adapterId: bigint, window: bigint | undefined): Promise<Plain | undefined> => ({
      adapterId,
      window: window ?? 9n,
    }),
    precompiles: async (blockNumber: bigint): Promise<Plain> => [{ name: 'toy', version: null, blockNumber }],
    epochRecord: async (epoch: bigint | undefined): Promise<Plain | undefined> =>
      epoch === 9n ? undefined : { epoch: epoch ?? 8n, record: '0x01' },
    certificate: async (blockNumber: bigint): Promise<Plain | undefined> => ({
      blockNumber,
      certificate: '0x02',
    }),
  }

  readonly node = {
    status: (): Plain => ({ height: 2n, syncing: false, consensus: null }),
    peers: (): Plain => [{ id: 'a peer', height: 1n }],
  }
}

/** Random bytes that count up, so that ids are known. */
export function countingRandom(): Random {
  let next = 0
  return { bytes: (length) => bigIntToBytes(BigInt(++next), length) }
}

export function makeContext(node: FakeNode): RpcContext {
  const { chain, state, calls, mempool, sync, events, facts, openledger, node: self, clock } = node
  const filters = new FilterStore({ chain, mempool, clock, random: countingRandom() })
  filters.start()
  const fees = new FeeOracle({ defaultTipWei: 100n }, { chain })
  return { chain, state, calls, mempool, sync, events, facts, openledger, node: self, filters, fees }
}

export interface Answer {
  readonly jsonrpc: string
  readonly id: unknown
  readonly result?: unknown
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown }
}

/** The RPC without its transports. */
export function makeRpc(node = new FakeNode(), logger: Logger = silentLogger) {
  const context = makeContext(node)
  const dispatcher = new Dispatcher({
    context,
    methods: enabledMethods(NAMESPACES),
    clock: node.clock,
    logger,
  })
  const handle = async (text: string, session?: RpcSession): Promise<unknown> => {
    const answer = await dispatcher.handle(text, session)
    return answer === undefined ? undefined : JSON.parse(answer)
  }
  const ask = async (method: string, ...params: unknown[]): Promise<Answer> =>
    (await handle(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }))) as Answer
  /** The result; fails on an error. */
  const get = async (method: string, ...params: unknown[]): Promise<unknown> => {
    const { result, error } = await ask(method, ...params)
    if (error !== undefined) throw new Error(`${method}: ${JSON.stringify(error)}`)
    return result
  }
  return { node, context, dispatcher, handle, ask, get }
}
