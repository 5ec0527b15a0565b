import { invariant } from '../../src/errors/errors.ts'
import { ATTRIBUTION_ADDRESS } from '../addresses.ts'
import type { Member } from '../datanet/members.ts'
import { readBlob, writeBlob } from '../shared/blobs.ts'
import type { AttributionCall, WindowRef } from './call.ts'
import { tombstoneBlobs } from './layout.ts'
import type { WindowReading } from './windowReader.ts'

/** A window with the members that it pays. */
export interface PaidWindow {
  readonly adapterId: bigint
  readonly windowIndex: bigint
  readonly window: WindowRef
  readonly members: readonly Member[]
}

/** The same, for reading. */
export interface PaidWindowView extends Omit<PaidWindow, 'window'> {
  readonly window: Pick<WindowRef, 'get'>
}

/**
 * Places of the members that get nothing. What holds when the window's first member is paid is kept, because every pay
 * call divides the whole pot anew; until then it is what the registry says now.
 */
export function tombstonedPlaces(call: WindowReading, paid: PaidWindowView): ReadonlySet<number> {
  const { adapterId, windowIndex, window, members } = paid
  if (window.get('paidMembers') === 0) {
    const ids = call.datanets.tombstoned(members.map(({ contributionId }) => contributionId))
    if (ids.size === 0) return new Set()
    return new Set(members.flatMap(({ contributionId }, place) => (ids.has(contributionId) ? [place] : [])))
  }
  if (!window.get('tombstones')) return new Set()
  const bytes = readBlob(call.host, ATTRIBUTION_ADDRESS, tombstoneBlobs, adapterId, windowIndex)
  invariant(bytes !== undefined, `tombstones of window ${windowIndex} are kept`)
  return decodePlaces(bytes)
}

/** Keeps the places for the calls to come. */
export function keepTombstones(
  { host }: AttributionCall,
  { adapterId, windowIndex, window, members }: PaidWindow,
  places: ReadonlySet<number>,
): void {
  if (places.size === 0) return
  window.set('tombstones', true)
  writeBlob(host, tombstoneBlobs, encodePlaces(places, members.length), adapterId, windowIndex)
}

export function encodePlaces(places: ReadonlySet<number>, count: number): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(count / 8))
  for (const place of places) bytes[place >> 3] = (bytes[place >> 3] ?? 0) | (1 << (place & 7))
  return bytes
}

export function decodePlaces(bytes: Uint8Array): ReadonlySet<number> {
  const places = new Set<number>()
  for (let place = 0; place < bytes.length * 8; place++) {
    if ((((bytes[place >> 3] ?? 0) >> (place & 7)) & 1) === 1) places.add(place)
  }
  return places
}
