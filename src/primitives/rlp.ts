import { NodeError } from '../errors/errors.ts'
import { bigIntToMinimalBytes, bytesToBigInt, EMPTY_BYTES } from './bytes.ts'
import { type Address, bytesToHex, type Hash, type Hex, hexToBytes } from './hex.ts'

export type RlpItem = Uint8Array | RlpItem[]

const STRING = 0x80
const LIST = 0xc0
/** Payloads up to this length have it in their first byte; longer ones have a length of the length there. */
const SHORT = 55

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

/**
 * Lists within lists. The deepest form of this chain has six levels: block, transactions, transaction, access list,
 * its entry, keys.
 */
const MAX_DEPTH = 16
/**
 * Items beyond these and one for every three bytes: each costs an object of a hundred bytes or more. The densest
 * valid lists are an authorization (EIP-7702) of seven items in 27 bytes, and a trie node of 17 in 18.
 */
const ITEMS_OF_ANY_SIZE = 64
const BYTES_PER_ITEM = 3

/**
 * One whole RLP item: canonical, nothing after it, `maxBytes` at most. Strings are copies. Nesting and the number of
 * items are bounded, so that memory is a small multiple of `bytes`, whoever wrote them. Errors: BAD_RLP,
 * LIMIT_EXCEEDED.
 */
export function decodeRlp(bytes: Uint8Array, maxBytes: number, maxItems = Number.MAX_SAFE_INTEGER): RlpItem {
  if (bytes.length > maxBytes) {
    throw new NodeError('LIMIT_EXCEEDED', `RLP of ${bytes.length} bytes; at most ${maxBytes} are taken.`)
  }
  // plain, because `slice` of a Buffer would not copy
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
  return buildItem(plain, wholeSpan(plain), budgetFor(plain, maxItems), 1)
}

/** That `decodeRlp` would take the bytes, without making anything of them: for decoders that are not ours. */
export function checkRlp(bytes: Uint8Array): void {
  skimItem(bytes, wholeSpan(bytes), budgetFor(bytes, Number.MAX_SAFE_INTEGER), 1)
}

/** Where the content of an item lies. */
interface Span {
  readonly isList: boolean
  readonly start: number
  readonly end: number
}

interface Budget {
  items: number
}

function budgetFor(bytes: Uint8Array, maxItems: number): Budget {
  return { items: Math.min(maxItems, ITEMS_OF_ANY_SIZE + Math.floor(bytes.length / BYTES_PER_ITEM)) }
}

function buildItem(bytes: Uint8Array, span: Span, budget: Budget, depth: number): RlpItem {
  enter(span, budget, depth)
  if (!span.isList) return span.start === span.end ? EMPTY_BYTES : bytes.slice(span.start, span.end)
  const items: RlpItem[] = []
  for (let at = span.start; at < span.end; ) {
    const item = spanAt(bytes, at, span.end)
    items.push(buildItem(bytes, item, budget, depth + 1))
    at = item.end
  }
  return items
}

function skimItem(bytes: Uint8Array, span: Span, budget: Budget, depth: number): void {
  enter(span, budget, depth)
  for (let at = span.start; span.isList && at < span.end; ) {
    const item = spanAt(bytes, at, span.end)
    skimItem(bytes, item, budget, depth + 1)
    at = item.end
  }
}

function enter({ isList }: Span, budget: Budget, depth: number): void {
  budget.items -= 1
  if (budget.items < 0) throw new NodeError('LIMIT_EXCEEDED', 'RLP of too many items.')
  if (isList && depth > MAX_DEPTH) throw badRlp(`lists within more than ${MAX_DEPTH} lists`)
}

function wholeSpan(bytes: Uint8Array): Span {
  const span = spanAt(bytes, 0, bytes.length)
  if (span.end !== bytes.length) throw badRlp('bytes after the item')
  return span
}

/** The item that begins at `at` and must end by `limit` (Yellow Paper, appendix B). */
function spanAt(bytes: Uint8Array, at: number, limit: number): Span {
  const first = bytes[at]
  if (first === undefined || at >= limit) throw badRlp('no item')
  if (first < STRING) return { isList: false, start: at, end: at + 1 }
  const isList = first >= LIST
  const code = first - (isList ? LIST : STRING)
  const lengthBytes = Math.max(0, code - SHORT)
  const start = at + 1 + lengthBytes
  const length = lengthBytes === 0 ? code : longLength(bytes, at + 1, Math.min(start, limit))
  const end = start + length
  if (end > limit) throw badRlp('an item is longer than what holds it')
  if (!isList && length === 1 && (bytes[start] ?? 0) < STRING) throw badRlp('a single byte has a prefix')
  return { isList, start, end }
}

function longLength(bytes: Uint8Array, from: number, to: number): number {
  let length = 0
  // a length beyond 2^53 is not exact, and in any case longer than the bytes
  for (let at = from; at < to; at++) length = length * 256 + (bytes[at] ?? 0)
  if (bytes[from] === 0 || length <= SHORT) throw badRlp('a length is not in its shortest form')
  return length
}

function badRlp(why: string): NodeError {
  return new NodeError('BAD_RLP', `Malformed RLP: ${why}.`)
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
