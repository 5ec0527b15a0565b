import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  divideOverDatanets,
  grow,
  partOf,
  totalWeightOf,
  weightOf,
} from '../../../../precompiles/proofOfAttribution/remainders.ts'
import type { Address } from '../../../../src/primitives/hex.ts'
import { account, contribution, makeRow } from '../../../support/precompileWorld.ts'
import { contributors, Fixture, owner, scorer, stranger } from './fixture.ts'
import { expectedWeights, hamilton, type ScoredMember } from './recompute.ts'

const sum = (list: readonly bigint[]) => list.reduce((a, b) => a + b, 0n)
const from = stranger.address
const lower = (address: string) => address.toLowerCase() as Address

/** An adapter all of whose rows are one, and a query against it: no cluster can earn anything. */
function against(f: Fixture, datanetIds: readonly bigint[], members: number): bigint {
  const rows = Array.from({ length: members }, () => makeRow(16, 4))
  return f.world.activeAdapter(owner, f.baseModelId, datanetIds, rows)
}
const opposite = Uint8Array.from(
  Int8Array.from(makeRow(16, 4).subarray(4), (v) => -Math.trunc(((v << 24) >> 24) / 4)),
)

/** Closes one window of the adapter that nobody earned; returns what was divided. */
function unearned(f: Fixture, adapterId: bigint): bigint {
  const receipts = Array.from({ length: 4 }, () => f.receipt({ adapterId, queryRow: opposite }))
  f.settle(...receipts)
  f.pastChallenge()
  f.finalize(receipts)
  const [windowIndex] = f.attribution.send('closeWindow', [adapterId, 1000], { from }).value
  const { potWei, closersWei, state } = f.attribution.read('getWindow', [adapterId, windowIndex])
  expect(state).toBe(4)
  expect(f.attribution.read('windowScores', [adapterId, windowIndex, 0, 256]).every((s) => s < 0n)).toBe(true)
  expect(sum(f.attribution.read('windowShares', [adapterId, windowIndex, 0, 256]))).toBe(0n)
  return potWei - closersWei
}

function membersOf(f: Fixture, datanetId: bigint): readonly ScoredMember[] {
  return f.world.datanets.read('versionMembers', [datanetId, 1, 0, 256]) as readonly ScoredMember[]
}

const claim = (f: Fixture, datanetId: bigint, members: readonly number[]) =>
  f.attribution.send('claimRemainder', [datanetId, 1, members], { from })
const due = (f: Fixture, datanetId: bigint, member: number) =>
  f.attribution.read('remainderOf', [datanetId, 1, member])

