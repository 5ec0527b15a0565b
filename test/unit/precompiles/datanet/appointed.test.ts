import { describe, expect, it } from 'vitest'
import {
  type Account,
  account,
  contribution,
  OPEN,
  testHash,
  testParameters,
  World,
} from '../../../support/precompileWorld.ts'

const [owner, alice, stranger] = [account(1), account(2), account(3)] as const
const [dan, eve, fay, gus] = [account(10), account(11), account(12), account(13)] as const
const salt = testHash('salt')
const spec = contribution(1, alice)
const lower = (text: string) => text.toLowerCase()

function openWorld(scorers: readonly Account[], policy = 1) {
  const world = new World()
  const datanetId = world.createDatanet(owner, { policy })
  const manage = (method: 'appointScorer' | 'dismissScorer', who: Account) =>
    world.datanets.send(method, [datanetId, who.address], { from: owner.address })
  for (const each of scorers) manage('appointScorer', each)
  return { world, datanetId, manage }
}

const facts = (world: World, id: bigint) => world.datanets.read('getContribution', [id])
const attempt = (world: World, method: string, args: readonly unknown[], by: Account) => {
  const outcome = world.datanets.try(method as never, args, { from: by.address })
  return outcome.ok ? 'ok' : outcome.error
}
function commit(world: World, id: bigint, by: Account, quality = 8000) {
  const commitment = world.scoreCommitment(by, [id], [world.report(spec, quality)], salt)
  return attempt(world, 'commitScores', [[id], commitment], by)
}
const reveal = (world: World, id: bigint, by: Account, quality = 8000) =>
  attempt(world, 'revealScores', [[id], [world.report(spec, quality)], salt], by)
const resolve = (world: World, id: bigint) =>
  world.datanets.send('resolve', [[id]], { from: stranger.address }).value[0]

describe.each([
  ['curated', 1],
  ['private', 2],
])('the panel of a %s Datanet', (_, policy) => {
  it('is everybody who scores at the ordering, but the contributor, with one vote each', () => {
    const { world, datanetId } = openWorld([dan, alice, eve], policy)
    const [id] = world.contribute(datanetId, [spec])
    expect(facts(world, id!)).toMatchObject({ status: 3, round: 1 })
    const seats = world.datanets.read('panelOf', [id!])
    expect(seats.map((seat) => [seat.seat, lower(seat.account), seat.weight])).toEqual([
      [0, dan.address, 1],
      [2, eve.address, 1],
    ])
    expect(commit(world, id!, alice)).toBe('NotOnPanel')
    expect(world.score([id!], [dan, eve], () => [world.report(spec)])).toEqual([4])
  })
})

