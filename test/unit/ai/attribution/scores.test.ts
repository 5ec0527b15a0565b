import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  largestRemainder,
  type Member,
  queryWeight,
  scoreRow,
  settleWindow,
  shiftToInt16,
  sumQueries,
  withoutClusters,
} from '../../../../src/ai/attribution/scores.ts'

const member = (id: number, leaderId = id, noveltyBps = 10_000, recordCount = 1): Member => ({
  id,
  leaderId,
  noveltyBps,
  recordCount,
})
const row = (scale: number, ...values: number[]) => ({ scale, values: Int8Array.from(values) })

test('the weight of a query follows its fee, within 1 and 4095', () => {
  expect([0n, 1n, 100n, 150n, 10_000n].map((fee) => queryWeight(fee, 100n))).toEqual([1, 2, 256, 384, 4095])
})

describe('the shift', () => {
  test.each([
    [[32_767n, -32_768n], 0, [32_767, -32_768]],
    [[32_768n, 1n, -1n], 1, [16_384, 0, -1]],
    [[-32_769n], 1, [-16_385]],
    [[(1n << 40n) - 1n, -(1n << 39n)], 25, [32_767, -16_384]],
  ] as const)('of sum %# is as many bits as needed, towards minus infinity', (sum, shift, query) => {
    const result = shiftToInt16(sum)
    expect(result.shift).toBe(shift)
    expect([...result.query]).toEqual(query)
  })

  test('is the least that fits', () => {
    fc.assert(
      fc.property(
        fc.array(fc.bigInt({ min: -(2n ** 50n), max: 2n ** 50n }), { minLength: 1, maxLength: 8 }),
        (sum) => {
          const { shift, query } = shiftToInt16(sum)
          sum.forEach((value, i) => {
            expect(BigInt(query[i]!)).toBe(value >> BigInt(shift))
          })
          const fits = (bits: number) =>
            sum.every((value) => BigInt.asIntN(16, value >> BigInt(bits)) === value >> BigInt(bits))
          expect(fits(shift)).toBe(true)
          if (shift > 0) expect(fits(shift - 1)).toBe(false)
        },
      ),
    )
  })
})

test('a score is exact at the largest values of all', () => {
  const k = 4096
  const query = new Int16Array(k).fill(-32_768)
  const values = new Int8Array(k).fill(127)
  expect(scoreRow(query, { scale: 2 ** 32 - 1, values })).toBe(-32_768n * 127n * BigInt(k) * (2n ** 32n - 1n))
})

describe('the largest remainder', () => {
  test('adds up to the pot, gives each its share within one wei, and more weight never less', () => {
    const weights = fc.array(fc.bigInt({ min: 0n, max: 2n ** 70n }), { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 20n }), weights, (pot, parts) => {
        const total = parts.reduce((a, b) => a + b, 0n)
        const paid = largestRemainder(pot, parts)
        expect(paid.reduce((a, b) => a + b, 0n)).toBe(total === 0n ? 0n : pot)
        parts.forEach((weight, i) => {
          if (total > 0n) expect([0n, 1n]).toContain(paid[i]! - (pot * weight) / total)
          parts.forEach((other, j) => {
            if (weight > other) expect(paid[i]! >= paid[j]!).toBe(true)
          })
        })
      }),
    )
  })

  test('breaks ties for the earlier place', () => {
    expect(largestRemainder(2n, [1n, 1n, 1n])).toEqual([1n, 1n, 0n])
  })
})

describe('a window', () => {
  const queries = [
    { row: Int8Array.of(10, -4, 0), weight: 256 },
    { row: Int8Array.of(6, 2, -8), weight: 512 },
  ]
  // the sum is 5632, 0, −4096
  test('is worked out as the interface says, by hand', () => {
    expect(sumQueries(queries, 3)).toEqual([5632n, 0n, -4096n])
    const rows = [row(2, 1, 0, 0), row(1, 0, 100, 0), row(1, 0, 0, 1), row(3, 1, 1, 1), row(1, 2, 0, 0)]
    // scores: 11264, 0, −4096, 4608, 11264
    const members = [member(1), member(2), member(3), member(4), member(5, 1, 5000, 2)]
    const result = settleWindow({ queries, potWei: 1000n }, rows, members)
    expect(result.scores).toEqual([11_264n, 0n, -4096n, 4608n, 11_264n])
    // clusters: {1, 5} 22528, {2} 0, {3} −4096, {4} 4608: 830.19 and 169.81 of 1000
    expect(result.paidWei).toEqual([415n, 0n, 0n, 170n, 415n])
    expect(result.attributed).toBe(true)
  })

  test('a bad member of a cluster counts against the cluster', () => {
    const rows = [row(1, 1, 0, 0), row(1, -2, 0, 0), row(1, 1, 0, 0)]
    const members = [member(1), member(2, 1, 1000), member(3)]
    expect(settleWindow({ queries, potWei: 90n }, rows, members).paidWei).toEqual([0n, 0n, 90n])
    expect(settleWindow({ queries, potWei: 90n }, rows, withoutClusters(members)).paidWei).toEqual([
      45n,
      0n,
      45n,
    ])
  })

  test('without a positive score goes to all by records and novelty', () => {
    const rows = [row(1, -1, 0, 0), row(0, 0, 0, 0)]
    const members = [member(1, 1, 10_000, 3), member(2, 1, 5000, 2)]
    const result = settleWindow({ queries, potWei: 100n }, rows, members)
    expect(result).toMatchObject({ attributed: false, paidWei: [75n, 25n] })
  })

  test('pays out the whole pot, and nothing to a member whose cluster hurt', () => {
    const values = fc.array(fc.integer({ min: -127, max: 127 }), { minLength: 5, maxLength: 5 })
    const rowsOf = fc.array(fc.tuple(fc.integer({ min: 0, max: 2 ** 32 - 1 }), values), {
      minLength: 3,
      maxLength: 8,
    })
    const asked = fc.array(fc.tuple(values, fc.integer({ min: 1, max: 4095 })), {
      minLength: 1,
      maxLength: 5,
    })
    fc.assert(
      fc.property(rowsOf, asked, fc.bigInt({ min: 0n, max: 10n ** 18n }), (drawn, queried, potWei) => {
        const rows = drawn.map(([scale, list]) => row(scale, ...list))
        const members = rows.map((_, i) =>
          member(i + 1, i % 3 === 2 ? i : i + 1, i % 3 === 2 ? 500 : 10_000, i + 1),
        )
        const window = {
          queries: queried.map(([list, weight]) => ({ row: Int8Array.from(list), weight })),
          potWei,
        }
        const result = settleWindow(window, rows, members)
        expect(result.paidWei.reduce((a, b) => a + b, 0n)).toBe(potWei)
        if (!result.attributed) return
        members.forEach(({ leaderId }, i) => {
          const sum = members.reduce(
            (total, other, j) => total + (other.leaderId === leaderId ? result.scores[j]! : 0n),
            0n,
          )
          if (sum <= 0n) expect(result.paidWei[i]).toBe(0n)
        })
      }),
    )
  })
})
