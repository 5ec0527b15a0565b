import { keccak256 } from 'ethers'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeRow,
  encodeRow,
  quantizeQuery,
  quantizeRow,
  rowsRoot,
} from '../../../../src/ai/attribution/rows.ts'
import { isNodeError } from '../../../../src/errors/errors.ts'
import { bytesToHex } from '../../../../src/primitives/hex.ts'

const codeOf = (action: () => unknown) => {
  try {
    action()
    return 'none'
  } catch (error) {
    return isNodeError(error) ? error.code : `unexpected ${String(error)}`
  }
}

describe('rows', () => {
  const vectors = fc
    .tuple(
      fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 40 }),
      fc.integer({ min: -20, max: 6 }),
    )
    .map(([values, exponent]) => Float64Array.from(values, (value) => value * 2 ** exponent))

  test('stand for the vector within half a step, whatever its size', () => {
    fc.assert(
      fc.property(vectors, (vector) => {
        const { scale, values } = quantizeRow(vector)
        if (scale === 0) {
          expect(vector.every((value) => Math.abs(value) * 2 ** 32 < 64)).toBe(true)
          return
        }
        expect(Math.max(...values.map(Math.abs))).toBeGreaterThanOrEqual(64)
        vector.forEach((value, i) => {
          // the scale itself is rounded, which moves the largest value by half a unit in 127
          expect(Math.abs((values[i]! * scale) / 2 ** 32 - value)).toBeLessThanOrEqual(
            (scale / 2 + 64) / 2 ** 32,
          )
        })
      }),
    )
  })

  test('of one record and of a thousand are equally sharp', () => {
    const vector = Float64Array.of(0.1, -0.04, 0.022)
    const small = quantizeRow(vector)
    const large = quantizeRow(vector.map((value) => 300 * value))
    expect([...large.values]).toEqual([...small.values])
    expect(large.scale / small.scale).toBeCloseTo(300, 4)
  })

  test('of zeros have the scale zero; what is too long or not finite is refused', () => {
    expect(quantizeRow(new Float64Array(3))).toEqual({ scale: 0, values: new Int8Array(3) })
    expect(codeOf(() => quantizeRow(Float64Array.of(127.5, 0)))).toBe('LIMIT_EXCEEDED')
    expect(codeOf(() => quantizeRow(Float64Array.of(Number.NaN)))).toBe('BAD_DATASET')
  })

  test('are written as a big-endian scale and one byte a value', () => {
    const row = { scale: 0x01020304, values: Int8Array.of(-127, 0, 64) }
    expect(bytesToHex(encodeRow(row))).toBe('0x01020304810040')
    expect(decodeRow(encodeRow(row), 3)).toEqual(row)
    expect(codeOf(() => decodeRow(encodeRow(row), 4))).toBe('BAD_ENCODING')
  })
})

test('a query is rounded to 25 steps a deviation, halves up, within ±127', () => {
  const k = 4
  const deviation = 1 / Math.sqrt(k)
  const feature = Float64Array.of(deviation, -deviation * 0.06, deviation * 6, -deviation * 6)
  expect([...quantizeQuery(feature)]).toEqual([25, -1, 127, -127])
})

test('the root is the Merkle tree hash of RFC 6962 with keccak256', () => {
  const rows = [1, 2, 3, 4, 5].map((scale) => ({ scale, values: Int8Array.of(scale, -scale) }))
  const leaf = (i: number) => keccak256(`0x00${bytesToHex(encodeRow(rows[i]!)).slice(2)}`)
  const node = (left: string, right: string) => keccak256(`0x01${left.slice(2)}${right.slice(2)}`)
  expect(rowsRoot(rows.slice(0, 1))).toBe(leaf(0))
  expect(rowsRoot(rows.slice(0, 3))).toBe(node(node(leaf(0), leaf(1)), leaf(2)))
  const four = node(node(leaf(0), leaf(1)), node(leaf(2), leaf(3)))
  expect(rowsRoot(rows)).toBe(node(four, leaf(4)))
})
