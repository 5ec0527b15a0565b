import { RLP } from '@ethereumjs/rlp'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { equalBytes } from '../../../src/primitives/bytes.ts'
import { hexToBytes } from '../../../src/primitives/hex.ts'
import { asInt, decodeRlp, encodeRlp, fromInt, type RlpItem } from '../../../src/primitives/rlp.ts'

const MAX_BYTES = 1 << 20
const bytes = (maxLength: number) => fc.uint8Array({ maxLength })
const item = fc.letrec<{ item: RlpItem }>((tie) => ({
  item: fc.oneof(
    { maxDepth: 4 },
    bytes(70),
    fc.uint8Array({ minLength: 1, maxLength: 1 }),
    fc.array(tie('item'), { maxLength: 6 }),
  ),
})).item

type Library = Parameters<typeof RLP.encode>[0]
/** What the library makes of the bytes, or null where it refuses them. */
function byLibrary(encoded: Uint8Array): unknown {
  try {
    return RLP.decode(encoded)
  } catch {
    return null
  }
}

function byNode(encoded: Uint8Array): unknown {
  try {
    return decodeRlp(encoded, MAX_BYTES)
  } catch (error) {
    expect(error).toMatchObject({ code: 'BAD_RLP' })
    return null
  }
}

describe('RLP', () => {
  it('encodes as the library does, and decodes what it encoded', () => {
    fc.assert(
      fc.property(item, (value) => {
        const encoded = encodeRlp(value)
        expect(encoded).toEqual(RLP.encode(value as Library))
        expect(decodeRlp(encoded, MAX_BYTES)).toEqual(value)
      }),
      { numRuns: 100 },
    )
  })

  it('encodes lengths of every size', () => {
    for (const length of [0, 1, 55, 56, 255, 256, 65_535, 65_536]) {
      const value = new Uint8Array(length).fill(0x80)
      // Comparing long arrays item by item would take most of the time.
      expect(equalBytes(encodeRlp(value), RLP.encode(value))).toBe(true)
      expect(equalBytes(encodeRlp([value, value]), RLP.encode([value, value]))).toBe(true)
      expect(equalBytes(decodeRlp(encodeRlp(value), MAX_BYTES) as Uint8Array, value)).toBe(true)
    }
  })

  it('takes and refuses what the library takes and refuses', () => {
    const damaged = fc
      .tuple(item, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }), fc.nat(3))
      .map(([value, changes, cut]) => {
        const encoded = encodeRlp(value)
        for (const [at, byte] of changes) encoded[at % encoded.length] = byte
        return encoded.subarray(0, Math.max(0, encoded.length - cut))
      })
    const heads = fc
      .tuple(
        fc.constantFrom(0x80, 0x81, 0xb7, 0xb8, 0xb9, 0xbf, 0xc0, 0xc1, 0xf7, 0xf8, 0xf9, 0xff),
        bytes(60),
      )
      .map(([head, rest]) => Uint8Array.of(head, ...rest))
    fc.assert(
      fc.property(fc.oneof(damaged, heads, bytes(12)), (encoded) => {
        expect(byNode(encoded)).toEqual(byLibrary(encoded))
      }),
      { numRuns: 500 },
    )
  })

  it('refuses forms that are not canonical', () => {
    const bad = [
      '0x8101',
      '0xb800',
      '0xb83700',
      '0xb90001',
      '0xf800',
      '0xf90000',
      '0xc181',
      '0x8101ff',
      '0xbfffffffffffffffff',
    ]
    for (const hex of bad) expect(byNode(hexToBytes(hex))).toBeNull()
  })

  it('refuses what is nested too deep, before the stack is used up', () => {
    let nested: RlpItem = []
    for (let depth = 0; depth < 40; depth++) nested = [nested]
    expect(byNode(encodeRlp(nested))).toBeNull()
    // Heads of lists whose lengths nobody has checked yet.
    expect(byNode(new Uint8Array(100_000).fill(0xc1))).toBeNull()
  })

  it('refuses more bytes than the caller takes', () => {
    expect(() => decodeRlp(new Uint8Array(11), 10)).toThrow(
      expect.objectContaining({ code: 'LIMIT_EXCEEDED' }),
    )
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
