import { invariant } from '../../src/errors/errors.ts'
import { concatBytes, utf8ToBytes } from '../../src/primitives/bytes.ts'
import { type Hex, hexToBytes } from '../../src/primitives/hex.ts'
import type { Codec, Field } from './abiCodec.ts'
import { wordToBytes } from './word.ts'

const WORD_MASK = (1n << 256n) - 1n

/** `abi.encode` of values by name. A value outside its type is a bug of ours and throws InvariantError. */
export function encodeParameters(
  fields: readonly Field[],
  values: Readonly<Record<string, unknown>>,
): Uint8Array {
  return encodeSequence(
    fields.map(({ name, codec }) => {
      invariant(name in values, `no value for ${name}`)
      return { codec, value: values[name] }
    }),
  )
}

function encodeSequence(items: readonly { codec: Codec; value: unknown }[]): Uint8Array {
  const heads: Uint8Array[] = []
  const tails: Uint8Array[] = []
  let offset = items.reduce((sum, { codec }) => sum + codec.headBytes, 0)
  for (const { codec, value } of items) {
    const encoded = encodeValue(codec, value)
    if (!codec.dynamic) {
      heads.push(encoded)
      continue
    }
    heads.push(encodeWord(BigInt(offset)))
    tails.push(encoded)
    offset += encoded.length
  }
  return concatBytes(...heads, ...tails)
}

function encodeValue(codec: Codec, value: unknown): Uint8Array {
  switch (codec.kind) {
    case 'uint':
    case 'int': {
      const integer = BigInt(value as bigint | number)
      const fits = (codec.kind === 'uint' ? BigInt.asUintN : BigInt.asIntN)(codec.bits, integer) === integer
      invariant(fits, `${integer} does not fit ${codec.kind}${codec.bits}`)
      return encodeWord(integer)
    }
    case 'bool':
      return encodeWord(value === true ? 1n : 0n)
    case 'address':
      return padLeft(hexToBytes(value as Hex))
    case 'fixedBytes': {
      const bytes = hexToBytes(value as Hex)
      invariant(bytes.length === codec.size, `expected ${codec.size} bytes`)
      return padRight(bytes)
    }
    case 'bytes':
      return encodeBytes(value as Uint8Array)
    case 'string':
      return encodeBytes(utf8ToBytes(value as string))
    case 'array': {
      const items = value as readonly unknown[]
      const sequence = encodeSequence(items.map((item) => ({ codec: codec.item, value: item })))
      return concatBytes(encodeWord(BigInt(items.length)), sequence)
    }
    case 'tuple':
      return encodeParameters(codec.fields, value as Record<string, unknown>)
  }
}

/** An integer as a word of 32 bytes, negative ones in two's complement. */
export function encodeWord(value: bigint): Uint8Array {
  return wordToBytes(value & WORD_MASK)
}

function encodeBytes(bytes: Uint8Array): Uint8Array {
  return concatBytes(encodeWord(BigInt(bytes.length)), padRight(bytes))
}

function padLeft(bytes: Uint8Array): Uint8Array {
  invariant(bytes.length <= 32, 'more than a word')
  const padded = new Uint8Array(32)
  padded.set(bytes, 32 - bytes.length)
  return padded
}

function padRight(bytes: Uint8Array): Uint8Array {
  const padded = new Uint8Array(Math.ceil(bytes.length / 32) * 32)
  padded.set(bytes)
  return padded
}
