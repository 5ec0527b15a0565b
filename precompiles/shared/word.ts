/** Words of 32 bytes, big endian: four 64-bit parts, several times faster than by way of hex digits. */

const MASK = (1n << 64n) - 1n

/** `value` from 0 to 2^256 − 1. */
export function wordToBytes(value: bigint): Uint8Array {
  const bytes = new Uint8Array(32)
  const view = new DataView(bytes.buffer)
  if (value > MASK) {
    view.setBigUint64(0, value >> 192n)
    view.setBigUint64(8, (value >> 128n) & MASK)
    view.setBigUint64(16, (value >> 64n) & MASK)
  }
  view.setBigUint64(24, value & MASK)
  return bytes
}

/** The number in the first 32 bytes. */
export function bytesToWord(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 32)
  const high = (view.getBigUint64(0) << 64n) | view.getBigUint64(8)
  const low = (view.getBigUint64(16) << 64n) | view.getBigUint64(24)
  return high === 0n ? low : (high << 128n) | low
}
