import { describe, expect, test } from 'vitest'
import {
  AUDIT_DIGEST_K,
  auditDigest,
  compareQueryRows,
  DIGEST_TOLERANCE_BITS,
  digestDistance,
  digestsAgree,
  rowsMatch,
} from '../../../../src/ai/attribution/audit.ts'
import { Projection } from '../../../../src/ai/attribution/projection.ts'
import { isNodeError } from '../../../../src/errors/errors.ts'
import { numbers, seedOf } from '../../../support/models.ts'

describe('query rows of 1024 coordinates', () => {
  const honest = Int8Array.from({ length: 1024 }, (_, i) => (i % 200) - 100)
  const bent = (count: number, by: number) => honest.map((value, i) => (i < count ? value + by : value))
  test.each([
    [0, 0, 'ok'],
    [8, 1, 'ok'],
    [8, -1, 'ok'],
    [9, 1, 'refund'],
    [1, 2, 'refund'],
    [80, 10, 'refund'],
    [81, 1, 'slash'],
    [1, 11, 'slash'],
    [1024, 1, 'slash'],
  ] as const)('with %d of them off by %d: %s', (count, by, verdict) => {
    expect(compareQueryRows(honest, bent(count, by))).toBe(verdict)
    expect(compareQueryRows(bent(count, by), honest)).toBe(verdict)
  })

  test('of different lengths cannot be compared', () => {
    let error: unknown
    try {
      compareQueryRows(honest, honest.slice(1))
    } catch (caught) {
      error = caught
    }
    expect(isNodeError(error, 'BAD_RECEIPT')).toBe(true)
  })
})

describe('published rows', () => {
  const values = Int8Array.from({ length: 512 }, (_, i) => (i % 250) - 125)
  const bent = (count: number) => values.map((value, i) => (i < count ? value + 1 : value))
  test.each([
    [1_000_000, 1_000_100, 4, true],
    [1_000_000, 1_000_101, 0, false],
    [3, 4, 0, true],
    [3, 5, 0, false],
    [1_000_000, 1_000_000, 5, false],
  ])('of scales %d and %d, %d values off by one: %s', (scale, ownScale, count, match) => {
    const published = { scale, values }
    const own = { scale: ownScale, values: bent(count) }
    expect([rowsMatch(published, own), rowsMatch(own, published)]).toEqual([match, match])
  })
})

describe('the digest under a second seed', () => {
  const draw = numbers(4)
  const gradient = Float32Array.from({ length: 15_000 }, () => draw())
  const projection = new Projection(seedOf(1), gradient.length, AUDIT_DIGEST_K)
  const digest = auditDigest(gradient, projection)
  const noisy = (relative: number) => gradient.map((value) => value * (1 + relative * draw()))

  test('has one bit for the sign of each coordinate', () => {
    const bytes = Buffer.from(digest.slice(2), 'hex')
    projection.feature(gradient).forEach((value, i) => {
      expect((bytes[i >> 3]! >> (i & 7)) & 1).toBe(value > 0 ? 1 : 0)
    })
  })

  test('of honest machines agrees, though their floats differ in the last bits', () => {
    for (let run = 0; run < 20; run++) {
      expect(digestsAgree(digest, auditDigest(noisy(1e-5), projection))).toBe(true)
    }
  })

  test('of another gradient, another seed, or a part of the gradient disagrees', () => {
    const other = Float32Array.from({ length: gradient.length }, () => draw())
    expect(digestDistance(digest, auditDigest(other, projection))).toBeGreaterThan(90)
    const elsewhere = auditDigest(gradient, new Projection(seedOf(2), gradient.length, AUDIT_DIGEST_K))
    expect(digestDistance(digest, elsewhere)).toBeGreaterThan(90)
    // without a tenth of the squared length the angle is 18 degrees: about 26 bits
    const partial = gradient.map((value, i) => (i < 1500 ? 0 : value))
    expect(digestDistance(digest, auditDigest(partial, projection))).toBeGreaterThan(DIGEST_TOLERANCE_BITS)
  })
})