describe('the pot of a window that nobody earned', () => {
  it('goes to the contributors by records and novelty, when they claim it', () => {
    const f = new Fixture({ withAuditors: false })
    const adapterId = against(f, [f.datanetId], 6)
    const potWei = unearned(f, adapterId)
    const closed = f.attribution.history().findLast((event) => event.name === 'WindowClosed')
    expect(closed?.args).toMatchObject({ attributed: false, paidWei: potWei })
    expect(f.attribution.read('totals').potsWei).toBe(potWei)
    for (const contributor of contributors) expect(f.credits(contributor)).toBe(0n)

    const weights = expectedWeights(membersOf(f, f.datanetId))
    const expected = weights.map((weight) => (potWei * weight) / sum(weights))
    const dues = weights.map((_, member) => due(f, f.datanetId, member))
    // the sum for each unit of weight is a floor too, by less than 2^−64 wei for each unit
    dues.forEach((wei, member) => {
      expect(expected[member]! - wei).toBeGreaterThanOrEqual(0n)
      expect(expected[member]! - wei).toBeLessThanOrEqual(1n)
    })
    const { value, events } = claim(f, f.datanetId, [0, 1, 2, 3, 4, 5])
    expect(value).toBe(sum(dues))
    expect(events.map((event) => [event.name, event.args.amountWei])).toEqual(
      dues.map((wei) => ['RemainderPaid', wei]),
    )
    contributors.forEach((contributor, n) => {
      expect(f.credits(contributor)).toBe(dues[n]! + dues[n + 3]!)
    })
    expect(potWei - value).toBeLessThan(6n)
    expect(f.attribution.read('totals').potsWei).toBe(potWei - value)
    expect(claim(f, f.datanetId, [0, 1, 2, 3, 4, 5]).value).toBe(0n)
    expect(f.booksBalance()).toBe(0n)
  })

  it('is divided over the Datanets by the weight of their members', () => {
    const f = new Fixture({ withAuditors: false })
    const specs = [7, 8, 9].map((n) => contribution(500 + n, account(20 + n), { recordCount: 100 * n }))
    const other = f.world.frozenDatanet(owner, scorer, specs)
    const adapterId = against(f, [f.datanetId, other], 9)
    const ids = [f.datanetId, other]
    const totals = ids.map((id) => sum(expectedWeights(membersOf(f, id))))
    const parts = hamilton(unearned(f, adapterId), totals)
    const added = f.attribution.history().filter(({ name }) => name === 'RemainderAdded')
    expect(added.map(({ args }) => [args.datanetId, args.version, args.adapterId, args.amountWei])).toEqual(
      ids.map((id, index) => [id, 1, adapterId, parts[index]]),
    )
    expect(due(f, other, 0)).toBe((parts[1]! * 700n * 10_000n) / totals[1]!)
    // and a second pot comes on top, whether a member was paid meanwhile or not
    const first = claim(f, other, [0]).value
    const again = hamilton(unearned(f, adapterId), totals)
    const whole = ((parts[1]! + again[1]!) * 700n * 10_000n) / totals[1]!
    const paid = first + claim(f, other, [0, 0]).value
    expect(whole - paid).toBeGreaterThanOrEqual(0n)
    expect(whole - paid).toBeLessThanOrEqual(2n)
    expect(f.booksBalance()).toBe(0n)
  })

  it('does not pay members that are tombstoned, and leaves what others get as it is', () => {
    const f = new Fixture({ withAuditors: false })
    unearned(f, against(f, [f.datanetId], 6))
    const before = [0, 1, 2].map((member) => due(f, f.datanetId, member))
    const { contributionId, contributor } = membersOf(f, f.datanetId)[1]!
    f.world.datanets.send('tombstone', [contributionId], { from: lower(contributor) })
    expect([0, 1, 2].map((member) => due(f, f.datanetId, member))).toEqual([before[0], 0n, before[2]])
    const { value, events } = claim(f, f.datanetId, [0, 1, 2])
    expect(value).toBe(before[0]! + before[2]!)
    expect(events.map(({ args }) => args.contributionId)).not.toContain(contributionId)
    expect(f.booksBalance()).toBe(0n)
  })

  it('is there when only tombstoned members earned something', () => {
    const f = new Fixture({ withAuditors: false })
    const rows = [makeRow(16, 4), ...Array.from({ length: 5 }, () => new Uint8Array(20))]
    const adapterId = f.world.activeAdapter(owner, f.baseModelId, [f.datanetId], rows)
    const towards = Uint8Array.from(Int8Array.from(opposite, (v) => -((v << 24) >> 24)))
    const receipts = Array.from({ length: 4 }, () => f.receipt({ adapterId, queryRow: towards }))
    f.settle(...receipts)
    f.pastChallenge()
    f.finalize(receipts)
    const [{ contributionId, contributor }] = membersOf(f, f.datanetId) as [ScoredMember]
    f.world.datanets.send('tombstone', [contributionId], { from: lower(contributor) })
    f.attribution.send('closeWindow', [adapterId, 1000], { from })
    expect(f.attribution.history().at(-2)).toMatchObject({
      name: 'WindowClosed',
      args: { attributed: false },
    })
    expect(due(f, f.datanetId, 0)).toBe(0n)
    expect(due(f, f.datanetId, 1) > 0n).toBe(true)
  })
})