describe('the panel of appointed scorers', () => {
  it('does not have who is appointed later, in whatever seat', () => {
    const { world, datanetId, manage } = openWorld([dan, eve])
    const [id] = world.contribute(datanetId, [spec])
    manage('appointScorer', fay)
    manage('dismissScorer', eve)
    manage('appointScorer', gus)
    expect([commit(world, id!, dan), commit(world, id!, eve), commit(world, id!, fay)]).toEqual([
      'ok',
      'NotScorer',
      'NotOnPanel',
    ])
    // gus has the seat that eve had
    expect(commit(world, id!, gus)).toBe('NotOnPanel')
    expect(world.datanets.read('panelOf', [id!]).map((seat) => lower(seat.account))).toEqual([
      dan.address,
      `0x${'00'.repeat(20)}`,
    ])
  })

  it('without anybody sends the contribution back at once', () => {
    const { world, datanetId } = openWorld([alice])
    const [id] = world.contribute(datanetId, [spec])
    expect(facts(world, id!)).toMatchObject({ status: 9, bondWei: 0n })
    expect(world.datanets.read('credits', [alice.address])).toBe(OPEN)
    expect(world.datanets.read('contributionByRoot', [spec.contentRoot])).toBe(0n)
  })

  it('counts what a scorer revealed before the dismissal', () => {
    const { world, datanetId, manage } = openWorld([dan, eve, fay])
    const [id] = world.contribute(datanetId, [spec])
    for (const by of [dan, eve, fay]) expect(commit(world, id!, by)).toBe('ok')
    expect(reveal(world, id!, dan)).toBe('ok')
    manage('dismissScorer', dan)
    expect([reveal(world, id!, eve), reveal(world, id!, fay), resolve(world, id!)]).toEqual(['ok', 'ok', 4])
  })

  it('waits no longer for who was dismissed, but decides with no fewer reports than before', () => {
    const { world, datanetId, manage } = openWorld([dan, eve, fay, gus])
    const [id] = world.contribute(datanetId, [spec])
    for (const by of [dan, eve, fay]) commit(world, id!, by)
    expect(reveal(world, id!, dan)).toBe('TooEarly')
    manage('dismissScorer', gus)
    expect([reveal(world, id!, dan), reveal(world, id!, eve), resolve(world, id!)]).toEqual(['ok', 'ok', 3])
    // fay committed and cannot reveal any more: two reports, where the panel of four needs three
    manage('dismissScorer', fay)
    expect([reveal(world, id!, fay), resolve(world, id!)]).toEqual(['NotScorer', 3])
    world.chain.advance(testParameters.scoreCommitBlocks + testParameters.scoreRevealBlocks)
    expect(resolve(world, id!)).toBe(3)
    world.chain.advance(1)
    expect(resolve(world, id!)).toBe(9)
  })

  it('does not wait for a reveal that cannot come', () => {
    const { world, datanetId, manage } = openWorld([dan, eve, fay, gus])
    const [id] = world.contribute(datanetId, [spec])
    for (const by of [dan, eve, fay, gus]) commit(world, id!, by)
    for (const by of [dan, eve, fay]) reveal(world, id!, by)
    expect(resolve(world, id!)).toBe(3)
    manage('dismissScorer', gus)
    expect(resolve(world, id!)).toBe(4)
  })

  it('keeps to its windows, to the block', () => {
    const { world, datanetId } = openWorld([dan, eve])
    const [id] = world.contribute(datanetId, [spec])
    world.chain.advance(testParameters.scoreCommitBlocks)
    expect([commit(world, id!, dan), reveal(world, id!, dan)]).toEqual(['ok', 'TooEarly'])
    world.chain.advance(1)
    expect(commit(world, id!, eve)).toBe('TooLate')
    world.chain.advance(testParameters.scoreRevealBlocks - 1)
    expect(resolve(world, id!)).toBe(3)
    expect(reveal(world, id!, dan)).toBe('ok')
    world.chain.advance(1)
    expect(resolve(world, id!)).toBe(9)
  })

  it('gives a rejection its reason', () => {
    const { world, datanetId } = openWorld([dan, eve, fay])
    const [id] = world.contribute(datanetId, [spec])
    const reasons = [4, 6, 6]
    world.score([id!], [dan, eve, fay], (n) => [world.report(spec, 100 + n, reasons[n])])
    const events = world.datanets.history().filter(({ name }) => name === 'ContributionResolved')
    expect(events.at(-1)?.args).toMatchObject({ status: 5, qualityBps: 101, reason: 6, reveals: 3, round: 1 })
    expect(facts(world, id!)).toMatchObject({ status: 5, reason: 6 })
    const seats = world.datanets.read('panelOf', [id!])
    expect(seats.map(({ qualityBps, reason }) => [qualityBps, reason])).toEqual([
      [100, 4],
      [101, 6],
      [102, 6],
    ])
  })
})

