import fc from 'fast-check'
import { encodeAbiParameters, toEventSelector, toFunctionSelector } from 'viem'
import { describe, expect, it } from 'vitest'
import { iAdapterRegistryAbi } from '../../../../contracts/generated/IAdapterRegistry.ts'
import { iDatanetRegistryAbi } from '../../../../contracts/generated/IDatanetRegistry.ts'
import { iProofOfAttributionAbi } from '../../../../contracts/generated/IProofOfAttribution.ts'
import { tupleCodec } from '../../../../precompiles/shared/abiCodec.ts'
import { AbiDecodeError, decodeParameters } from '../../../../precompiles/shared/abiDecode.ts'
import { encodeParameters } from '../../../../precompiles/shared/abiEncode.ts'
import type { AbiParameter } from '../../../../precompiles/shared/abiTypes.ts'
import { selectorOf } from '../../../../precompiles/shared/binding.ts'
import { bytesToHex, hexToBytes } from '../../../../src/primitives/hex.ts'

const abis = [iDatanetRegistryAbi, iAdapterRegistryAbi, iProofOfAttributionAbi]

const hexOfLength = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => bytesToHex(bytes))

/** Values of a parameter as this codec takes them, and as viem does. */
function arbitraryValue(parameter: AbiParameter): fc.Arbitrary<{ ours: unknown; theirs: unknown }> {
  const { type, components } = parameter
  const same = <T>(arbitrary: fc.Arbitrary<T>) => arbitrary.map((value) => ({ ours: value, theirs: value }))
  if (type.endsWith('[]')) {
    const item = arbitraryValue({ ...parameter, type: type.slice(0, -2) })
    return fc
      .array(item, { maxLength: 3 })
      .map((items) => ({ ours: items.map((i) => i.ours), theirs: items.map((i) => i.theirs) }))
  }
  if (type === 'tuple') {
    const fields = Object.fromEntries((components ?? []).map((field) => [field.name, arbitraryValue(field)]))
    return fc.record(fields).map((record) => ({
      ours: Object.fromEntries(Object.entries(record).map(([name, value]) => [name, value.ours])),
      theirs: Object.fromEntries(Object.entries(record).map(([name, value]) => [name, value.theirs])),
    }))
  }
  const integer = /^(u?)int(\d+)$/.exec(type)
  if (integer !== null) {
    const bits = BigInt(integer[2] ?? 0)
    const signed = integer[1] === ''
    const min = signed ? -(1n << (bits - 1n)) : 0n
    const max = signed ? (1n << (bits - 1n)) - 1n : (1n << bits) - 1n
    return same(fc.bigInt({ min, max }).map((value) => (bits <= 48n ? Number(value) : value)))
  }
  if (type === 'address') return same(hexOfLength(20))
  if (type === 'bool') return same(fc.boolean())
  if (type === 'string') return same(fc.string({ unit: 'grapheme', maxLength: 40 }))
  if (type === 'bytes') {
    return fc.uint8Array({ maxLength: 70 }).map((bytes) => ({ ours: bytes, theirs: bytesToHex(bytes) }))
  }
  return same(hexOfLength(Number(type.slice('bytes'.length))))
}

const lists = abis.flatMap((abi) =>
  abi.flatMap((item) =>
    item.type === 'function'
      ? [
          { name: `${item.name} inputs`, parameters: item.inputs as readonly AbiParameter[] },
          { name: `${item.name} outputs`, parameters: item.outputs as readonly AbiParameter[] },
        ]
      : [],
  ),
)

describe('the ABI codec', () => {
  it.each(lists)('encodes $name as viem does, and decodes it back', ({ parameters }) => {
    const fields = tupleCodec(parameters).fields
    const values = fc.tuple(...parameters.map(arbitraryValue))
    fc.assert(
      fc.property(values, (list) => {
        const named = Object.fromEntries(parameters.map(({ name }, index) => [name, list[index]?.ours]))
        const expected = encodeAbiParameters(parameters as never, list.map((value) => value.theirs) as never)
        const encoded = encodeParameters(fields, named)
        expect(bytesToHex(encoded)).toBe(expected)
        expect(decodeParameters(fields, encoded)).toEqual(named)
      }),
      { numRuns: 15 },
    )
  })

  it('gives every function the selector that viem computes', () => {
    for (const abi of abis) {
      for (const item of abi) {
        if (item.type !== 'function') continue
        expect(bytesToHex(selectorOf(item.name, item.inputs))).toBe(toFunctionSelector(item))
      }
    }
  })

  it('names no event of one interface twice', () => {
    for (const abi of abis) {
      const topics = abi.flatMap((item) => (item.type === 'event' ? [toEventSelector(item)] : []))
      expect(new Set(topics).size).toBe(topics.length)
    }
  })
})

