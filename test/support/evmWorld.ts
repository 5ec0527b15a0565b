import { type Block, createBlock } from '@ethereumjs/block'
import type { ExecResult } from '@ethereumjs/evm'
import { createEOACode7702Tx, createFeeMarket1559Tx } from '@ethereumjs/tx'
import { createAddressFromString, type EOACode7702AuthorizationListItem } from '@ethereumjs/util'
import { createVM, runTx } from '@ethereumjs/vm'
import type { NativePrecompile } from '../../precompiles/host.ts'
import type { PrecompileParameters } from '../../precompiles/parameters.ts'
import { nativePrecompiles, type PrecompileRegistry } from '../../precompiles/registry.ts'
import { type ChainSpec, createChainSpec } from '../../src/chainspec/chainSpec.ts'
import { parseGenesis } from '../../src/chainspec/schema.ts'
import { loadStandardPrecompiles } from '../../src/execution/crypto/standardPrecompiles.ts'
import { blobAccount, type FrameHost } from '../../src/execution/evm/frameHost.ts'
import { NativeEvm } from '../../src/execution/evm/nativeEvm.ts'
import { bigIntToBytes, concatBytes, EMPTY_BYTES } from '../../src/primitives/bytes.ts'
import { type Address, bytesToHex, type Hash, hexToBytes, ZERO_HASH } from '../../src/primitives/hex.ts'
import { EMPTY_CODE_HASH } from '../../src/primitives/keccak.ts'
import { EthereumjsStateManager } from '../../src/state/ethereumjsStateManager.ts'
import { OverlayState } from '../../src/state/overlayState.ts'
import { StateJournal } from '../../src/state/stateJournal.ts'
import type { StateDiff, StateReader } from '../../src/state/types.ts'
import { devnetGenesis } from './chain.ts'
import type { Log, MemoryChain } from './memoryHost.ts'

/** How a call ended: 'ok', 'revert', or what else the EVM says. */
export interface Ended {
  readonly status: string
  readonly output: Uint8Array
  readonly gasUsed: bigint
}

/** What a call left behind, too. */
export interface Left extends Ended {
  readonly refund: bigint
  readonly logs: readonly Log[]
  readonly diff: StateDiff
}

export interface FrameCall {
  readonly from: Address
  readonly to: Address
  readonly data: Uint8Array
  readonly valueWei?: bigint
  readonly gas?: bigint
  readonly isStatic?: boolean
}

export interface TransactionCall {
  readonly from: Address
  /** Undefined creates a contract. */
  readonly to?: Address
  readonly data: Uint8Array
  readonly valueWei?: bigint
  readonly gas?: bigint
  readonly authorizations?: readonly EOACode7702AuthorizationListItem[]
}

const emptyState: StateReader = {
  account: () => undefined,
  storage: () => 0n,
  code: () => EMPTY_BYTES,
}
const slotHash = (slot: bigint): Hash => bytesToHex(bigIntToBytes(slot, 32))
const plain = { nonce: 0n, balanceWei: 0n, codeHash: EMPTY_CODE_HASH }

const standard = await loadStandardPrecompiles()

let spec: ChainSpec | undefined
/** The devnet's rules; made once. */
export function devnetSpec(): ChainSpec {
  spec ??= createChainSpec(parseGenesis(devnetGenesis(), 'test'))
  return spec
}

/** The node's EVM under the devnet's rules. */
export function openEvm(
  options: { readonly genesisHash: Hash; readonly precompiles: readonly NativePrecompile[] },
  journal: StateJournal,
): NativeEvm {
  // a copy: every EVM leaves a listener with its Common
  const common = devnetSpec().common.copy()
  const state = new EthereumjsStateManager(journal)
  return new NativeEvm({ ...options, standard, common, blockHashOf: () => ZERO_HASH }, { state })
}

/** All accounts of a chain in memory, as the node's state has them: blobs are code, precompiles have code 0xfe. */
export function stateDiffOf(chain: MemoryChain): StateDiff {
  const journal = new StateJournal(emptyState)
  for (const address of chain.precompiles.keys()) {
    journal.setAccount(address, { ...plain, nonce: 1n })
    journal.setCode(address, Uint8Array.of(0xfe))
  }
  for (const [address, balanceWei] of chain.balances) {
    journal.setAccount(address, { ...(journal.account(address) ?? plain), balanceWei })
  }
  for (const [address, slots] of chain.storage) {
    if (journal.account(address) === undefined) journal.setAccount(address, { ...plain, nonce: 1n })
    for (const [slot, value] of slots) journal.setStorage(address, slotHash(slot), value)
  }
  for (const [key, payload] of chain.blobs) {
    const [owner, id] = key.split('/') as [Address, Hash]
    const account = blobAccount(owner, id)
    journal.setAccount(account, { ...plain, nonce: 1n })
    journal.setCode(account, concatBytes(Uint8Array.of(0), payload))
  }
  return journal.diff()
}

export function stateOf(diff: StateDiff): StateReader {
  return new OverlayState(emptyState, diff)
}

/** The block that a chain in memory is in. */
export function blockOf(chain: Pick<MemoryChain, 'block'>): Block {
  const { number, timestamp, baseFeeWei, prevRandao, coinbase } = chain.block
  const header = {
    number,
    timestamp,
    gasLimit: 10n ** 12n,
    baseFeePerGas: baseFeeWei,
    mixHash: hexToBytes(prevRandao),
    coinbase: createAddressFromString(coinbase),
  }
  return createBlock({ header, withdrawals: [] }, { common: devnetSpec().common, freeze: false })
}

/**
 * A state that the real EVM runs calls on, each on its own: none sees what another did. Made from a chain in memory,
 * in which worlds are quick to build, or over any state, such as one on disk.
 */
