import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decide,
  isOnSide,
  lowerMedian,
  packReport,
  quorumOf,
  unpackReport,
  type WeighedReport,
} from '../../../../precompiles/datanet/decision.ts'
import { bountyOf, payOf, sharePurse } from '../../../../precompiles/datanet/pay.ts'

const report = fc.record({
  qualityBps: fc.oneof(fc.nat(10_000), fc.constantFrom(0, 4999, 5000, 5001, 10_000)),
  differs: fc.boolean(),
  reason: fc.nat(7),
  seat: fc.nat(63),
  weight: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 65_535 })),
})
const reports = fc.array(report, { minLength: 1, maxLength: 12 })
const made = (qualityBps: number, weight = 1, rest: Partial<WeighedReport> = {}): WeighedReport => ({
  qualityBps,
  weight,
  differs: false,
  reason: 0,
  seat: 0,
  ...rest,
})

/** Every report as many times as it weighs, in order: what a weighted median is about. */
const spread = (list: readonly WeighedReport[]) =>
  list.flatMap(({ qualityBps, weight }) => Array<number>(weight).fill(qualityBps)).sort((a, b) => a - b)

describe('the weighted median', () => {
  it('is the lower middle one of the reports, each taken as often as it weighs', () => {
    const light = fc
      .array(report, { minLength: 1, maxLength: 12 })
      .map((list) => list.map((one) => ({ ...one, weight: 1 + (one.weight % 40) })))
    fc.assert(
      fc.property(light, (list) => {
        const all = spread(list)
        expect(lowerMedian(list)).toBe(all[Math.ceil(all.length / 2) - 1])
      }),
    )
  })

  it('has at least half of the weight on either side of it, and no smaller quality has', () => {
    fc.assert(
      fc.property(reports, (list) => {
        const median = lowerMedian(list)
        const weigh = (keep: (quality: number) => boolean) =>
          list.filter(({ qualityBps }) => keep(qualityBps)).reduce((sum, { weight }) => sum + weight, 0)
        const total = weigh(() => true)
        expect(weigh((quality) => quality <= median) * 2).toBeGreaterThanOrEqual(total)
        expect(weigh((quality) => quality < median) * 2).toBeLessThan(total)
        expect(list.map(({ qualityBps }) => qualityBps)).toContain(median)
      }),
    )
  })

  it('does not depend on the order of the reports', () => {
    const shuffled = reports.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
    )
    fc.assert(
      fc.property(shuffled, ([list, other]) => {
        expect(lowerMedian(other)).toBe(lowerMedian(list))
      }),
    )
  })
})

describe('a decision', () => {
  it.each([
    { what: 'two reports where three are needed', list: [made(9000), made(9000)], outcome: 'noQuorum' },
    {
      what: 'half of the weight differing',
      list: [made(9000, 2, { differs: true }), made(9000), made(9000)],
      outcome: 'accepted',
    },
    {
      what: 'more than half of the weight differing, in one report of three',
      list: [made(9000, 3, { differs: true }), made(9000), made(9000)],
      outcome: 'refuted',
    },
    { what: 'the threshold itself', list: [made(5000), made(5000), made(5000)], outcome: 'accepted' },
    { what: 'less than the threshold', list: [made(4999), made(4999), made(9000)], outcome: 'rejected' },
    { what: 'a heavy report below it', list: [made(100, 3), made(9000), made(9000)], outcome: 'rejected' },
    { what: 'a heavy report above it', list: [made(9000, 3), made(100), made(100)], outcome: 'accepted' },
  ])('by $what is $outcome', ({ list, outcome }) => {
    expect(decide(list, 3, 5000).outcome).toBe(outcome)
  })

  it('of rejection has the heaviest reason below the threshold, the lower one among equals', () => {
    const by = (...pairs: readonly (readonly [reason: number, weight: number, quality?: number])[]) =>
      decide(
        pairs.map(([reason, weight, quality = 100]) => made(quality, weight, { reason })),
        3,
        5000,
      ).reason
    expect(by([3, 1], [6, 2], [3, 2])).toBe(3)
    expect(by([6, 2], [3, 2], [0, 1])).toBe(3)
    expect(by([0, 2], [3, 2], [6, 1])).toBe(0)
    // a reason of a good report does not count
    expect(by([6, 1], [6, 1], [2, 9, 9000], [2, 9])).toBe(2)
    expect(by([6, 3], [2, 2], [2, 3, 9000])).toBe(6)
    expect(decide([made(9000, 1, { reason: 5 }), made(9000), made(9000)], 3, 5000).reason).toBe(0)
  })

  it('always has one of four outcomes, and a quality that somebody reported', () => {
    fc.assert(
      fc.property(reports, fc.integer({ min: 1, max: 3 }), fc.nat(10_000), (list, quorum, threshold) => {
        const { outcome, qualityBps, reason } = decide(list, quorum, threshold)
        const differing = list.filter((one) => one.differs).reduce((sum, one) => sum + one.weight, 0)
        const total = list.reduce((sum, one) => sum + one.weight, 0)
        if (list.length < quorum) expect(outcome).toBe('noQuorum')
        else if (differing > total / 2) expect(outcome).toBe('refuted')
        else expect(outcome).toBe(qualityBps >= threshold ? 'accepted' : 'rejected')
        if (outcome === 'accepted' || outcome === 'rejected') {
          expect(list.map((one) => one.qualityBps)).toContain(qualityBps)
        } else expect(qualityBps).toBe(0)
        if (outcome !== 'rejected') expect(reason).toBe(0)
      }),
    )
  })

  it('is on the side of at least one report, and of those that refute only where they did', () => {
    fc.assert(
      fc.property(reports, fc.nat(10_000), (list, threshold) => {
        const decision = decide(list, 1, threshold)
        const onSide = list.filter((one) => isOnSide(one, decision, threshold))
        for (const one of onSide) expect(one.differs).toBe(decision.outcome === 'refuted')
        if (decision.outcome === 'refuted') expect(onSide.length).toBeGreaterThan(0)
      }),
    )
  })
})