const word = (value: bigint | number) => BigInt(value).toString(16).padStart(64, '0')

describe('strict decoding', () => {
  const cases: { name: string; type: string; components?: readonly AbiParameter[]; words: string }[] = [
    {
      name: 'an address with a dirty upper half',
      type: 'address',
      words: `01${'00'.repeat(11)}${'aa'.repeat(20)}`,
    },
    { name: 'a uint8 of 256', type: 'uint8', words: word(256) },
    { name: 'a uint64 above its range', type: 'uint64', words: word(1n << 64n) },
    { name: 'an int128 that is not sign-extended', type: 'int128', words: word(1n << 127n) },
    { name: 'a bool of two', type: 'bool', words: word(2) },
    { name: 'a bytes10 with a dirty tail', type: 'bytes10', words: 'ff'.repeat(32) },
    { name: 'no input', type: 'uint256', words: '' },
    { name: 'half a word', type: 'uint256', words: '00'.repeat(31) },
    { name: 'a trailing byte', type: 'uint256', words: `${word(1)}00` },
    { name: 'a trailing word', type: 'uint256', words: word(1) + word(0) },
    { name: 'bytes with dirty padding', type: 'bytes', words: word(32) + word(1) + 'ff'.repeat(32) },
    { name: 'bytes longer than the input', type: 'bytes', words: word(32) + word(33) + word(0) },
    { name: 'bytes of 2^255', type: 'bytes', words: word(32) + word(1n << 255n) },
    { name: 'an offset past its place', type: 'bytes', words: word(64) + word(0) + word(0) },
    { name: 'an offset into the head', type: 'bytes', words: word(0) },
    { name: 'an offset of 2^32 + 32', type: 'bytes', words: word((1n << 32n) + 32n) + word(0) },
    { name: 'an array longer than the input', type: 'uint64[]', words: word(32) + word(2) + word(1) },
    { name: 'an array of 2^31 items', type: 'uint64[]', words: word(32) + word(1n << 31n) },
    {
      name: 'two items that share a tail',
      type: 'bytes[]',
      words: word(32) + word(2) + word(64) + word(64) + word(0),
    },
    {
      name: 'a string that is not UTF-8',
      type: 'string',
      words: `${word(32) + word(1)}ff${'00'.repeat(31)}`,
    },
    {
      name: 'a string with a lone surrogate',
      type: 'string',
      words: `${word(32) + word(3)}eda080${'00'.repeat(29)}`,
    },
  ]

  it.each(cases)('refuses $name', ({ type, words }) => {
    const fields = tupleCodec([{ name: 'value', type }]).fields
    expect(() => decodeParameters(fields, hexToBytes(`0x${words}`))).toThrow(AbiDecodeError)
  })

  it('takes only the one encoding of a value: any other bytes that decode would encode back', () => {
    const parameters =
      iProofOfAttributionAbi.find((i) => i.type === 'function' && i.name === 'settle')?.inputs ?? []
    const fields = tupleCodec(parameters).fields
    const value = fc.tuple(...(parameters as readonly AbiParameter[]).map(arbitraryValue))
    fc.assert(
      fc.property(value, fc.nat(), fc.nat(255), ([receipts, lastBlock], at, flip) => {
        const encoded = encodeParameters(fields, { receipts: receipts?.ours, lastBlock: lastBlock?.ours })
        const mutated = encoded.slice()
        mutated[at % mutated.length] = (mutated[at % mutated.length] ?? 0) ^ flip
        try {
          const decoded = decodeParameters(fields, mutated)
          expect(bytesToHex(encodeParameters(fields, decoded))).toBe(bytesToHex(mutated))
        } catch (error) {
          expect(error).toBeInstanceOf(AbiDecodeError)
        }
      }),
      { numRuns: 200 },
    )
  })
})
