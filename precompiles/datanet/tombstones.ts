import { hasBit, withBit } from '../shared/bits.ts'
import type { SlotReader } from '../shared/store.ts'
import type { DatanetCall } from './call.ts'
import type { DatanetSlots } from './layout.ts'

/** Contributions that one word of the bitmap tells about. */
const PER_WORD = 256n

const bitOf = (contributionId: bigint) => Number(contributionId % PER_WORD)

export function isTombstoned({ store, slots }: DatanetCall, contributionId: bigint): boolean {
  return hasBit(store.load(slots.tombstones(contributionId / PER_WORD)), bitOf(contributionId))
}

export function setTombstone({ store, slots }: DatanetCall, contributionId: bigint): void {
  const slot = slots.tombstones(contributionId / PER_WORD)
  store.save(slot, withBit(store.load(slot), bitOf(contributionId)))
}

/** Those of the contributions that are tombstoned; each word of the bitmap is read once. */
export function tombstonedAmong(
  reader: SlotReader,
  slots: DatanetSlots,
  contributionIds: readonly bigint[],
): ReadonlySet<bigint> {
  const words = new Map<bigint, bigint>()
  const found = new Set<bigint>()
  for (const contributionId of contributionIds) {
    const index = contributionId / PER_WORD
    const word = words.get(index) ?? reader.load(slots.tombstones(index))
    words.set(index, word)
    if (hasBit(word, bitOf(contributionId))) found.add(contributionId)
  }
  return found
}
