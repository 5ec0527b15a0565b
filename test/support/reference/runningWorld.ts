import type { Block } from '@ethereumjs/block'
import type { ExecResult } from '@ethereumjs/evm'
import { createFeeMarket1559Tx } from '@ethereumjs/tx'
import { createAddressFromString } from '@ethereumjs/util'
import { createVM, runTx, type VM } from '@ethereumjs/vm'
import type { BlockFacts, NativePrecompile } from '../../../precompiles/host.ts'
import { randaoSlot } from '../../../precompiles/shared/randomness.ts'
import type { NativeEvm } from '../../../src/execution/evm/nativeEvm.ts'
import { bigIntToBytes, EMPTY_BYTES, utf8ToBytes } from '../../../src/primitives/bytes.ts'
import { type Address, bytesToHex, type Hash } from '../../../src/primitives/hex.ts'
import { keccakHex } from '../../../src/primitives/keccak.ts'
import { StateJournal } from '../../../src/state/stateJournal.ts'
import type { StateReader } from '../../../src/state/types.ts'
import { blockOf, devnetSpec, openEvm } from '../evmWorld.ts'
import type { Log } from '../memoryHost.ts'
import { inputOf, type Step } from './message.ts'

/** How a step ended. */
export interface Ended {
  readonly status: string
  readonly output: Uint8Array
  readonly logs: readonly Log[]
}

/** What an account has become since the start. */
export interface ChangedAccount {
  readonly nonce: bigint
  /** Fees of transactions are added again: they follow from the gas. */
  readonly balanceWei: bigint
  readonly codeHash: Hash
  readonly slots: ReadonlyMap<Hash, bigint>
}

/** More than any call needs, also after calls that took 63 parts of 64 of it. */
const FRAME_GAS = 10n ** 18n
/** EIP-7825. */
const TRANSACTION_GAS = 1n << 24n

export interface WorldStart {
  readonly block: BlockFacts
  readonly genesisHash: Hash
  readonly stakingAddress: Address
}

/** A state on which calls run one after the other, in the node's EVM, from block to block. It can be set back. */
export class RunningWorld {
  readonly #start: WorldStart
  readonly #journal: StateJournal
  readonly #evm: NativeEvm
  readonly #feesWei = new Map<Address, bigint>()
  #vm: VM | undefined
  #number: bigint
  #seed = 0
  #block: Block

