/**
 * Near-duplicates by MinHash, without any state. A signature is 128 values of 32 bits, big endian; the share of equal
 * values estimates the Jaccard similarity of the shingle sets (Broder 1997). The index has 18 bands of 7 values: a pair
 * with similarity s shares a band with probability 1 − (1 − s^7)^18.
 */
export const SIGNATURE_VALUES = 128
export const SIGNATURE_BYTES = SIGNATURE_VALUES * 4
export const BANDS = 18
export const BAND_BYTES = 7 * 4
/** Values that a near-duplicate has in common with a leader, at least: similarity of about 0.8. */
export const NEAR_DUPLICATE_EQUAL = 103
/** Leaders that one bucket of the index holds: it bounds the comparisons of an ordering to 288. */
export const LEADERS_PER_BUCKET = 16
export const FULL_NOVELTY_BPS = 10_000

/** How many of the 128 values are equal. */
export function equalValues(a: Uint8Array, b: Uint8Array): number {
  const left = new DataView(a.buffer, a.byteOffset, SIGNATURE_BYTES)
  const right = new DataView(b.buffer, b.byteOffset, SIGNATURE_BYTES)
  let equal = 0
  for (let at = 0; at < SIGNATURE_BYTES; at += 4) if (left.getUint32(at) === right.getUint32(at)) equal++
  return equal
}

/** The part of a member that its leader does not have, in basis points. */
export function noveltyBps(equal: number): number {
  return Math.floor(((SIGNATURE_VALUES - equal) * FULL_NOVELTY_BPS) / SIGNATURE_VALUES)
}

/** The bytes of each band, in order. */
export function bandsOf(signature: Uint8Array): readonly Uint8Array[] {
  return Array.from({ length: BANDS }, (_, band) =>
    signature.subarray(band * BAND_BYTES, (band + 1) * BAND_BYTES),
  )
}

export interface Leader {
  readonly id: bigint
  readonly signature: Uint8Array
}

export interface Placement {
  /** Undefined when the contribution leads a cluster of its own. */
  readonly leaderId: bigint | undefined
  readonly noveltyBps: number
}

/** Joins the first leader, by id, that is near enough. `leaders` are asked for in that order and no further. */
export function placeInCluster(signature: Uint8Array, leaders: Iterable<Leader>): Placement {
  for (const { id, signature: other } of leaders) {
    const equal = equalValues(signature, other)
    if (equal >= NEAR_DUPLICATE_EQUAL) return { leaderId: id, noveltyBps: noveltyBps(equal) }
  }
  return { leaderId: undefined, noveltyBps: FULL_NOVELTY_BPS }
}