describe('sums for each unit of weight', () => {
  const member = fc.record({
    recordCount: fc.integer({ min: 1, max: 1_000_000 }),
    noveltyBps: fc.oneof(fc.constant(0), fc.nat(10_000)),
  })
  const members = fc.array(member, { minLength: 1, maxLength: 30 }).map((list) =>
    list.map((one, index) => ({
      ...one,
      contributionId: BigInt(index + 1),
      leaderId: BigInt(index + 1),
      contributor: `0x${'11'.repeat(20)}` as const,
      flags: 0,
    })),
  )
  const wei = fc.bigInt({ min: 0n, max: 10n ** 22n })
  /** A pot, or a claim of some members. */
  const step = fc.oneof(
    fc.record({ potWei: wei }),
    fc.record({ claims: fc.array(fc.nat(29), { minLength: 1, maxLength: 10 }) }),
  )

  it('never pay more than came in, and each member its part within a wei for each claim', () => {
    fc.assert(
      fc.property(members, fc.array(step, { maxLength: 25 }), (list, steps) => {
        const { totalWeight, byRecords } = totalWeightOf(list)
        const plain = expectedWeights(list)
        expect(totalWeight).toBe(sum(plain))
        let sums = { perWeightX64: 0n, carry: 0n }
        let potsWei = 0n
        const paid = list.map(() => ({ wei: 0n, x64: 0n, claims: 0n }))
        const claimOf = (index: number) => {
          const one = paid[index]!
          const amount = partOf(weightOf(list[index]!, byRecords), sums.perWeightX64, one.x64)
          if (amount > 0n) one.x64 = sums.perWeightX64
          one.wei += amount
          one.claims += 1n
        }
        for (const one of steps) {
          if ('potWei' in one) {
            potsWei += one.potWei
            sums = grow(sums, one.potWei, totalWeight)
            // nothing of what came in is lost in the sum itself
            expect(sums.perWeightX64 * totalWeight + sums.carry).toBe(potsWei << 64n)
            expect(sums.carry < totalWeight).toBe(true)
          } else for (const index of one.claims) claimOf(index % list.length)
          expect(sum(paid.map((each) => each.wei)) <= potsWei).toBe(true)
        }
        for (const index of list.keys()) claimOf(index)
        paid.forEach((each, index) => {
          // exact part = potsWei · weight / total; compared without dividing
          const missing = potsWei * plain[index]! - each.wei * totalWeight
          expect(missing >= 0n).toBe(true)
          expect(missing <= (each.claims + 1n) * totalWeight).toBe(true)
        })
        expect(potsWei - sum(paid.map((each) => each.wei)) <= sum(paid.map((each) => each.claims + 1n))).toBe(
          true,
        )
      }),
    )
  })

  it('divide a pot over Datanets by largest remainder, those without novelty apart', () => {
    fc.assert(
      fc.property(wei, fc.array(members, { minLength: 1, maxLength: 8 }), (potWei, lists) => {
        const novel = lists.map((list) => sum(list.map((m) => BigInt(m.recordCount * m.noveltyBps))))
        const records = lists.map((list) => sum(list.map((m) => BigInt(m.recordCount))))
        const weights = novel.some((weight) => weight > 0n) ? novel : records
        expect(divideOverDatanets(potWei, lists.map(totalWeightOf))).toEqual(hamilton(potWei, weights))
      }),
    )
  })

  it('fit their slots after the largest adapter’s largest pots', () => {
    const totalWeight = 16_384n * 1_000_000n * 10_000n
    expect(totalWeight < 1n << 64n).toBe(true)
    // all the wei there can be, on a weight of one
    expect(grow({ perWeightX64: 0n, carry: 0n }, 1n << 128n, 1n).perWeightX64 < 1n << 256n).toBe(true)
    expect(grow({ perWeightX64: 0n, carry: 0n }, 1n, totalWeight)).toEqual({
      perWeightX64: (1n << 64n) / totalWeight,
      carry: (1n << 64n) % totalWeight,
    })
  })
})