  constructor(
    start: WorldStart,
    modules: { readonly state: StateReader; readonly precompiles: readonly NativePrecompile[] },
  ) {
    this.#start = start
    this.#journal = new StateJournal(modules.state)
    this.#evm = openEvm({ genesisHash: start.genesisHash, precompiles: modules.precompiles }, this.#journal)
    rememberRules(this.#evm)
    this.#number = start.block.number
    this.#block = blockOf(start)
    this.#journal.checkpoint()
  }

  get blockNumber(): bigint {
    return this.#number
  }

  /** Back to the start, on a chain with the randomness of this seed. */
  restart(seed: number): void {
    while (this.#journal.depth > 0) this.#journal.revert()
    this.#clean()
    this.#journal.checkpoint()
    this.#feesWei.clear()
    this.#seed = seed
    this.#number = this.#start.block.number
    this.#block = blockOf(this.#start)
  }

  storage(account: Address, slot: bigint): bigint {
    return this.#journal.storage(account, bytesToHex(bigIntToBytes(slot, 32)))
  }

  /** The output of a view, or undefined when it reverts. */
  async view(to: Address, data: Uint8Array): Promise<Uint8Array | undefined> {
    const { status, output } = await this.#frame({ from: to, to, data, valueWei: 0n, isStatic: true })
    return status === 'ok' ? output : undefined
  }

  async run({ advance, from, way, node }: Step): Promise<Ended> {
    for (let block = 0; block < advance; block++) this.#nextBlock()
    const call = { from, to: node.to, data: inputOf(node), valueWei: node.valueWei }
    return way === 'transaction'
      ? this.#transaction(call)
      : this.#frame({ ...call, isStatic: way === 'static' })
  }

  /** All that differs from the start, by account. */
  changes(): ReadonlyMap<Address, ChangedAccount> {
    const { accounts, storage } = this.#journal.diff()
    const changed = new Map<Address, ChangedAccount>()
    for (const [address, record] of accounts) {
      const { nonce = 0n, balanceWei = 0n, codeHash = '0x' } = record ?? {}
      const feesWei = this.#feesWei.get(address) ?? 0n
      const slots = storage.get(address) ?? new Map<Hash, bigint>()
      changed.set(address, { nonce, balanceWei: balanceWei + feesWei, codeHash, slots })
    }
    return changed
  }

  #nextBlock(): void {
    this.#number += 1n
    const { stakingAddress, block } = this.#start
    const prevRandao = keccakHex(utf8ToBytes(`${this.#seed}/${this.#number}`))
    const slot = bytesToHex(bigIntToBytes(randaoSlot(this.#number), 32))
    this.#journal.setStorage(stakingAddress, slot, BigInt(prevRandao))
    const past = this.#number - block.number
    const timestamp = block.timestamp + past
    this.#block = blockOf({ block: { ...block, number: this.#number, timestamp, prevRandao } })
  }

  async #frame(call: {
    readonly from: Address
    readonly to: Address
    readonly data: Uint8Array
    readonly valueWei: bigint
    readonly isStatic: boolean
  }): Promise<Ended> {
    const { execResult } = await this.#whole(() =>
      this.#evm.runCall({
        block: this.#block,
        caller: createAddressFromString(call.from),
        to: createAddressFromString(call.to),
        data: call.data,
        value: call.valueWei,
        gasLimit: FRAME_GAS,
        isStatic: call.isStatic,
        skipNonceIncrement: true,
      }),
    )
    return endedOf(execResult)
  }

  async #transaction(call: {
    readonly from: Address
    readonly to: Address
    readonly data: Uint8Array
    readonly valueWei: bigint
  }): Promise<Ended> {
    const { common } = devnetSpec()
    const baseFeeWei = this.#block.header.baseFeePerGas ?? 0n
    const tx = createFeeMarket1559Tx(
      {
        chainId: common.chainId(),
        gasLimit: TRANSACTION_GAS,
        maxFeePerGas: baseFeeWei,
        to: createAddressFromString(call.to),
        data: call.data,
        value: call.valueWei,
      },
      { common, freeze: false },
    )
    const sender = createAddressFromString(call.from)
    tx.getSenderAddress = () => sender
    const { stateManager } = this.#evm
    this.#vm ??= await createVM({ common, stateManager, evm: this.#evm })
    const vm = this.#vm
    const { execResult, totalGasSpent } = await this.#whole(() =>
      runTx(vm, {
        tx,
        block: this.#block,
        skipNonce: true,
        skipBlockGasLimitValidation: true,
        skipHardForkValidation: true,
      }),
    )
    this.#feesWei.set(call.from, (this.#feesWei.get(call.from) ?? 0n) + totalGasSpent * baseFeeWei)
    return endedOf(execResult)
  }

  /** An exception that is no end of a call leaves nothing behind either. */
  async #whole<T>(work: () => Promise<T>): Promise<T> {
    const depth = this.#journal.depth
    this.#journal.beginTransaction()
    try {
      const result = await work()
      await this.#evm.journal.cleanup()
      return result
    } finally {
      while (this.#journal.depth > depth) this.#journal.revert()
      this.#clean()
    }
  }

  #clean(): void {
    this.#journal.beginTransaction()
    this.#evm.journal.cleanJournal()
    this.#evm.transientStorage.clear()
  }
}

/** The rules do not change here, and the interpreter asks for them several times at every opcode. */
function rememberRules({ common }: NativeEvm): void {
  const known = new Map<number, boolean>()
  const ask = common.isActivatedEIP.bind(common)
  common.isActivatedEIP = (eip) => {
    const before = known.get(eip)
    if (before !== undefined) return before
    const now = ask(eip)
    known.set(eip, now)
    return now
  }
}

function endedOf({ exceptionError, returnValue, logs = [] }: ExecResult): Ended {
  return {
    status: exceptionError?.error ?? 'ok',
    output: returnValue ?? EMPTY_BYTES,
    logs: logs.map(([address, topics, data]) => ({
      address: bytesToHex(address),
      topics: topics.map((topic) => bytesToHex(topic)),
      data,
    })),
  }
}