describe('the quorum', () => {
  it('is three in an open Datanet, and the lesser of three and the panel elsewhere', () => {
    expect([0, 1, 2, 3, 64].map((size) => quorumOf(false, size))).toEqual([1, 1, 2, 3, 3])
    expect([3, 5, 64].map((size) => quorumOf(true, size))).toEqual([3, 3, 3])
  })
})

describe('a scorer’s pay', () => {
  it.each([
    { tests: 0, hits: 0, pay: 1000n },
    { tests: 3, hits: 0, pay: 1000n },
    { tests: 4, hits: 4, pay: 1000n },
    { tests: 4, hits: 3, pay: 500n },
    { tests: 4, hits: 2, pay: 0n },
    { tests: 4, hits: 0, pay: 0n },
    { tests: 7, hits: 5, pay: 428n },
  ])('is $pay after $hits hits in $tests tests', ({ pay, ...accuracy }) => {
    expect(payOf(1000n, accuracy)).toBe(pay)
  })

  it('is never more than the terms say, and never less for one more hit', () => {
    const accuracy = fc.nat(10_000).chain((tests) => fc.tuple(fc.constant(tests), fc.nat(tests)))
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 1n << 96n }), accuracy, (wei, [tests, hits]) => {
        const pay = payOf(wei, { tests, hits })
        expect(pay >= 0n && pay <= wei).toBe(true)
        if (hits < tests) expect(payOf(wei, { tests, hits: hits + 1 }) >= pay).toBe(true)
      }),
    )
  })

  it('together never takes more than the purse has, nor any more than its own', () => {
    const pays = fc.array(fc.bigInt({ min: 0n, max: 1000n }), { maxLength: 64 })
    fc.assert(
      fc.property(pays, fc.bigInt({ min: 0n, max: 20_000n }), (list, purse) => {
        const shares = sharePurse(list, purse)
        const total = shares.reduce((sum, share) => sum + share, 0n)
        expect(total <= purse).toBe(true)
        expect(shares.every((share, index) => share >= 0n && share <= list[index]!)).toBe(true)
        if (list.reduce((sum, pay) => sum + pay, 0n) <= purse) expect(shares).toEqual(list)
      }),
    )
    expect(sharePurse([100n, 10n, 0n, 50n], 91n)).toEqual([30n, 10n, 0n, 30n])
  })
})

describe('a bounty', () => {
  it.each([
    { perRecord: 7n, records: 3, novelty: 10_000, bounty: 21n },
    { perRecord: 7n, records: 3, novelty: 5000, bounty: 10n },
    { perRecord: 7n, records: 3, novelty: 0, bounty: 0n },
    { perRecord: 1n, records: 1, novelty: 9999, bounty: 0n },
  ])('for $records records at $perRecord wei with a novelty of $novelty is $bounty', (one) => {
    expect(bountyOf(one.perRecord, one.records, one.novelty)).toBe(one.bounty)
  })
})

describe('a stored report', () => {
  it('is the report again, and fits 32 bits', () => {
    const plain = fc.record({ qualityBps: fc.nat(10_000), differs: fc.boolean(), reason: fc.nat(7) })
    fc.assert(
      fc.property(plain, (one) => {
        expect(packReport(one) < 1n << 18n).toBe(true)
        expect(unpackReport(packReport(one))).toEqual(one)
      }),
    )
  })
})
