import { bounds } from '../bounds.ts'
import type { PrecompileParameters, SplitBps } from '../parameters.ts'
import { namespaceSlot, StructView, struct } from './layout.ts'
import type { SlotReader, Store } from './store.ts'

/** Governed values that settling, and opening and closing windows, read. */
export type SettlingRules = Pick<
  PrecompileParameters,
  'settlementGas' | 'settlerCapBps' | 'windowReceipts' | 'windowAgeBlocks' | 'closerCapBps'
>

/** Governed values that draws and the ends of receipts read. */
export type EndingRules = Pick<
  PrecompileParameters,
  'split' | 'finalizerCapBps' | 'auditorPayBps' | 'auditRateBps' | 'hostSlashBps'
>

/** What governance may change of the parameters that genesis gives. */
export type GovernedRules = SettlingRules & EndingRules

export const settlingLayout = struct({
  /** First block in which the values hold; zero for those of genesis, and then the rest is zero too. */
  fromBlock: 'uint40',
  settlementGas: 'uint32',
  settlerCapBps: 'uint16',
  windowReceipts: 'uint16',
  windowAgeBlocks: 'uint32',
  closerCapBps: 'uint16',
})

export const endingLayout = struct({
  fromBlock: 'uint40',
  contributorsBps: 'uint16',
  ownerBps: 'uint16',
  hostBps: 'uint16',
  stakersBps: 'uint16',
  applicationBps: 'uint16',
  treasuryBps: 'uint16',
  finalizerCapBps: 'uint16',
  auditorPayBps: 'uint16',
  auditRateBps: 'uint16',
  hostSlashBps: 'uint16',
})

/**
 * One slot for each half, and one for what held before it, in the order newest settling, newest ending, earlier settling,
 * earlier ending. A call reads one cold slot, and the earlier one only in the block in which governance has spoken.
 */
export const GOVERNED_SLOT = namespaceSlot('openledger.storage.Governed')
const EARLIER = 2n
const HALVES = [
  { at: GOVERNED_SLOT, layout: settlingLayout },
  { at: GOVERNED_SLOT + 1n, layout: endingLayout },
] as const

/** Governed values as of one block. */
export class Governed {
  readonly #reader: SlotReader
  readonly #genesis: GovernedRules
  readonly #block: number
  #settling: SettlingRules | undefined
  #ending: EndingRules | undefined

  constructor(reader: SlotReader, genesis: GovernedRules, block: bigint) {
    this.#reader = reader
    this.#genesis = genesis
    this.#block = Number(block)
  }

  settling(): SettlingRules {
    this.#settling ??= this.#settlingAt(this.#slotInForce(0))
    return this.#settling
  }

  ending(): EndingRules {
    this.#ending ??= this.#endingAt(this.#slotInForce(1))
    return this.#ending
  }

  /** What holds now, what holds from the next block on, and which block that is, or zero when nothing changes. */
  schedule(): {
    readonly current: GovernedRules
    readonly next: GovernedRules
    readonly nextFromBlock: number
  } {
    const fromBlock = new StructView(this.#reader, settlingLayout, GOVERNED_SLOT).get('fromBlock')
    return {
      current: { ...this.settling(), ...this.ending() },
      next: { ...this.#settlingAt(GOVERNED_SLOT), ...this.#endingAt(GOVERNED_SLOT + 1n) },
      nextFromBlock: fromBlock > this.#block ? fromBlock : 0,
    }
  }

  /** Has values hold from the next block on, in place of any that were set in this one. Returns that block. */
  set(store: Store, rules: GovernedRules): number {
    const fromBlock = this.#block + 1
    const { split, settlementGas, ...rest } = rules
    const values: Record<string, number> = {
      ...rest,
      fromBlock,
      settlementGas: Number(settlementGas),
      contributorsBps: split.contributors,
      ownerBps: split.owner,
      hostBps: split.host,
      stakersBps: split.stakers,
      applicationBps: split.application,
      treasuryBps: split.treasury,
    }
    HALVES.forEach(({ at, layout }, half) => {
      store.save(at + EARLIER, store.load(this.#slotInForce(half)))
      store.save(at, packed(layout.places, values))
    })
    return fromBlock
  }

  #slotInForce(half: number): bigint {
    const at = GOVERNED_SLOT + BigInt(half)
    // both halves have the block in the same place
    const fromBlock = new StructView(this.#reader, settlingLayout, at).get('fromBlock')
    return fromBlock <= this.#block ? at : at + EARLIER
  }

  #settlingAt(slot: bigint): SettlingRules {
    const { fromBlock, settlementGas, ...rest } = new StructView(this.#reader, settlingLayout, slot).values()
    return fromBlock === 0 ? this.#genesis : { ...rest, settlementGas: BigInt(settlementGas) }
  }

  #endingAt(slot: bigint): EndingRules {
    const values = new StructView(this.#reader, endingLayout, slot).values()
    if (values.fromBlock === 0) return this.#genesis
    const split: SplitBps = {
      contributors: values.contributorsBps,
      owner: values.ownerBps,
      host: values.hostBps,
      stakers: values.stakersBps,
      application: values.applicationBps,
      treasury: values.treasuryBps,
    }
    const { finalizerCapBps, auditorPayBps, auditRateBps, hostSlashBps } = values
    return { split, finalizerCapBps, auditorPayBps, auditRateBps, hostSlashBps }
  }
}

function packed(
  places: Readonly<Record<string, { readonly offset: bigint }>>,
  values: Readonly<Record<string, number>>,
): bigint {
  return Object.entries(places).reduce(
    (word, [name, { offset }]) => word | (BigInt(values[name] ?? 0) << offset),
    0n,
  )
}

/** Fields in the order of the interface's struct, which errors name by their place in it. */
const FIELDS = [
  'contributors',
  'owner',
  'host',
  'stakers',
  'application',
  'treasury',
  'settlerCapBps',
  'finalizerCapBps',
  'auditorPayBps',
  'auditRateBps',
  'closerCapBps',
  'hostSlashBps',
  'windowReceipts',
  'windowAgeBlocks',
  'settlementGas',
] as const

/** The place of the first field that is out of its hard bounds; undefined when all are within. */
export function outOfBounds(rules: GovernedRules): number | undefined {
  const { split } = rules
  const total = Object.values<number>({ ...split }).reduce((sum, bps) => sum + bps, 0)
  const within = (value: number, least: number, most: number) => value >= least && value <= most
  const { windowReceipts, receiptsPerCall, windowAge, settlementGas } = bounds
  const holds: Partial<Record<(typeof FIELDS)[number], boolean>> = {
    contributors: within(split.contributors, bounds.contributorsBps, 10_000),
    treasury: total === 10_000,
    settlerCapBps: within(rules.settlerCapBps, 0, bounds.settlerCapBps),
    finalizerCapBps: within(rules.finalizerCapBps, 0, 10_000),
    auditorPayBps: within(rules.auditorPayBps + rules.finalizerCapBps, 0, 10_000),
    auditRateBps: within(rules.auditRateBps, bounds.auditRateBps, 10_000),
    closerCapBps: within(rules.closerCapBps, 0, bounds.closerCapBps),
    hostSlashBps: within(rules.hostSlashBps, 0, 10_000),
    windowReceipts: within(rules.windowReceipts, 1, windowReceipts - receiptsPerCall),
    windowAgeBlocks: within(rules.windowAgeBlocks, 1, windowAge),
    settlementGas: within(Number(rules.settlementGas), settlementGas.least, settlementGas.most),
  }
  const place = FIELDS.findIndex((field) => holds[field] === false)
  return place < 0 ? undefined : place
}
