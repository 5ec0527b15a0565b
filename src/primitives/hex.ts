import { NodeError } from '../errors/errors.ts'

/** `0x` and an even number of hex digits, unless it is a quantity. Inside the node always lower case. */
export type Hex = `0x${string}`
/** 20 bytes, lower case. */
export type Address = Hex
/** 32 bytes, lower case. */
export type Hash = Hex

export const ZERO_HASH: Hash = `0x${'00'.repeat(32)}`
export const ZERO_ADDRESS: Address = `0x${'00'.repeat(20)}`

const HEX_BYTES = /^0x(?:[0-9a-fA-F]{2})*$/

export function isHexBytes(value: string, length?: number): value is Hex {
  return HEX_BYTES.test(value) && (length === undefined || value.length === 2 + 2 * length)
}

export function bytesToHex(bytes: Uint8Array): Hex {
  return `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`
}

const NO_DIGIT = 0xff
/** The value of each hex digit by its character code. */
const DIGITS = Uint8Array.from({ length: 128 }, (_, code) => {
  const value = '0123456789abcdef'.indexOf(String.fromCharCode(code).toLowerCase())
  return value < 0 ? NO_DIGIT : value
})

function badHex(): NodeError {
  return new NodeError('BAD_HEX', 'Expected 0x and an even number of hex digits.')
}

/** Bytes of `0x…` with an even number of digits. */
export function hexToBytes(hex: string): Uint8Array {
  if (hex.length % 2 !== 0 || !hex.startsWith('0x')) throw badHex()
  const bytes = new Uint8Array(hex.length / 2 - 1)
  for (let at = 0; at < bytes.length; at++) {
    const high = DIGITS[hex.charCodeAt(2 * at + 2)] ?? NO_DIGIT
    const low = DIGITS[hex.charCodeAt(2 * at + 3)] ?? NO_DIGIT
    if (high === NO_DIGIT || low === NO_DIGIT) throw badHex()
    bytes[at] = high * 16 + low
  }
  return bytes
}

/** An address or a hash in any case, made lower case; `length` in bytes. */
export function normalizeHex(hex: string, length: number): Hex {
  if (!isHexBytes(hex, length)) throw new NodeError('BAD_HEX', `Expected ${length} bytes of hex.`)
  return hex.toLowerCase() as Hex
}

export const toAddress = (hex: string): Address => normalizeHex(hex, 20)
export const toHash = (hex: string): Hash => normalizeHex(hex, 32)
