import type { Block } from '@ethereumjs/block'
import type { TypedTransaction } from '@ethereumjs/tx'
import type { NativePrecompile } from '../../precompiles/host.ts'
import { predeploys } from '../chainspec/addresses.ts'
import type { ChainSpec } from '../chainspec/chainSpec.ts'
import { invariant, NodeError } from '../errors/errors.ts'
import type { Certificate } from '../ledger/certificate.ts'
import type { Log, Receipt } from '../ledger/receipt.ts'
import { bytesToHex, type Hash } from '../primitives/hex.ts'
import { EthereumjsStateManager } from '../state/ethereumjsStateManager.ts'
import { StateJournal } from '../state/stateJournal.ts'
import type { StateDiff, StateReader } from '../state/types.ts'
import type { Cancellation } from './cancellation.ts'
import type { StandardPrecompile } from './crypto/standardPrecompile.ts'
import { applyTransaction, type Machine, openMachine } from './evm/machine.ts'
import { ancestorHash, endEpoch, startBlock, storeHistory } from './systemCalls.ts'

const BASIS_POINTS = 10_000n

export interface BlockRunOptions {
  readonly spec: ChainSpec
  readonly genesisHash: Hash
  /** The block that runs; while it is being built only its header's inputs count. */
  readonly block: Block
  readonly parentCertificate: Certificate | null
  readonly precompiles: readonly NativePrecompile[]
  readonly standard: readonly StandardPrecompile[]
  /** Ends whatever runs with CANCELLED. */
  readonly signal?: Cancellation | undefined
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
  readonly #machine: Machine
  readonly #receipts: Receipt[] = []
  #gasUsed = 0n

  private constructor(options: BlockRunOptions, machine: Machine) {
    this.#options = options
    this.#machine = machine
  }

  static async open(options: BlockRunOptions, modules: { parentState: StateReader }): Promise<BlockRun> {
    const { spec, genesisHash, precompiles, standard, block, signal } = options
    const journal = new StateJournal(modules.parentState)
    const machine = await openMachine(
      {
        common: spec.common,
        genesisHash,
        precompiles,
        standard,
        signal,
        blockHashOf: (number) => ancestorHash(journal, number),
      },
      { state: new EthereumjsStateManager(journal) },
    )
    storeHistory(journal, block)
    await startBlock(machine.evm, block, options.parentCertificate)
    return new BlockRun(options, machine)
  }

  get gasUsed(): bigint {
    return this.#gasUsed
  }

  /** Gas that the block still has room for. */
  get gasLeft(): bigint {
    return this.#options.block.header.gasLimit - this.#gasUsed
  }

  /** Runs the next transaction. One that cannot be included throws TX_INVALID or TX_FAULT and leaves nothing behind. */
  async apply(tx: TypedTransaction): Promise<Receipt> {
    if (tx.gasLimit > this.gasLeft)
      throw new NodeError('TX_INVALID', 'The block has no room for the gas limit.')
    const { block } = this.#options
    const result = await applyTransaction(this.#machine, { tx, block, blockGasUsed: this.#gasUsed })
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
  }

  async finish(): Promise<BlockRunResult> {
    const { spec, block } = this.#options
    const { journal, evm } = this.#machine
    journal.beginTransaction()
    await endEpoch(evm, block, spec)
    this.#creditTreasury()
    return { receipts: this.#receipts, gasUsed: this.#gasUsed, diff: journal.diff() }
  }

  /** The treasury's part of the base fee, rounded down; the rest stays burnt. */
  #creditTreasury(): void {
    const { spec, block } = this.#options
    const shareBps = BigInt(spec.genesis.fees.treasuryShareBps)
    const amountWei = ((block.header.baseFeePerGas ?? 0n) * this.#gasUsed * shareBps) / BASIS_POINTS
    if (amountWei === 0n) return
    const { journal } = this.#machine
    const treasury = journal.account(predeploys.treasury)
    invariant(treasury !== undefined, 'The treasury is predeployed.')
    journal.setAccount(predeploys.treasury, {
      ...treasury,
      balanceWei: treasury.balanceWei + amountWei,
    })
  }
}

function toLog([address, topics, data]: [Uint8Array, Uint8Array[], Uint8Array]): Log {
  return { address: bytesToHex(address), topics: topics.map((topic) => bytesToHex(topic)), data }
}
