import { invariant } from '../../src/errors/errors.ts'

/** Blobs of integers, big endian, and the exact arithmetic on them, without any state. */

export function encodeInt32s(values: Int32Array): Uint8Array {
  const bytes = new Uint8Array(values.length * 4)
  const view = new DataView(bytes.buffer)
  values.forEach((value, index) => {
    view.setInt32(index * 4, value)
  })
  return bytes
}

export function encodeInt16s(values: Int16Array): Uint8Array {
  const bytes = new Uint8Array(values.length * 2)
  const view = new DataView(bytes.buffer)
  values.forEach((value, index) => {
    view.setInt16(index * 2, value)
  })
  return bytes
}

export function decodeInt16s(bytes: Uint8Array): Int16Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return Int16Array.from({ length: bytes.length / 2 }, (_, index) => view.getInt16(index * 2))
}

export const SCORE_BYTES = 16

export function encodeScores(scores: readonly bigint[]): Uint8Array {
  const bytes = new Uint8Array(scores.length * SCORE_BYTES)
  const view = new DataView(bytes.buffer)
  scores.forEach((score, index) => {
    invariant(BigInt.asIntN(128, score) === score, 'a score fits int128')
    view.setBigInt64(index * SCORE_BYTES, score >> 64n)
    view.setBigUint64(index * SCORE_BYTES + 8, BigInt.asUintN(64, score))
  })
  return bytes
}

export function decodeScores(bytes: Uint8Array): readonly bigint[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return Array.from({ length: bytes.length / SCORE_BYTES }, (_, index) => {
    const at = index * SCORE_BYTES
    return (view.getBigInt64(at) << 64n) | view.getBigUint64(at + 8)
  })
}

/** sum += weight · row. Every sum of a window stays inside int32: weights and receipts are bounded. */
export function addWeighted(sum: Int32Array, row: Int8Array, weight: number): void {
  for (let index = 0; index < sum.length; index++) {
    sum[index] = (sum[index] ?? 0) + weight * (row[index] ?? 0)
  }
}

/** sum += the int32 values of a batch's blob. */
export function addEncodedSum(sum: Int32Array, bytes: Uint8Array): void {
  invariant(bytes.length === sum.length * 4, 'a sum has one int32 for each coordinate')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  for (let index = 0; index < sum.length; index++) {
    sum[index] = (sum[index] ?? 0) + view.getInt32(index * 4)
  }
}

export interface WeightedRow {
  readonly weight: number
  readonly row: Int8Array
}

/** Rows to take out: uint16 weight ‖ k int8, one after the other. */
export function encodeCorrections(rows: readonly WeightedRow[]): Uint8Array {
  const size = 2 + (rows[0]?.row.length ?? 0)
  const bytes = new Uint8Array(rows.length * size)
  const view = new DataView(bytes.buffer)
  rows.forEach(({ weight, row }, index) => {
    view.setUint16(index * size, weight)
    new Int8Array(bytes.buffer, index * size + 2, row.length).set(row)
  })
  return bytes
}

export function subtractCorrections(sum: Int32Array, bytes: Uint8Array): void {
  const size = 2 + sum.length
  invariant(bytes.length % size === 0, 'corrections are whole rows')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  for (let at = 0; at < bytes.length; at += size) {
    addWeighted(sum, new Int8Array(bytes.buffer, bytes.byteOffset + at + 2, sum.length), -view.getUint16(at))
  }
}

/** Shifts right, towards −∞, by the least number of bits after which every value fits int16. */
export function shiftToInt16(sum: Int32Array): { readonly query: Int16Array; readonly shift: number } {
  const fits = (shift: number) => sum.every((value) => value >> shift <= 0x7fff && value >> shift >= -0x8000)
  let shift = 0
  while (!fits(shift)) shift += 1
  return { query: Int16Array.from(sum, (value) => value >> shift), shift }
}

/** Σ query_i · row_i: below 2^45 for 4,096 coordinates, so exact in a number. */
export function dot(query: Int16Array | Int8Array, row: Int8Array): number {
  let total = 0
  // 256 products of int16 and int8 stay below 2^31, so that the inner loop is integer arithmetic
  for (let block = 0; block < query.length; block += 256) {
    const end = Math.min(block + 256, query.length)
    let partial = 0
    for (let index = block; index < end; index++) {
      partial = (partial + (query[index] ?? 0) * (row[index] ?? 0)) | 0
    }
    total += partial
  }
  return total
}
