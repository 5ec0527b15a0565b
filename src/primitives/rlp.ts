import { RLP } from '@ethereumjs/rlp'
import { NodeError } from '../errors/errors.ts'
import { bigIntToMinimalBytes, bytesToBigInt } from './bytes.ts'
import { type Address, bytesToHex, type Hash, type Hex, hexToBytes } from './hex.ts'

export type RlpItem = Uint8Array | RlpItem[]

export function encodeRlp(item: RlpItem): Uint8Array {
  return RLP.encode(item as Parameters<typeof RLP.encode>[0])
}

/** One whole RLP item: canonical, nothing after it, `maxBytes` at most. */
export function decodeRlp(bytes: Uint8Array, maxBytes: number): RlpItem {
  if (bytes.length > maxBytes) {
    throw new NodeError('LIMIT_EXCEEDED', `RLP of ${bytes.length} bytes; at most ${maxBytes} are taken.`)
  }
  try {
    return RLP.decode(bytes) as RlpItem
  } catch (error) {
    throw new NodeError('BAD_RLP', 'Malformed RLP.', {}, error)
  }
}

export function asList(item: RlpItem | undefined, length?: number): RlpItem[] {
  if (!Array.isArray(item) || (length !== undefined && item.length !== length)) {
    throw new NodeError('BAD_RLP', `Expected a list${length === undefined ? '' : ` of ${length}`}.`)
  }
  return item
}

export function asBytes(item: RlpItem | undefined, length?: number): Uint8Array {
  if (!(item instanceof Uint8Array) || (length !== undefined && item.length !== length)) {
    throw new NodeError('BAD_RLP', `Expected ${length ?? 'a string of'} bytes.`)
  }
  return item
}

/** An unsigned integer without leading zeros, below 2^(8·maxBytes). */
export function asBigInt(item: RlpItem | undefined, maxBytes = 32): bigint {
  const bytes = asBytes(item)
  if (bytes.length > maxBytes || bytes[0] === 0) throw new NodeError('BAD_RLP', 'Malformed integer.')
  return bytesToBigInt(bytes)
}

/** An unsigned integer that a JavaScript number holds exactly. */
export function asInt(item: RlpItem | undefined, max = Number.MAX_SAFE_INTEGER): number {
  const bytes = asBytes(item)
  if (bytes.length > 8 || bytes[0] === 0) throw new NodeError('BAD_RLP', 'Malformed integer.')
  let value = 0
  // Above 2^53 the sum is rounded, and still above any `max`.
  for (const byte of bytes) value = value * 256 + byte
  if (value > max) throw new NodeError('BAD_RLP', `Integer above ${max}.`)
  return value
}

export const asHash = (item: RlpItem | undefined): Hash => bytesToHex(asBytes(item, 32))
export const asAddress = (item: RlpItem | undefined): Address => bytesToHex(asBytes(item, 20))

export function fromInt(value: number | bigint): Uint8Array {
  if (typeof value === 'number' && value >= 0 && value < 256 && Number.isInteger(value)) {
    return value === 0 ? new Uint8Array(0) : Uint8Array.of(value)
  }
  return bigIntToMinimalBytes(BigInt(value))
}

export const fromHex = (hex: Hex): Uint8Array => hexToBytes(hex)
