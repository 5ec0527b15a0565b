import { NodeError } from '../errors/errors.ts'
import { bigIntToMinimalBytes, bytesToBigInt, EMPTY_BYTES } from './bytes.ts'
import { type Address, bytesToHex, type Hash, type Hex, hexToBytes } from './hex.ts'

export type RlpItem = Uint8Array | RlpItem[]

const STRING = 0x80
const LIST = 0xc0
/** Payloads up to this length have it in their first byte; longer ones have a length of the length there. */
const SHORT = 55
/** Nothing here is nested deeper; what a stranger nests must not use up the stack. */
const DEPTH = 32

export function encodeRlp(item: RlpItem): Uint8Array {
  const bytes = new Uint8Array(encodedLength(item))
  write(item, bytes, 0)
  return bytes
}

function encodedLength(item: RlpItem): number {
  if (!Array.isArray(item)) {
    const { length } = item
    return length === 1 && (item[0] ?? 0) < STRING ? 1 : headLength(length) + length
  }
  const length = payloadLength(item)
  return headLength(length) + length
}

function payloadLength(list: readonly RlpItem[]): number {
  let length = 0
  for (const item of list) length += encodedLength(item)
  return length
}

function headLength(length: number): number {
  return length <= SHORT ? 1 : 1 + bytesOf(length)
}

function bytesOf(length: number): number {
  let bytes = 1
  for (let rest = Math.floor(length / 256); rest > 0; rest = Math.floor(rest / 256)) bytes++
  return bytes
}

/** Returns the offset of what follows. */
function write(item: RlpItem, into: Uint8Array, at: number): number {
  if (Array.isArray(item)) {
    let next = writeHead(LIST, payloadLength(item), into, at)
    for (const each of item) next = write(each, into, next)
    return next
  }
  const first = item[0] ?? 0
  if (item.length === 1 && first < STRING) {
    into[at] = first
    return at + 1
  }
  const next = writeHead(STRING, item.length, into, at)
  into.set(item, next)
  return next + item.length
}

function writeHead(kind: number, length: number, into: Uint8Array, at: number): number {
  if (length <= SHORT) {
    into[at] = kind + length
    return at + 1
  }
  const size = bytesOf(length)
  into[at] = kind + SHORT + size
  for (let rest = length, index = size; index > 0; index--, rest = Math.floor(rest / 256))
    into[at + index] = rest % 256
  return at + 1 + size
}

/** One whole RLP item: canonical, nothing after it, `maxBytes` at most. No bytes at all are the empty string. */
export function decodeRlp(bytes: Uint8Array, maxBytes: number): RlpItem {
  if (bytes.length > maxBytes) {
    throw new NodeError('LIMIT_EXCEEDED', `RLP of ${bytes.length} bytes; at most ${maxBytes} are taken.`)
  }
  if (bytes.length === 0) return EMPTY_BYTES
  const reader = { bytes, at: 0 }
  const item = read(reader, bytes.length, 0)
  if (reader.at !== bytes.length) throw malformed()
  return item
}

interface Reader {
  readonly bytes: Uint8Array
  at: number
}

/** The item at `reader.at`, which lies before `end`. */
function read(reader: Reader, end: number, depth: number): RlpItem {
  const { bytes } = reader
  const head = bytes[reader.at] ?? 0
  if (head < STRING) return bytes.slice(reader.at, ++reader.at)
  const length = readLength(reader, end, head < LIST ? head - STRING : head - LIST)
  const from = reader.at
  const to = from + length
  if (to > end) throw malformed()
  if (head >= LIST) {
    if (depth >= DEPTH) throw malformed()
    const list: RlpItem[] = []
    while (reader.at < to) list.push(read(reader, to, depth + 1))
    return list
  }
  reader.at = to
  if (length === 0) return EMPTY_BYTES
  if (length === 1 && (bytes[from] ?? 0) < STRING) throw malformed()
  return bytes.slice(from, to)
}

/** Steps over the head; `size` is what its first byte says. */
function readLength(reader: Reader, end: number, size: number): number {
  const { bytes } = reader
  reader.at++
  if (size <= SHORT) return size
  const lengthBytes = size - SHORT
  if (reader.at + lengthBytes > end || bytes[reader.at] === 0) throw malformed()
  let length = 0
  for (let index = 0; index < lengthBytes; index++) length = length * 256 + (bytes[reader.at++] ?? 0)
  if (length <= SHORT) throw malformed()
  return length
}

function malformed(): NodeError {
  return new NodeError('BAD_RLP', 'Malformed RLP.')
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
    return value === 0 ? EMPTY_BYTES : Uint8Array.of(value)
  }
  return bigIntToMinimalBytes(BigInt(value))
}

export const fromHex = (hex: Hex): Uint8Array => hexToBytes(hex)
