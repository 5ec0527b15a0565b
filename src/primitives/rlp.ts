import { RLP } from '@ethereumjs/rlp'
import { NodeError } from '../errors/errors.ts'
import { bigIntToMinimalBytes, bytesToBigInt } from './bytes.ts'
import { type Address, bytesToHex, type Hash, type Hex, hexToBytes } from './hex.ts'

export type RlpItem = Uint8Array | RlpItem[]

export function encodeRlp(item: RlpItem): Uint8Array {
  return RLP.encode(item as Parameters<typeof RLP.encode>[0])
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
  if (!span.isList) return bytes.slice(span.start, span.end)
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
  if (first < 0x80) return { isList: false, start: at, end: at + 1 }
  const isList = first >= 0xc0
  const code = first - (isList ? 0xc0 : 0x80)
  const lengthBytes = Math.max(0, code - SHORT_LENGTH)
  const start = at + 1 + lengthBytes
  const length = lengthBytes === 0 ? code : longLength(bytes, at + 1, Math.min(start, limit))
  const end = start + length
  if (end > limit) throw badRlp('an item is longer than what holds it')
  if (!isList && length === 1 && (bytes[start] ?? 0) < 0x80) throw badRlp('a single byte has a prefix')
  return { isList, start, end }
}

/** Lengths up to this stand in the first byte. */
const SHORT_LENGTH = 55

function longLength(bytes: Uint8Array, from: number, to: number): number {
  let length = 0
  // a length beyond 2^53 is not exact, and in any case longer than the bytes
  for (let at = from; at < to; at++) length = length * 256 + (bytes[at] ?? 0)
  if (bytes[from] === 0 || length <= SHORT_LENGTH) throw badRlp('a length is not in its shortest form')
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
  const value = asBigInt(item, 8)
  if (value > BigInt(max)) throw new NodeError('BAD_RLP', `Integer above ${max}.`)
  return Number(value)
}

export const asHash = (item: RlpItem | undefined): Hash => bytesToHex(asBytes(item, 32))
export const asAddress = (item: RlpItem | undefined): Address => bytesToHex(asBytes(item, 20))
export const fromInt = (value: number | bigint): Uint8Array => bigIntToMinimalBytes(BigInt(value))
export const fromHex = (hex: Hex): Uint8Array => hexToBytes(hex)
