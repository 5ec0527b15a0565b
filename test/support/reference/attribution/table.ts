import { encodeAbiParameters, encodeFunctionData, keccak256 } from 'viem'
import { iProofOfAttributionAbi } from '../../../../contracts/generated/IProofOfAttribution.ts'
import { ATTRIBUTION_ADDRESS } from '../../../../precompiles/addresses.ts'
import { isOpen } from '../../../../precompiles/proofOfAttribution/layout.ts'
import { bpsOf, minimum } from '../../../../precompiles/shared/shares.ts'
import { type Address, type Hash, hexToBytes } from '../../../../src/primitives/hex.ts'
import type { Dice } from '../../callFuzzer.ts'
import type { RunningWorld } from '../runningWorld.ts'
import type { Move } from '../subject.ts'
import { TREES } from '../twinWorlds.ts'
import { type Committed, HOSTS, type Known, OWNER, REQUESTERS, SETTLER, STRANGER } from './people.ts'
import { AttributionScan } from './scan.ts'
import type { AttributionStart } from './start.ts'

/** Makes a move. */
export type Idea = () => Move

interface Options {
  readonly from?: Address
  readonly valueWei?: bigint
  readonly advance?: number
}

export const addressesOf = (accounts: readonly { readonly address: Address }[]): readonly Address[] =>
  accounts.map(({ address }) => address)
/** With money in deposits, or about to have some. */
export const PAYERS: readonly Address[] = [...addressesOf(REQUESTERS), ...TREES.slice(0, 1)]
/** Those whose calls matter little. */
export const SOME: readonly Address[] = [
  ...addressesOf([OWNER, SETTLER, STRANGER, ...HOSTS, ...REQUESTERS]),
  ...TREES.slice(0, 1),
]

const factsInputs = iProofOfAttributionAbi.find(
  (item) => item.type === 'function' && item.name === 'markWrong',
)

/** What finalize must be told of a receipt. */
export interface Facts {
  readonly receiptId: Hash
  readonly requester: Address
  readonly application: Address
  readonly settlerWei: bigint
  readonly queryRowHash: Hash
  readonly receiptHash: Hash
}

/** Values that settlers have been paid by. */
export interface SettlerRules {
  readonly settlementGas: bigint
  readonly settlerCapBps: number
}

/** What all moves of one sequence share: the state of the native world, and what was signed and committed so far. */
export class Table {
  readonly dice: Dice
  readonly start: AttributionStart
  readonly scan: AttributionScan
  readonly made: Known[]
  readonly committed: Committed[]
  readonly votes: Committed[]
  /** Adapters that this sequence is about. */
  readonly focus: readonly bigint[]
  readonly settlerRules: SettlerRules[]
  nonce = 0n
  /** In which values were governed last. */
  governedBlock = -1

  constructor(dice: Dice, start: AttributionStart, native: RunningWorld) {
    this.dice = dice
    this.start = start
    this.scan = new AttributionScan(native)
    this.made = [...start.receipts]
    this.committed = [...start.committed]
    this.votes = [...start.votes]
    this.settlerRules = [start.world.parameters]
    const [first = 1n] = start.adapterIds
    this.focus = [dice.below(3) > 0 ? first : dice.one(start.adapterIds), dice.one(start.adapterIds)]
  }

  call(method: string, args: readonly unknown[], options: Options = {}): Move {
    const data = encodeFunctionData({ abi: iProofOfAttributionAbi, functionName: method, args } as never)
    return { to: ATTRIBUTION_ADDRESS, data: hexToBytes(data), from: this.dice.one(SOME), ...options }
  }

  statusOf(receiptId: Hash): number {
    return this.scan.receipt(receiptId).status
  }

  withStatus(status: number): Known[] {
    return this.made.filter(({ receiptId }) => this.statusOf(receiptId) === status)
  }

  open(): Known[] {
    return this.made.filter(({ receiptId }) => isOpen(this.statusOf(receiptId)))
  }

  /** Open ones that are in their challenge window. */
  young(): Known[] {
    const { challengeWindowBlocks } = this.start.world.parameters
    return this.open().filter(
      ({ receiptId }) => this.scan.block() < this.settledBlock(receiptId) + challengeWindowBlocks,
    )
  }

  settledBlock(receiptId: Hash): number {
    return this.scan.batch(this.scan.receipt(receiptId).batchId).settledBlock
  }

  factsOf({ receiptId, receiptHash, queryRowHash, requester, application }: Known): Facts {
    const { feeWei, digest } = this.scan.receipt(receiptId)
    const { baseFeeWei } = this.start.world.chain
    const possible = this.settlerRules.map(({ settlementGas, settlerCapBps }) => {
      const settlerWei = minimum(baseFeeWei * settlementGas, bpsOf(feeWei, settlerCapBps))
      return { receiptId, requester, application, settlerWei, queryRowHash, receiptHash }
    })
    const first = { receiptId, requester, application, settlerWei: 0n, queryRowHash, receiptHash }
    return possible.find((facts) => digestOf(facts) === digest) ?? possible[0] ?? first
  }

  /** About half of the list, at least one. */
  some<T>(list: readonly T[], most: number): readonly T[] {
    const chosen = list.filter(() => this.dice.below(2) === 0).slice(0, most)
    return chosen.length > 0 || list.length === 0 ? chosen : [this.dice.one(list)]
  }

  rarely<T>(usual: T, ...others: readonly T[]): T {
    return this.dice.below(16) === 0 ? this.dice.one(others) : usual
  }

  /** Lets blocks pass until this one, most of the time; not where that is long. */
  until(block: number): { readonly advance: number } | Record<string, never> {
    const wait = block - this.scan.block()
    return wait > 0 && wait < 60 && this.dice.below(4) > 0 ? { advance: wait } : {}
  }
}

function digestOf(facts: Facts): Hash {
  return keccak256(encodeAbiParameters(factsInputs?.inputs as never, [facts] as never))
}
