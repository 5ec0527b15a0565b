import type { DataRecord, Hash } from 'openledger/sdk'
import { SeededStream } from 'openledger/sdk'

export type AccountKind = 'honest' | 'flipper' | 'copier'

export interface DemonstrationContribution {
  readonly account: string
  readonly kind: AccountKind
  readonly records: readonly DataRecord[]
  /** Place of the contribution that this one copies. */
  readonly copyOf?: number
}

/** What the demonstration plays through: contributions in commit order, and records that nobody contributed. */
export interface Demonstration {
  readonly contributions: readonly DemonstrationContribution[]
  readonly validation: readonly DataRecord[]
  readonly heldOut: readonly DataRecord[]
}

export interface DemonstrationOptions {
  readonly seed: Hash
  readonly records: number
  readonly contributions: number
  readonly honestAccounts: number
  /** Contributions of the account that flips labels, and of the one that copies. */
  readonly flipped: number
  readonly copied: number
  readonly validation: number
  readonly heldOut: number
  /** Most records of one class: the largest would else drown the others. */
  readonly perClass: number
}

export const DEMONSTRATION: Omit<DemonstrationOptions, 'seed'> = {
  records: 1000,
  contributions: 104,
  honestAccounts: 8,
  flipped: 10,
  copied: 10,
  validation: 150,
  heldOut: 300,
  perClass: 450,
}

const LEAST_RECORDS = 5
const MOST_RECORDS = 20
/** The copying account changes one word in this many. */
const WORDS_PER_EDIT = 20

/** Divides a data set by a seed: the same records, options and seed give the same demonstration. */
export function makeDemonstration(
  dataset: readonly DataRecord[],
  labels: readonly string[],
  options: DemonstrationOptions,
): Demonstration {
  const stream = new SeededStream(options.seed)
  // shuffled again, for the cap takes from the end only
  const pool = stream.shuffle(capped(stream.shuffle(dataset), options.perClass))
  const take = (count: number): DataRecord[] => {
    if (count > pool.length) throw new Error(`The data set is ${count - pool.length} records too small.`)
    return pool.splice(0, count)
  }
  const heldOut = take(options.heldOut)
  const validation = take(options.validation)
  const sizes = contributionSizes(options, stream)
  const kinds = stream.shuffle(
    sizes.map(
      (_, i): AccountKind =>
        i < options.flipped ? 'flipper' : i < options.flipped + options.copied ? 'copier' : 'honest',
    ),
  )
  // whoever copies needs somebody before: the first of each is honest
  kinds.sort((a, b) => Number(a === 'copier') - Number(b === 'copier'))
  const contributions: DemonstrationContribution[] = []
  for (const [place, size] of sizes.entries()) {
    const kind = kinds[place] ?? 'honest'
    contributions.push(contribution({ kind, size, contributions, take, labels, stream, options }))
  }
  return { contributions, validation, heldOut }
}

/** Gives every record another class. */
export function flipLabels(
  records: readonly DataRecord[],
  labels: readonly string[],
  stream: SeededStream,
): readonly DataRecord[] {
  return records.map((record) => {
    const others = labels.filter((label) => label !== record.label)
    return { ...record, label: others[stream.below(others.length)] ?? record.label }
  })
}

/** Copies records with about one word in twenty replaced by another word of the same records. */
export function copyWithEdits(records: readonly DataRecord[], stream: SeededStream): readonly DataRecord[] {
  const words = records.flatMap(({ text }) => text.split(' '))
  return records.map((record) => ({
    ...record,
    text: record.text
      .split(' ')
      .map((word) =>
        stream.below(WORDS_PER_EDIT) === 0 ? (words[stream.below(words.length)] ?? word) : word,
      )
      .join(' '),
  }))
}

function contribution(state: {
  kind: AccountKind
  size: number
  contributions: readonly DemonstrationContribution[]
  take: (count: number) => DataRecord[]
  labels: readonly string[]
  stream: SeededStream
  options: DemonstrationOptions
}): DemonstrationContribution {
  const { kind, size, contributions, take, labels, stream, options } = state
  switch (kind) {
    case 'honest': {
      // unequal accounts: the first has the most
      const account = Math.min(stream.below(options.honestAccounts), stream.below(options.honestAccounts))
      return { account: `honest-${account + 1}`, kind, records: take(size) }
    }
    case 'flipper':
      return { account: 'flipper', kind, records: flipLabels(take(size), labels, stream) }
    case 'copier': {
      const copied = new Set(contributions.map(({ copyOf }) => copyOf))
      const originals = contributions
        .map((original, place) => ({ original, place, distance: Math.abs(original.records.length - size) }))
        .filter(({ original, place }) => original.kind === 'honest' && !copied.has(place))
        .sort((a, b) => a.distance - b.distance || a.place - b.place)
      const nearest = originals[0]
      if (nearest === undefined) throw new Error('There is nothing to copy.')
      return {
        account: 'copier',
        kind,
        records: copyWithEdits(nearest.original.records, stream).slice(0, size),
        copyOf: nearest.place,
      }
    }
  }
}

/** Sizes from 5 to 20, small ones more often, that add up to the records wanted. */
function contributionSizes(options: DemonstrationOptions, stream: SeededStream): number[] {
  const span = MOST_RECORDS - LEAST_RECORDS + 1
  const sizes = Array.from(
    { length: options.contributions },
    () => LEAST_RECORDS + Math.min(stream.below(span), stream.below(span)),
  )
  if (options.records < LEAST_RECORDS * sizes.length || options.records > MOST_RECORDS * sizes.length) {
    throw new Error(`${sizes.length} contributions cannot hold ${options.records} records.`)
  }
  for (let missing = options.records - sizes.reduce((sum, size) => sum + size, 0); missing !== 0; ) {
    const place = stream.below(sizes.length)
    const size = (sizes[place] ?? 0) + Math.sign(missing)
    if (size < LEAST_RECORDS || size > MOST_RECORDS) continue
    sizes[place] = size
    missing -= Math.sign(missing)
  }
  return sizes
}

function capped(records: readonly DataRecord[], perClass: number): DataRecord[] {
  const counts = new Map<string, number>()
  return records.filter(({ label }) => {
    const count = (counts.get(label) ?? 0) + 1
    counts.set(label, count)
    return count <= perClass
  })
}