describe('scorers’ pay', () => {
  const PAY = 1000n

  function paidWorld(fundWei: bigint) {
    const opened = openWorld([dan, eve, fay])
    const { world, datanetId } = opened
    const terms = { minBondWei: OPEN, acceptThresholdBps: 5000, bountyPerRecordWei: 0n, scorerPayWei: PAY }
    world.datanets.send('setTerms', [datanetId, terms], { from: owner.address })
    if (fundWei > 0n) world.datanets.send('fund', [datanetId], { from: stranger.address, valueWei: fundWei })
    const credits = () => [dan, eve, fay].map((who) => world.datanets.read('credits', [who.address]))
    const purse = () => world.datanets.read('getDatanet', [datanetId]).purseWei
    return { ...opened, credits, purse }
  }

  it('goes to the side that decided, out of the purse', () => {
    const { world, datanetId, credits, purse } = paidWorld(10_000n)
    const decide = (n: number, reportOf: (of: ReturnType<typeof contribution>, by: number) => unknown) => {
      const of = contribution(n, alice)
      const [id] = world.contribute(datanetId, [of])
      return world.score([id!], [dan, eve, fay], (by) => [reportOf(of, by)])[0]
    }
    expect(decide(1, (of, by) => world.report(of, by === 0 ? 4999 : 5000))).toBe(4)
    expect(credits()).toEqual([0n, PAY, PAY])
    expect(decide(2, (of, by) => world.report(of, by === 0 ? 5000 : 4999))).toBe(5)
    expect(credits()).toEqual([0n, 2n * PAY, 2n * PAY])
    expect(
      decide(3, (of, by) => ({ ...world.report(of), recordCount: by === 0 ? of.recordCount : 99 })),
    ).toBe(6)
    expect(credits()).toEqual([0n, 3n * PAY, 3n * PAY])
    // who finds a difference is not on the side that accepts
    expect(
      decide(4, (of, by) => ({ ...world.report(of), recordCount: by === 0 ? 99 : of.recordCount })),
    ).toBe(4)
    expect(credits()).toEqual([0n, 4n * PAY, 4n * PAY])
    expect(purse()).toBe(2000n)
    expect(world.datanets.read('totals')).toMatchObject({ potsWei: 2000n })
  })

  it('is shared in equal parts when the purse is short, and what does not divide stays', () => {
    const { world, datanetId, credits, purse } = paidWorld(1000n)
    const [id] = world.contribute(datanetId, [spec])
    world.score([id!], [dan, eve, fay], () => [world.report(spec)])
    expect(credits()).toEqual([333n, 333n, 333n])
    expect(purse()).toBe(1n)
  })

  it('is nothing from an empty purse, without the round', () => {
    const { world, datanetId, credits } = paidWorld(0n)
    const [id] = world.contribute(datanetId, [spec])
    expect(world.score([id!], [dan, eve, fay], () => [world.report(spec)])).toEqual([4])
    expect(credits()).toEqual([0n, 0n, 0n])
  })

  it('is not for who lost the seat, nor for who got it', () => {
    const { world, datanetId, manage, credits } = paidWorld(10_000n)
    const [id] = world.contribute(datanetId, [spec])
    for (const by of [dan, eve, fay]) commit(world, id!, by)
    for (const by of [dan, eve, fay]) reveal(world, id!, by)
    manage('dismissScorer', dan)
    manage('appointScorer', gus)
    expect(resolve(world, id!)).toBe(4)
    expect(credits()).toEqual([0n, PAY, PAY])
    expect(world.datanets.read('credits', [gus.address])).toBe(0n)
  })

  it('is none without a quorum', () => {
    const { world, datanetId, credits, purse } = paidWorld(10_000n)
    const [id] = world.contribute(datanetId, [spec])
    for (const by of [dan, eve]) commit(world, id!, by)
    world.chain.advance(testParameters.scoreCommitBlocks + 1)
    for (const by of [dan, eve]) reveal(world, id!, by)
    world.chain.advance(testParameters.scoreRevealBlocks)
    expect(resolve(world, id!)).toBe(9)
    expect([credits(), purse()]).toEqual([[0n, 0n, 0n], 10_000n])
  })
})
