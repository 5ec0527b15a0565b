import { hasBit } from '../shared/bits.ts'
import { mappingSlot } from '../shared/layout.ts'
import type { DatanetCall } from './call.ts'

/** Contributions that one word of the bitmap tells about. */
export const TOMBSTONES_PER_WORD = 256n

export function tombstoneSlot({ store, registry }: DatanetCall, contributionId: bigint): bigint {
  return mappingSlot(store, registry.at('tombstones'), contributionId / TOMBSTONES_PER_WORD)
}

export function isTombstoned(call: DatanetCall, contributionId: bigint): boolean {
  const word = call.store.load(tombstoneSlot(call, contributionId))
  return hasBit(word, Number(contributionId % TOMBSTONES_PER_WORD))
}
