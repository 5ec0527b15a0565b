import { RLP } from '@ethereumjs/rlp'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { equalBytes } from '../../../src/primitives/bytes.ts'
import { asInt, checkRlp, decodeRlp, encodeRlp, fromInt, type RlpItem } from '../../../src/primitives/rlp.ts'
import { thrownCode } from '../../support/network/outcome.ts'

const MIB = 1024 * 1024
const { item } = fc.letrec<{ item: RlpItem }>((tie) => ({
  item: fc.oneof(
    { maxDepth: 6 },
    fc.uint8Array({ maxLength: 70 }),
    fc.array(tie('item'), { maxLength: 8 }) as fc.Arbitrary<RlpItem>,
  ),
}))

/** What the library makes of the bytes; its empty input aside, it is as strict as ours on small ones. */
function byLibrary(bytes: Uint8Array): RlpItem | undefined {
  try {
    return RLP.decode(bytes) as RlpItem
  } catch {
    return undefined
  }
}

function byUs(bytes: Uint8Array): RlpItem | undefined {
  try {
    return decodeRlp(bytes, MIB)
  } catch {
    return undefined
  }
}

const prefix = (size: number) => Uint8Array.of(0xfa, size >> 16, (size >> 8) & 0xff, size & 0xff)

/** Lists in lists, each as long as the rest: what a decoder that copies each list pays for at every level. */
function nested(size: number, depth: number): Uint8Array {
  const bytes = new Uint8Array(size)
  for (let level = 0; level < depth; level++) bytes.set(prefix(size - 4 * level - 4), 4 * level)
  const rest = size - 4 * depth - 4
  bytes.set(Uint8Array.of(0xba, rest >> 16, (rest >> 8) & 0xff, rest & 0xff), 4 * depth)
  return bytes
}

describe('RLP', () => {
  it('decodes what the library encodes, and encodes it to the same bytes', () => {
    fc.assert(
      fc.property(item, (value) => {
        const bytes = RLP.encode(value as never)
        const decoded = decodeRlp(bytes, MIB)
        expect(decoded).toEqual(value)
        expect(encodeRlp(value)).toEqual(bytes)
      }),
    )
  })

  it('encodes lengths of every size', () => {
    for (const length of [0, 1, 55, 56, 255, 256, 65_535, 65_536]) {
      const value = new Uint8Array(length).fill(0x80)
      // Comparing long arrays item by item would take most of the time.
      expect(equalBytes(encodeRlp(value), RLP.encode(value))).toBe(true)
      expect(equalBytes(encodeRlp([value, value]), RLP.encode([value, value]))).toBe(true)
      expect(equalBytes(decodeRlp(encodeRlp(value), MIB) as Uint8Array, value)).toBe(true)
    }
  })

  it('takes of damaged and random bytes what the library takes', () => {
    const damaged = fc
      .tuple(item, fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 4 }), fc.nat(400))
      .map(([value, edits, length]) => {
        const bytes = Uint8Array.from(RLP.encode(value as never))
        for (const [at, byte] of edits) if (at < bytes.length) bytes[at] = byte
        return bytes.subarray(0, Math.max(1, bytes.length - (length > 300 ? length % 5 : 0)))
      })
    fc.assert(
      fc.property(fc.oneof(damaged, fc.uint8Array({ minLength: 1, maxLength: 40 })), (bytes) => {
        expect(byUs(bytes)).toEqual(byLibrary(bytes))
        expect(thrownCode(() => checkRlp(bytes)) === 'no error').toBe(byUs(bytes) !== undefined)
      }),
    )
  })

  it.each([
    ['nothing', ''],
    ['bytes after the item', '8001'],
    ['a byte with a prefix it does not need', '8101'],
    ['a short string in the long form', 'b801ff'],
    ['a length with a leading zero', 'b90038'],
    ['a length of eight bytes', 'bfffffffffffffffff'],
    ['a list longer than the bytes', 'c3c0'],
    ['an item longer than its list', 'c28201'],
    ['a length that is cut off', 'f9'],
  ])('refuses %s', (_name, hex) => {
    expect(thrownCode(() => decodeRlp(Buffer.from(hex, 'hex'), MIB))).toBe('BAD_RLP')
  })

  it('refuses lists that lie deeper than any of this chain', () => {
    expect(thrownCode(() => decodeRlp(nested(4 * MIB, 12), 4 * MIB))).toBe('no error')
    for (const depth of [17, 1_000, 500_000]) {
      expect(thrownCode(() => decodeRlp(nested(4 * MIB, depth), 4 * MIB))).toBe('BAD_RLP')
      expect(thrownCode(() => checkRlp(nested(4 * MIB, depth)))).toBe('BAD_RLP')
    }
  })

  it('refuses more items than any message of that size has', () => {
    const ones = Uint8Array.from([...prefix(MIB - 4), ...new Uint8Array(MIB - 4).fill(1)])
    expect(thrownCode(() => decodeRlp(ones, MIB))).toBe('LIMIT_EXCEEDED')
    expect(thrownCode(() => checkRlp(ones))).toBe('LIMIT_EXCEEDED')
    const seven = encodeRlp(Array.from({ length: 7 }, () => Uint8Array.of(1)))
    expect(thrownCode(() => decodeRlp(seven, MIB, 8))).toBe('no error')
    expect(thrownCode(() => decodeRlp(seven, MIB, 7))).toBe('LIMIT_EXCEEDED')
    expect(thrownCode(() => decodeRlp(seven, 7))).toBe('LIMIT_EXCEEDED')
  })

  it('takes the densest list that a valid transaction has', () => {
    const one = Uint8Array.of(1)
    const authorization = [one, new Uint8Array(20).fill(1), one, one, one, one]
    const list = Array.from({ length: 4_000 }, () => authorization)
    expect(thrownCode(() => decodeRlp(encodeRlp(list), MIB))).toBe('no error')
  })

  it('copies what it takes out, also of a Buffer', () => {
    const message = Buffer.from('83010203', 'hex')
    const decoded = decodeRlp(message, MIB)
    message.fill(0)
    expect(decoded).toEqual(Uint8Array.of(1, 2, 3))
  })
})

describe('integers', () => {
  it('come back as they were, up to the largest that is exact', () => {
    for (const value of [0, 1, 127, 128, 255, 256, 65_535, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
      expect(fromInt(value)).toEqual(fromInt(BigInt(value)))
      expect(asInt(fromInt(value))).toBe(value)
    }
  })

  it('are refused with zeros in front, too long, or above the bound', () => {
    const refuse = (value: Uint8Array, max?: number) =>
      expect(() => asInt(value, max)).toThrow(expect.objectContaining({ code: 'BAD_RLP' }))
    refuse(Uint8Array.of(0))
    refuse(Uint8Array.of(0, 1))
    refuse(new Uint8Array(9).fill(1))
    refuse(fromInt(2n ** 53n))
    refuse(fromInt(2n ** 53n + 1n))
    refuse(fromInt(2n ** 64n - 1n))
    refuse(fromInt(8), 7)
    expect(asInt(fromInt(7), 7)).toBe(7)
  })
})
