import { bytesToHex } from '../../src/primitives/hex.ts'
import type { Codec, Field } from './abiCodec.ts'
import { bytesToWord } from './word.ts'

/** The input is not the canonical encoding of its type. The dispatcher turns it into MalformedInput. */
export class AbiDecodeError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'AbiDecodeError'
  }
}

type Values = Record<string, unknown>

interface Decoded {
  readonly value: unknown
  /** Where the value's own tail ends; for a static value, where its head ends. */
  readonly end: number
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Decodes exactly the encoding that Solidity's `abi.encode` gives: zero padding, tails in order without gap or
 * overlap, nothing after the last. So every list of values has one encoding, and no length is believed before the
 * bytes that it announces are seen to be there.
 *
 * @throws AbiDecodeError on anything else
 */
export function decodeParameters(fields: readonly Field[], bytes: Uint8Array): Values {
  const { value, end } = decodeFields(fields, bytes, 0)
  if (end !== bytes.length) throw new AbiDecodeError(`${bytes.length - end} bytes follow the last argument`)
  return value as Values
}

function decodeFields(fields: readonly Field[], bytes: Uint8Array, base: number): Decoded {
  const values: Values = {}
  let head = base
  let tail = base + fields.reduce((sum, { codec }) => sum + codec.headBytes, 0)
  if (tail > bytes.length) throw new AbiDecodeError('the input ends inside its head')
  for (const { name, codec } of fields) {
    const decoded = decodeAt(codec, bytes, head, tail, base)
    values[name] = decoded.value
    head += codec.headBytes
    if (codec.dynamic) tail = decoded.end
  }
  return { value: values, end: tail }
}

/** Decodes at `head`; a dynamic value must lie at `tail`, and its offset counts from `base`. */
function decodeAt(codec: Codec, bytes: Uint8Array, head: number, tail: number, base: number): Decoded {
  if (codec.dynamic) {
    if (readLength(bytes, head) !== tail - base) throw new AbiDecodeError('an offset is not canonical')
    return decodeTail(codec, bytes, tail)
  }
  if (codec.kind === 'tuple') return decodeFields(codec.fields, bytes, head)
  return { value: decodeWord(codec, word(bytes, head)), end: head + 32 }
}

function decodeTail(codec: Codec, bytes: Uint8Array, at: number): Decoded {
  switch (codec.kind) {
    case 'tuple':
      return decodeFields(codec.fields, bytes, at)
    case 'array':
      return decodeArray(codec.item, bytes, at)
    case 'bytes':
    case 'string': {
      const length = readLength(bytes, at)
      const start = at + 32
      const end = start + Math.ceil(length / 32) * 32
      if (end > bytes.length) throw new AbiDecodeError('a byte string is longer than the input')
      if (!isZero(bytes, start + length, end)) throw new AbiDecodeError('the padding is not zero')
      const content = bytes.slice(start, start + length)
      return { value: codec.kind === 'bytes' ? content : decodeText(content), end }
    }
    default:
      throw new AbiDecodeError(`${codec.kind} has no tail`)
  }
}

function decodeArray(item: Codec, bytes: Uint8Array, at: number): Decoded {
  const count = readLength(bytes, at)
  const start = at + 32
  let tail = start + count * item.headBytes
  if (tail > bytes.length) throw new AbiDecodeError('a list is longer than the input')
  const values: unknown[] = []
  for (let index = 0; index < count; index++) {
    const decoded = decodeAt(item, bytes, start + index * item.headBytes, tail, start)
    values.push(decoded.value)
    if (item.dynamic) tail = decoded.end
  }
  return { value: values, end: tail }
}

function decodeWord(codec: Codec, bytes: Uint8Array): unknown {
  switch (codec.kind) {
    case 'uint': {
      const value = bytesToWord(bytes)
      if (value >> BigInt(codec.bits) !== 0n) throw new AbiDecodeError(`a uint${codec.bits} is too large`)
      return codec.asNumber ? Number(value) : value
    }
    case 'int': {
      const value = BigInt.asIntN(256, bytesToWord(bytes))
      if (BigInt.asIntN(codec.bits, value) !== value)
        throw new AbiDecodeError(`an int${codec.bits} is too large`)
      return codec.asNumber ? Number(value) : value
    }
    case 'address':
      if (!isZero(bytes, 0, 12)) throw new AbiDecodeError('an address has more than 20 bytes')
      return bytesToHex(bytes.subarray(12))
    case 'bool':
      if (!isZero(bytes, 0, 31) || (bytes[31] ?? 2) > 1) throw new AbiDecodeError('a bool is neither 0 nor 1')
      return bytes[31] === 1
    case 'fixedBytes':
      if (!isZero(bytes, codec.size, 32)) throw new AbiDecodeError('the padding is not zero')
      return bytesToHex(bytes.subarray(0, codec.size))
    default:
      throw new AbiDecodeError(`${codec.kind} is no single word`)
  }
}

function word(bytes: Uint8Array, at: number): Uint8Array {
  if (at + 32 > bytes.length) throw new AbiDecodeError('the input ends inside a word')
  return bytes.subarray(at, at + 32)
}

/** A length or offset: below 2^32, which no input reaches, so that sums stay exact. */
function readLength(bytes: Uint8Array, at: number): number {
  const value = word(bytes, at)
  if (!isZero(value, 0, 28)) throw new AbiDecodeError('a length is out of range')
  return new DataView(value.buffer, value.byteOffset, 32).getUint32(28)
}

function isZero(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at] !== 0) return false
  return true
}

function decodeText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw new AbiDecodeError('a string is not UTF-8')
  }
}
