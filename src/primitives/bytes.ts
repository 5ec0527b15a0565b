import { NodeError } from '../errors/errors.ts'

export const EMPTY_BYTES: Uint8Array = new Uint8Array(0)

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const joined = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0
}

/** Lexicographic order. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b)
}

export function utf8ToBytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** Text of valid UTF-8; anything else is refused. */
export function bytesToUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw new NodeError('BAD_ENCODING', 'The bytes are not valid UTF-8.', {}, error)
  }
}

export function bytesToBigInt(bytes: Uint8Array): bigint {
  if (bytes.length === 0) return 0n
  return BigInt(`0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`)
}

/** Big endian, left-padded with zeros to `length` bytes; a value that does not fit is refused. */
export function bigIntToBytes(value: bigint, length: number): Uint8Array {
  const digits = value.toString(16)
  if (value < 0n || digits.length > length * 2) {
    throw new NodeError('BAD_ENCODING', `The value does not fit ${length} bytes.`)
  }
  return Uint8Array.from(Buffer.from(digits.padStart(length * 2, '0'), 'hex'))
}

/** Big endian without leading zero bytes; zero is the empty string of bytes (as RLP wants integers). */
export function bigIntToMinimalBytes(value: bigint): Uint8Array {
  if (value === 0n) return EMPTY_BYTES
  const digits = value.toString(16)
  return bigIntToBytes(value, Math.ceil(digits.length / 2))
}
