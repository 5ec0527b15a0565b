import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { allocatePot } from '../../../../precompiles/proofOfAttribution/windowShares.ts'
import { decodePlaces, encodePlaces } from '../../../../precompiles/proofOfAttribution/windowTombstones.ts'
import type { Address } from '../../../../src/primitives/hex.ts'
import { contribution, nearMinhash } from '../../../support/precompileWorld.ts'
import { contributors, Fixture, owner, scorer, stranger } from './fixture.ts'
import { expectedPay, type ScoredMember } from './recompute.ts'

const from = stranger.address
const lower = (address: string) => address.toLowerCase() as Address

function members(f: Fixture, datanetId = f.datanetId): readonly ScoredMember[] {
  return f.world.datanets.read('versionMembers', [datanetId, 1, 0, 256]) as readonly ScoredMember[]
}

function tombstone(f: Fixture, ...places: number[]): bigint[] {
  return places.map((place) => {
    const { contributionId, contributor } = members(f)[place]!
    f.world.datanets.send('tombstone', [contributionId], { from: lower(contributor) })
    return contributionId
  })
}

/** A window whose receipts have all ended; nothing is scored yet. */
function ready(f: Fixture): void {
  const receipts = Array.from({ length: 4 }, () => f.receipt())
  f.settle(...receipts)
  f.pastChallenge()
  f.finalize(receipts)
}

const sharesOf = (f: Fixture) => f.attribution.read('windowShares', [f.adapterId, 1n, 0, 256])
function expectedShares(f: Fixture, tombstoned: readonly bigint[]): bigint[] {
  const { potWei, closersWei } = f.attribution.read('getWindow', [f.adapterId, 1n])
  const scores = f.attribution.read('windowScores', [f.adapterId, 1n, 0, 256])
  return expectedPay(potWei - closersWei, members(f), scores, tombstoned)
}

describe('members that are tombstoned', () => {
  it('get nothing of a window, and the others what they leave', () => {
    const f = new Fixture({ withAuditors: false })
    ready(f)
    const gone = tombstone(f, 0, 3)
    f.close()
    const expected = expectedShares(f, gone)
    expect(expected.reduce((a, b) => a + b, 0n) > 0n).toBe(true)
    expect(sharesOf(f)).toEqual(expected)
    // places 0 and 3 are all that the first contributor has
    expect(f.credits(contributors[0])).toBe(0n)
    expect(f.attribution.read('totals').potsWei).toBe(0n)
    expect(f.booksBalance()).toBe(0n)
  })

  it('are those of the first pay call, in every later one', () => {
    const f = new Fixture({ withAuditors: false })
    ready(f)
    f.close(1)
    expect(f.attribution.read('getWindow', [f.adapterId, 1n])).toMatchObject({ state: 3, paidMembers: 0 })
    // until somebody is paid, a tombstone still counts
    const gone = tombstone(f, 2)
    const expected = expectedShares(f, gone)
    expect(sharesOf(f)).toEqual(expected)
    f.close(1)
    // and from then on no further one does
    tombstone(f, 4, 5)
    expect(sharesOf(f)).toEqual(expected)
    expect([f.close(2).value, f.close(9).value]).toEqual([
      [1n, 3],
      [1n, 4],
    ])
    expect(sharesOf(f)).toEqual(expected)
    const paid = f.attribution.history().filter(({ name }) => name === 'ContributionPaid')
    expect(paid.map(({ args }) => args.amountWei)).toEqual(expected.filter((wei) => wei > 0n))
    expect(f.attribution.read('totals').potsWei).toBe(0n)
  })

  it('do not count in windows that had none when the first member was paid', () => {
    const f = new Fixture({ withAuditors: false })
    ready(f)
    f.close(7)
    const before = sharesOf(f)
    tombstone(f, 1, 2, 3, 4, 5)
    f.close()
    expect(sharesOf(f)).toEqual(before)
    expect(f.attribution.read('totals').potsWei).toBe(0n)
  })

  it('leave their cluster’s pay to its other members', () => {
    const f = new Fixture({ withAuditors: false })
    const original = contribution(100, contributors[0], { recordCount: 10 })
    const copy = contribution(101, contributors[1], { minhash: nearMinhash(original.minhash, 6) })
    const datanetId = f.world.frozenDatanet(owner, scorer, [original, copy])
    const [first, second] = members(f, datanetId) as [ScoredMember, ScoredMember]
    expect(second.leaderId).toBe(first.leaderId)
    const pay = (list: readonly ScoredMember[], leftOut: number[]) =>
      allocatePot(1000n, list as never, [30n, 10n], new Set(leftOut)).amountsWei
    expect(pay([first, second], [0])).toEqual([0n, 1000n])
    expect(pay([first, second], [1])).toEqual([1000n, 0n])
    expect(pay([first, second], [0, 1])).toEqual([0n, 0n])
  })
})

