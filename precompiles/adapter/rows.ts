import { bounds } from '../bounds.ts'

/**
 * Attribution rows as bytes, without any state. A row is uint32 scale, big endian, and k int8; coordinate i stands for
 * scale · int8[i] · 2^−32.
 */
export const SCALE_BYTES = 4
/** A row that is not zero uses at least half of the int8 range, so that no other scale could stand for it as well. */
export const LARGEST_AT_LEAST = 64

export function rowBytes(k: number): number {
  return SCALE_BYTES + k
}

/** Rows of a whole chunk. */
export function rowsPerChunk(k: number): number {
  return Math.floor(bounds.blobBytes / rowBytes(k))
}

export interface Row {
  readonly scale: number
  readonly values: Int8Array
}

/** Row `index` of a chunk; the values are a view of its bytes. */
export function rowAt(chunk: Uint8Array, k: number, index: number): Row {
  const at = chunk.byteOffset + index * rowBytes(k)
  return {
    scale: new DataView(chunk.buffer, at, SCALE_BYTES).getUint32(0),
    values: new Int8Array(chunk.buffer, at + SCALE_BYTES, k),
  }
}

/** Whether a row has its one form and its norm is possible for `recordCount` records. */
export function isValidRow({ scale, values }: Row, recordCount: number, normPerRecord: bigint): boolean {
  const shape = measure(values)
  if (shape === undefined) return false
  if (shape.largest === 0 || scale === 0) return shape.largest === 0 && scale === 0
  if (shape.largest < LARGEST_AT_LEAST) return false
  const norm = BigInt(scale) * BigInt(scale) * BigInt(shape.squares)
  const most = BigInt(recordCount) * normPerRecord
  return norm <= most * most
}

export interface Shape {
  readonly largest: number
  /** Σ value². */
  readonly squares: number
}

/** Size of an int8 vector; undefined when it has a −128, which has no counterpart. */
export function measure(values: Int8Array): Shape | undefined {
  let largest = 0
  let squares = 0
  for (const value of values) {
    if (value === -128) return undefined
    largest = Math.max(largest, Math.abs(value))
    squares += value * value
  }
  return { largest, squares }
}
