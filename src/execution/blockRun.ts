import type { Block } from '@ethereumjs/block'
import type { TypedTransaction } from '@ethereumjs/tx'
import { createVM, runTx, type VM } from '@ethereumjs/vm'
import type { NativePrecompile } from '../../precompiles/host.ts'
import { predeploys } from '../chainspec/addresses.ts'
import type { ChainSpec } from '../chainspec/chainSpec.ts'
import { invariant, messageOf, NodeError } from '../errors/errors.ts'
import type { Certificate } from '../ledger/certificate.ts'
import type { Log, Receipt } from '../ledger/receipt.ts'
import { bytesToHex, type Hash } from '../primitives/hex.ts'
import { EthereumjsStateManager } from '../state/ethereumjsStateManager.ts'
import { StateJournal } from '../state/stateJournal.ts'
import type { StateDiff, StateReader } from '../state/types.ts'
import { NativeEvm } from './evm/nativeEvm.ts'
import { ancestorHash, endEpoch, startBlock, storeHistory } from './systemCalls.ts'

const BASIS_POINTS = 10_000n

export interface BlockRunOptions {
  readonly spec: ChainSpec
  readonly genesisHash: Hash
  /** The block that runs; while it is being built only its header's inputs count. */
  readonly block: Block
  readonly parentCertificate: Certificate | null
  readonly precompiles: readonly NativePrecompile[]
}

export interface BlockRunResult {
  readonly receipts: readonly Receipt[]
  readonly gasUsed: bigint
  readonly diff: StateDiff
}

/**
 * One block's transition, the same for building and for validating: system calls, transactions one by one, then
 * the epoch's end and the treasury. A function of the parent state, the header and the transactions alone.
 */
export class BlockRun {
  readonly #options: BlockRunOptions
  readonly #journal: StateJournal
  readonly #evm: NativeEvm
  readonly #vm: VM
  readonly #receipts: Receipt[] = []
  #gasUsed = 0n

  private constructor(options: BlockRunOptions, journal: StateJournal, evm: NativeEvm, vm: VM) {
    this.#options = options
    this.#journal = journal
    this.#evm = evm
    this.#vm = vm
  }

  static async open(options: BlockRunOptions, modules: { parentState: StateReader }): Promise<BlockRun> {
    const { spec, genesisHash, precompiles, block } = options
    const journal = new StateJournal(modules.parentState)
    const state = new EthereumjsStateManager(journal)
    const evm = new NativeEvm(
      {
        common: spec.common,
        genesisHash,
        precompiles,
        blockHashOf: (number) => ancestorHash(journal, number),
      },
      { state },
    )
    const vm = await createVM({ common: spec.common, stateManager: state, evm })
    const run = new BlockRun(options, journal, evm, vm)
    storeHistory(journal, block)
    await startBlock(evm, block, options.parentCertificate)
    return run
  }

  get gasUsed(): bigint {
    return this.#gasUsed
  }

  /** Gas that the block still has room for. */
  get gasLeft(): bigint {
    return this.#options.block.header.gasLimit - this.#gasUsed
  }

  /**
   * Runs the next transaction. One that cannot be included (nonce, balance, gas) throws TX_INVALID and leaves
   * nothing behind; so does one that makes a precompile throw something that is no EVM error.
   */
  async apply(tx: TypedTransaction): Promise<Receipt> {
    if (tx.gasLimit > this.gasLeft)
      throw new NodeError('TX_INVALID', 'The block has no room for the gas limit.')
    this.#journal.beginTransaction()
    const depth = this.#journal.depth
    const { block } = this.#options
    try {
      const result = await runTx(this.#vm, {
        tx,
        block,
        blockGasUsed: this.#gasUsed,
        skipHardForkValidation: true,
      })
      this.#gasUsed += result.totalGasSpent
      const receipt: Receipt = {
        txType: tx.type,
        succeeded: result.execResult.exceptionError === undefined,
        cumulativeGasUsed: this.#gasUsed,
        logs: (result.execResult.logs ?? []).map(toLog),
        from: bytesToHex(tx.getSenderAddress().bytes),
      }
      this.#receipts.push(receipt)
      return receipt
    } catch (error) {
      // an exception that is no EVM error leaves the checkpoints of the frames that it came through
      while (this.#journal.depth > depth) this.#journal.revert()
      this.#evm.journal.cleanJournal()
      this.#evm.transientStorage.clear()
      throw new NodeError('TX_INVALID', messageOf(error), { hash: bytesToHex(tx.hash()) }, error)
    }
  }

  async finish(): Promise<BlockRunResult> {
    const { spec, block } = this.#options
    this.#journal.beginTransaction()
    await endEpoch(this.#evm, block, spec)
    this.#creditTreasury()
    return { receipts: this.#receipts, gasUsed: this.#gasUsed, diff: this.#journal.diff() }
  }

  /** The treasury's part of the base fee, rounded down; the rest stays burnt. */
  #creditTreasury(): void {
    const { spec, block } = this.#options
    const shareBps = BigInt(spec.genesis.fees.treasuryShareBps)
    const amountWei = ((block.header.baseFeePerGas ?? 0n) * this.#gasUsed * shareBps) / BASIS_POINTS
    if (amountWei === 0n) return
    const treasury = this.#journal.account(predeploys.treasury)
    invariant(treasury !== undefined, 'The treasury is predeployed.')
    this.#journal.setAccount(predeploys.treasury, {
      ...treasury,
      balanceWei: treasury.balanceWei + amountWei,
    })
  }
}

function toLog([address, topics, data]: [Uint8Array, Uint8Array[], Uint8Array]): Log {
  return { address: bytesToHex(address), topics: topics.map((topic) => bytesToHex(topic)), data }
}