export class EvmWorld {
  readonly state: StateReader
  readonly block: Block
  readonly genesisHash: Hash
  readonly registry: PrecompileRegistry
  readonly #journal: StateJournal
  readonly #evm: NativeEvm

  constructor(
    options: { block: Block; genesisHash: Hash; registry: PrecompileRegistry },
    modules: { state: StateReader; wrap?: (native: NativePrecompile) => NativePrecompile },
  ) {
    const { block, genesisHash, registry } = options
    const { state, wrap = (native) => native } = modules
    this.state = state
    this.block = block
    this.genesisHash = genesisHash
    this.registry = registry
    this.#journal = new StateJournal(state)
    const precompiles = registry.activeAt(block.header.timestamp).map(wrap)
    this.#evm = openEvm({ genesisHash, precompiles }, this.#journal)
  }

  static of(
    world: { chain: MemoryChain; parameters: PrecompileParameters },
    wrap?: (native: NativePrecompile) => NativePrecompile,
  ): EvmWorld {
    const { chain, parameters } = world
    return new EvmWorld(
      { block: blockOf(chain), genesisHash: chain.genesisHash, registry: nativePrecompiles(parameters) },
      { state: stateOf(stateDiffOf(chain)), ...(wrap === undefined ? {} : { wrap }) },
    )
  }

  /** The same world with other accounts on top. */
  with(change: (journal: StateJournal) => void): EvmWorld {
    const journal = new StateJournal(this.state)
    change(journal)
    return new EvmWorld(this, { state: new OverlayState(this.state, journal.diff()) })
  }

  /** One message as the outermost frame, without a transaction around it: no intrinsic gas, no fee, no nonce. */
  async call(call: FrameCall): Promise<Left> {
    return this.#undone(async () => {
      const { from, to, data, valueWei = 0n, gas = 16_000_000n, isStatic = false } = call
      const { execResult } = await this.#evm.runCall({
        block: this.block,
        caller: createAddressFromString(from),
        to: createAddressFromString(to),
        data,
        value: valueWei,
        gasLimit: gas,
        isStatic,
        skipNonceIncrement: true,
      })
      return this.#left(execResult, execResult.executionGasUsed)
    })
  }

  /**
   * One transaction, its sender as named and its nonce not looked at. It pays the block's base fee and no tip. Throws
   * when it could not be in a block.
   */
  async transact(call: TransactionCall): Promise<Left> {
    const { from, to, data, valueWei = 0n, gas = 16_000_000n, authorizations } = call
    const { common } = devnetSpec()
    const fields = {
      chainId: common.chainId(),
      gasLimit: gas,
      maxFeePerGas: this.block.header.baseFeePerGas ?? 0n,
      ...(to === undefined ? {} : { to: createAddressFromString(to) }),
      data,
      value: valueWei,
    }
    const options = { common, freeze: false }
    const tx =
      authorizations === undefined
        ? createFeeMarket1559Tx(fields, options)
        : createEOACode7702Tx({ ...fields, authorizationList: [...authorizations] }, options)
    const sender = createAddressFromString(from)
    tx.getSenderAddress = () => sender
    const { stateManager } = this.#evm
    return this.#undone(async () => {
      const vm = await createVM({ common, stateManager, evm: this.#evm })
      const result = await runTx(vm, {
        tx,
        block: this.block,
        skipNonce: true,
        skipBlockGasLimitValidation: true,
        skipHardForkValidation: true,
      })
      return this.#left(result.execResult, result.totalGasSpent)
    })
  }

  #left(result: ExecResult, gasUsed: bigint): Left {
    return {
      status: result.exceptionError?.error ?? 'ok',
      output: result.returnValue,
      gasUsed,
      refund: result.gasRefund ?? 0n,
      logs: (result.logs ?? []).map(([address, topics, bytes]) => ({
        address: bytesToHex(address),
        topics: topics.map((topic) => bytesToHex(topic)),
        data: bytes,
      })),
      diff: this.#journal.diff(),
    }
  }

  async #undone<T>(work: () => Promise<T>): Promise<T> {
    const depth = this.#journal.depth
    this.#journal.checkpoint()
    this.#journal.beginTransaction()
    try {
      return await work()
    } finally {
      while (this.#journal.depth > depth) this.#journal.revert()
      this.#journal.beginTransaction()
      this.#evm.journal.cleanJournal()
      this.#evm.transientStorage.clear()
    }
  }
}

/** True when nothing at all differs from the parent: the state root is then the parent's. */
export function isEmptyDiff({ accounts, clearedStorage, storage, codes }: StateDiff): boolean {
  return accounts.size === 0 && clearedStorage.size === 0 && storage.size === 0 && codes.size === 0
}

/** What a precompile charged in its last call. */
export interface Charges {
  /** Gas used after each charge, in order. */
  readonly used: bigint[]
  /** Least gas limits of the stores on the way: more than EIP-2200's sentry must be left before each. */
  readonly sentries: bigint[]
}

const SSTORE_SENTRY = 2_300n

/** The precompile, noting in `charges` what it charges. */
export function noteCharges(native: NativePrecompile, charges: Charges): NativePrecompile {
  return {
    ...native,
    run(host, input) {
      const frame = host as FrameHost
      const { useGas, sstore } = frame
      charges.used.length = 0
      charges.sentries.length = 0
      // own properties come before those of the class, also where the class calls itself
      Object.assign(frame, {
        useGas(amount: bigint) {
          charges.used.push(frame.gasUsed + amount)
          useGas.call(frame, amount)
        },
        sstore(slot: bigint, value: bigint) {
          charges.sentries.push(frame.gasUsed + SSTORE_SENTRY + 1n)
          sstore.call(frame, slot, value)
        },
      })
      return native.run(frame, input)
    },
  }
}