describe('the division without tombstoned members', () => {
  const list = fc
    .array(
      fc.record({
        cluster: fc.nat(6),
        noveltyBps: fc.oneof(fc.constant(0), fc.nat(10_000)),
        recordCount: fc.integer({ min: 1, max: 1_000_000 }),
        score: fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }),
        gone: fc.boolean(),
      }),
      { minLength: 1, maxLength: 25 },
    )
    .map((all) =>
      all.map((one, index) => ({
        ...one,
        contributionId: BigInt(all.length - index),
        leaderId: BigInt(one.cluster + 1),
        contributor: `0x${'11'.repeat(20)}` as const,
        flags: 0,
      })),
    )

  it('is what a plain recomputation gives', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 21n }), list, (potWei, all) => {
        const scores = all.map(({ score }) => score)
        const places = new Set(all.flatMap(({ gone }, place) => (gone ? [place] : [])))
        const gone = all.filter((one) => one.gone).map(({ contributionId }) => contributionId)
        const { amountsWei } = allocatePot(potWei, all, scores, places)
        expect(amountsWei).toEqual(expectedPay(potWei, all, scores, gone))
      }),
      { numRuns: 300 },
    )
  })

  it('keeps the places of any set of members', () => {
    const sets = fc
      .integer({ min: 1, max: 600 })
      .chain((count) => fc.uniqueArray(fc.nat(count - 1)).map((places) => ({ count, places })))
    fc.assert(
      fc.property(sets, ({ count, places }) => {
        const bytes = encodePlaces(new Set(places), count)
        expect(bytes.length).toBe(Math.ceil(count / 8))
        expect([...decodePlaces(bytes)]).toEqual([...places].sort((a, b) => a - b))
      }),
    )
  })
})

describe('closing for several adapters', () => {
  it('works on each in its turn with one budget, and skips what is not ready', () => {
    const f = new Fixture({ withAuditors: false })
    const other = f.world.activeAdapter(owner, f.baseModelId, [f.datanetId], f.rows)
    const idle = f.world.activeAdapter(owner, f.baseModelId, [f.datanetId], f.rows)
    const receipts = [f.adapterId, f.adapterId, other].flatMap((adapterId) =>
      Array.from({ length: 4 }, () => f.receipt({ adapterId })),
    )
    f.settle(...receipts.slice(0, 4))
    f.settle(...receipts.slice(4))
    f.pastChallenge()
    f.finalize(receipts)
    const close = (ids: readonly bigint[], maxWork: number) =>
      f.attribution.send('closeWindows', [ids, maxWork], { from }).value
    // 6 rows scored and one member paid, nothing left for the other
    expect(close([99n, f.adapterId, other], 7)).toEqual([
      [0n, 1n, 0n],
      [0, 3, 0],
    ])
    // 5 members, then all of the second window, then 2 of the other's rows, which is all of its piece
    expect(close([f.adapterId, f.adapterId, idle, other], 19)).toEqual([
      [1n, 2n, 0n, 1n],
      [4, 4, 0, 3],
    ])
    expect(close([other], 100)).toEqual([[1n], [4]])
    expect(close([f.adapterId, other, idle], 100)).toEqual([
      [0n, 0n, 0n],
      [0, 0, 0],
    ])
    expect(f.attribution.read('totals').potsWei).toBe(0n)
    expect(f.booksBalance()).toBe(0n)
  })
})
