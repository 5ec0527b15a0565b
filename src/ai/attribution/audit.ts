import { invariant, NodeError } from '../../errors/errors.ts'
import { bytesToHex, type Hash, hexToBytes } from '../../primitives/hex.ts'
import type { Projection } from './projection.ts'
import type { AttributionRow } from './rows.ts'

/**
 * What an auditor's own query row says of a host's: `ok` within the tolerance, `refund` within ten times of it (no
 * proof of bad faith, but no pay), `slash` beyond.
 */
export type RowVerdict = 'ok' | 'refund' | 'slash'

/** Of 512 coordinates this many may differ, each by one step. */
const TOLERATED_PER_512 = 4
const REFUND_FACTOR = 10
/** Scales of one row may differ by one part in this many. */
const SCALE_PARTS = 10_000
const DIGEST_BITS = 256
/** Bits in which the digests of two honest auditors may differ. */
export const DIGEST_TOLERANCE_BITS = 4

/** Compares two query rows of one receipt; both have k coordinates. Symmetric. */
export function compareQueryRows(a: Int8Array, b: Int8Array): RowVerdict {
  if (a.length !== b.length)
    throw new NodeError('BAD_RECEIPT', `Rows of ${a.length} and ${b.length} coordinates.`)
  let differing = 0
  let largest = 0
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs((a[i] ?? 0) - (b[i] ?? 0))
    if (difference > 0) differing += 1
    largest = Math.max(largest, difference)
  }
  const tolerated = Math.floor((TOLERATED_PER_512 * a.length) / 512)
  if (differing <= tolerated && largest <= 1) return 'ok'
  return differing <= REFUND_FACTOR * tolerated && largest <= REFUND_FACTOR ? 'refund' : 'slash'
}

/**
 * Whether a published row is the one that an auditor made again: scales within one part in 10,000, and values as
 * query rows within the tolerance. The fold is exact arithmetic on features, so rows differ no more than those do.
 */
export function rowsMatch(published: AttributionRow, own: AttributionRow): boolean {
  const difference = Math.abs(published.scale - own.scale)
  if (difference > 1 && difference * SCALE_PARTS > Math.max(published.scale, own.scale)) return false
  return compareQueryRows(published.values, own.values) === 'ok'
}

/**
 * Proof that an auditor held the gradient: the signs of its feature under a second seed, drawn after settlement.
 *
 * A hash of rounded numbers would not do: honest machines differ in the last float bits, so one coordinate near a
 * rounding border would change the whole hash. Signs change only where a coordinate is nearly zero. With a relative
 * error of 10⁻⁵ (a hundred times what was seen) a bit flips with chance 10⁻⁵ and more than four of 256 with less than
 * 10⁻¹⁴, while a guess matches within four bits with chance below 10⁻⁶⁸, and a gradient at an angle θ to the true one
 * differs in about 256·θ/π bits. The chain compares by counting bits; commit and reveal keep auditors from copying.
 *
 * Bit i of the digest (byte ⌊i/8⌋, least significant first) is 1 when coordinate i of φ is positive.
 */
export function auditDigest(gradient: Float32Array, projection: Projection): Hash {
  invariant(projection.k === DIGEST_BITS, `a digest has ${DIGEST_BITS} bits`)
  const digest = new Uint8Array(DIGEST_BITS / 8)
  projection.feature(gradient).forEach((value, i) => {
    if (value > 0) digest[i >> 3] = (digest[i >> 3] ?? 0) | (1 << (i & 7))
  })
  return bytesToHex(digest)
}

/** Columns of the projection that a digest is made with. */
export const AUDIT_DIGEST_K = DIGEST_BITS

export function digestsAgree(a: Hash, b: Hash): boolean {
  return digestDistance(a, b) <= DIGEST_TOLERANCE_BITS
}

/** Bits in which two digests differ. */
export function digestDistance(a: Hash, b: Hash): number {
  const left = hexToBytes(a)
  const right = hexToBytes(b)
  if (left.length !== right.length) throw new NodeError('BAD_RECEIPT', 'Digests of different lengths.')
  let bits = 0
  for (let i = 0; i < left.length; i++) {
    for (let rest = (left[i] ?? 0) ^ (right[i] ?? 0); rest > 0; rest >>= 1) bits += rest & 1
  }
  return bits
}
