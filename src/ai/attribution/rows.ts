import { invariant, NodeError } from '../../errors/errors.ts'
import { concatBytes } from '../../primitives/bytes.ts'
import { bytesToHex, type Hash } from '../../primitives/hex.ts'
import { keccak256 } from '../../primitives/keccak.ts'

/** The row of a contribution as the chain stores it: coordinate i stands for scale · values[i] · 2⁻³². */
export interface AttributionRow {
  /** uint32; 0 for a row of zeros. */
  readonly scale: number
  readonly values: Int8Array
}

const INT8_MAX = 127
/** A row has at least one value of this size, so that it has one form only. */
const LEAST_PEAK = 64
const UNITS = 2 ** 32
const SCALE_MAX = 2 ** 32 - 1
const SCALE_BYTES = 4
/**
 * int8 steps in one standard deviation of a query's coordinate. Coordinates of a feature are close to normal with
 * deviation 1/√k, so 127 steps are 5.08 deviations: nothing of note is cut off. One scale for all queries, because
 * the chain adds them up.
 */
const QUERY_STEPS = 25

/**
 * Rounds M·Σφ of a contribution to int8 with a scale of its own, so that a row of one record and a row of a thousand
 * are equally sharp. For n records the vector is at most √(αn)/2 long (α = 2: 0.71·√n), so scales fit 32 bits
 * for any contribution below 32,000 records.
 */
export function quantizeRow(vector: Float64Array): AttributionRow {
  const peak = vector.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0)
  if (!Number.isFinite(peak)) throw new NodeError('BAD_DATASET', 'A row holds numbers that are not finite.')
  const scale = Math.max(1, Math.round((peak * UNITS) / INT8_MAX))
  if (scale > SCALE_MAX)
    throw new NodeError('LIMIT_EXCEEDED', 'A row is too long for its 32-bit scale.', { peak })
  const values = Int8Array.from(vector, (value) => clampInt8((value * UNITS) / scale))
  const tooSmall = values.every((value) => Math.abs(value) < LEAST_PEAK)
  return tooSmall ? { scale: 0, values: new Int8Array(vector.length) } : { scale, values }
}

/** The query row of a receipt: int8 of the feature of its input and returned answer. */
export function quantizeQuery(feature: Float64Array): Int8Array {
  const steps = QUERY_STEPS * Math.sqrt(feature.length)
  return Int8Array.from(feature, (value) => clampInt8(value * steps))
}

/** The scale, big endian, then one byte a coordinate. */
export function encodeRow(row: AttributionRow): Uint8Array {
  const bytes = new Uint8Array(SCALE_BYTES + row.values.length)
  new DataView(bytes.buffer).setUint32(0, row.scale)
  bytes.set(new Uint8Array(row.values.buffer, row.values.byteOffset, row.values.length), SCALE_BYTES)
  return bytes
}

export function decodeRow(bytes: Uint8Array, k: number): AttributionRow {
  if (bytes.length !== SCALE_BYTES + k) {
    throw new NodeError('BAD_ENCODING', `A row has ${SCALE_BYTES + k} bytes, not ${bytes.length}.`)
  }
  const scale = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
  return { scale, values: Int8Array.from(new Int8Array(bytes.buffer, bytes.byteOffset + SCALE_BYTES, k)) }
}

/** The Merkle tree hash of RFC 6962, section 2.1, with keccak256, over the rows' bytes in order. */
export function rowsRoot(rows: readonly AttributionRow[]): Hash {
  return bytesToHex(merkleTreeHash(rows.map(encodeRow)))
}

function merkleTreeHash(leaves: readonly Uint8Array[]): Uint8Array {
  const [first] = leaves
  if (first === undefined) return keccak256(new Uint8Array(0))
  if (leaves.length === 1) return keccak256(concatBytes(Uint8Array.of(0), first))
  // the largest power of two below the number of leaves
  const left = 2 ** Math.floor(Math.log2(leaves.length - 1))
  invariant(left >= 1 && left < leaves.length, 'both halves have leaves')
  const halves = [merkleTreeHash(leaves.slice(0, left)), merkleTreeHash(leaves.slice(left))]
  return keccak256(concatBytes(Uint8Array.of(1), ...halves))
}

/** To the nearest integer, halves up, from −127 to 127. */
function clampInt8(value: number): number {
  return Math.max(-INT8_MAX, Math.min(INT8_MAX, Math.floor(value + 0.5)))
}
