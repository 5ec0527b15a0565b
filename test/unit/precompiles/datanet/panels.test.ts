import fc from 'fast-check'
import { concatHex, encodePacked, keccak256, numberToHex } from 'viem'
import { describe, expect, it } from 'vitest'
import {
  type Account,
  account,
  type ContributionSpec,
  contribution,
  OPEN,
  testHash,
  testParameters,
  World,
} from '../../../support/precompileWorld.ts'

const [owner, alice, stranger] = [account(1), account(2), account(3)] as const
const scorers = Array.from({ length: 8 }, (_, n) => account(10 + n))
const unit = testParameters.scorerBondWei
const salt = testHash('salt')
const spec = contribution(1, alice)

/** An open Datanet in which each scorer has bonded so many units. */
function openWorld(units: readonly number[]) {
  const world = new World()
  const datanetId = world.createDatanet(owner, { policy: 0 })
  units.forEach((count, n) => {
    const valueWei = (unit * BigInt(Math.round(count * 10))) / 10n
    world.datanets.send('joinScorers', [datanetId], { from: scorers[n]!.address, valueWei })
  })
  return { world, datanetId }
}

const facts = (world: World, id: bigint) => world.datanets.read('getContribution', [id])
const panel = (world: World, id: bigint) => world.datanets.read('panelOf', [id])
const accountsOf = (world: World, id: bigint) =>
  panel(world, id).map((seat) => scorers.find(({ address }) => address === seat.account.toLowerCase())!)
const attempt = (world: World, method: string, args: readonly unknown[], by: Account) => {
  const outcome = world.datanets.try(method as never, args, { from: by.address })
  return outcome.ok ? 'ok' : outcome.error
}
const commitmentOf = (world: World, by: Account, id: bigint, of: ContributionSpec, quality = 8000) =>
  world.scoreCommitment(by, [id], [world.report(of, quality)], salt)

/** The draw as the interface writes it, from the randomness of one block. */
function drawn(
  world: World,
  block: bigint,
  id: bigint,
  round: number,
  bonds: readonly bigint[],
  size: number,
) {
  const seed = keccak256(encodePacked(['bytes32', 'uint64', 'uint8'], [world.chain.randao(block), id, round]))
  const left = bonds.map((bond, seat) => ({ seat, bond }))
  const seats: number[] = []
  for (let draw = 0; draw < size; draw++) {
    const total = left.reduce((sum, { bond }) => sum + bond, 0n)
    let ticket = BigInt(keccak256(concatHex([seed, numberToHex(draw, { size: 1 })]))) % total
    const index = left.findIndex(({ bond }) => {
      ticket -= bond
      return ticket < 0n
    })
    seats.push(left.splice(index, 1)[0]!.seat)
  }
  return seats.sort((a, b) => a - b)
}

describe('the panel of an open Datanet', () => {
  const units = [1, 7.9, 2, 3, 1, 40, 1, 2.5]

  it('is drawn in a later block, in proportion to bonds, from the randomness of the block after the ordering', () => {
    const { world, datanetId } = openWorld(units)
    const ids = world.contribute(datanetId, [spec, contribution(2, alice), contribution(3, alice)])
    const ordered = world.chain.number
    const before = world.datanets.send('drawScorers', [ids], { from: stranger.address })
    expect([...before.value]).toEqual([10, 10, 10])
    expect(facts(world, ids[0]!)).toMatchObject({ status: 10, round: 1, scoreCommitEndBlock: 0 })
    expect(panel(world, ids[0]!)).toEqual([])
    world.chain.advance(3)
    const { value, events } = world.datanets.send('drawScorers', [ids], { from: stranger.address })
    expect([...value]).toEqual([3, 3, 3])
    const bonds = units.map((count) => (unit * BigInt(count * 10)) / 10n)
    ids.forEach((id, index) => {
      const expected = drawn(world, ordered + 1n, id, 1, bonds, testParameters.scorerPanel)
      const seats = panel(world, id)
      expect(seats.map(({ seat }) => seat)).toEqual(expected)
      expect(seats.map(({ weight }) => weight)).toEqual(expected.map((seat) => Math.floor(units[seat]!)))
      expect(seats.map((seat) => seat.account.toLowerCase())).toEqual(
        expected.map((seat) => scorers[seat]!.address),
      )
      expect(events[index]).toMatchObject({
        name: 'PanelDrawn',
        args: { contributionId: id, round: 1, weights: seats.map(({ weight }) => weight) },
      })
    })
    const drawnIn = Number(world.chain.number)
    expect(facts(world, ids[0]!)).toMatchObject({
      scoreCommitEndBlock: drawnIn + testParameters.scoreCommitBlocks,
      scoreRevealEndBlock: drawnIn + testParameters.scoreCommitBlocks + testParameters.scoreRevealBlocks,
    })
    // a second draw changes nothing
    const again = world.datanets.send('drawScorers', [ids], { from: stranger.address })
    expect([[...again.value], again.events]).toEqual([[3, 3, 3], []])
  })

  it('is what the rule says for any bonds and any randomness', () => {
    const bonds = fc.array(fc.integer({ min: 10, max: 5000 }), { minLength: 3, maxLength: 8 })
    fc.assert(
      fc.property(bonds, fc.nat(), (tenths, seed) => {
        const { world, datanetId } = openWorld(tenths.map((count) => count / 10))
        world.chain.reseed(seed)
        const [id] = world.contribute(datanetId, [spec])
        const ordered = world.chain.number
        expect(world.draw([id!])).toEqual([3])
        const bondsWei = tenths.map((count) => (unit * BigInt(count)) / 10n)
        const size = Math.min(testParameters.scorerPanel, tenths.length)
        const expected = drawn(world, ordered + 1n, id!, 1, bondsWei, size)
        expect(panel(world, id!).map(({ seat }) => seat)).toEqual(expected)
      }),
      { numRuns: 25 },
    )
  })

  it('does not have the contributor', () => {
    const { world, datanetId } = openWorld([1, 1, 1, 1, 1])
    const own = contribution(1, scorers[0]!)
    for (let n = 0; n < 4; n++) {
      const [id] = world.contribute(datanetId, [{ ...own, ...contribution(n, scorers[0]!) }])
      expect(world.draw([id!])).toEqual([3])
      expect(panel(world, id!).map(({ seat }) => seat)).toEqual([1, 2, 3, 4])
    }
  })

  it('needs three others; with two the contribution goes back at once', () => {
    const { world, datanetId } = openWorld([1, 1, 1])
    const [id] = world.contribute(datanetId, [contribution(1, scorers[0]!)])
    expect(world.draw([id!])).toEqual([9])
    expect(world.datanets.read('credits', [scorers[0]!.address])).toBe(OPEN)
    const { events } = world.datanets.send('drawScorers', [[id]], { from: stranger.address })
    expect(events).toEqual([])
    const [other] = world.contribute(datanetId, [spec])
    expect(world.draw([other!])).toEqual([3])
    expect(panel(world, other!)).toHaveLength(3)
  })

  it('is drawn among those who scored at the ordering, whoever joins or leaves after it', () => {
    const { world, datanetId } = openWorld([1, 1, 1])
    const [id] = world.contribute(datanetId, [spec])
    const join = (who: Account) =>
      world.datanets.send('joinScorers', [datanetId], { from: who.address, valueWei: 1000n * unit })
    join(scorers[3]!)
    world.datanets.send('leaveScorers', [datanetId], { from: scorers[1]!.address })
    expect(world.draw([id!])).toEqual([3])
    expect(panel(world, id!).map(({ seat }) => seat)).toEqual([0, 1, 2])
    // who is on it may score although leaving
    const score = commitmentOf(world, scorers[1]!, id!, spec)
    expect(attempt(world, 'commitScores', [[id], score], scorers[1]!)).toBe('ok')
    expect(attempt(world, 'commitScores', [[id], testHash('c')], scorers[3]!)).toBe('NotOnPanel')
  })

  it('does not have who took the bond, nor who took that seat', () => {
    const { world, datanetId } = openWorld([1, 1, 1, 1])
    const [id] = world.contribute(datanetId, [spec])
    world.datanets.send('leaveScorers', [datanetId], { from: scorers[0]!.address })
    world.chain.advance(testParameters.scorerExitBlocks)
    world.datanets.send('withdrawScorerBond', [datanetId], { from: scorers[0]!.address })
    const joined = world.datanets.send('joinScorers', [datanetId], {
      from: scorers[5]!.address,
      valueWei: 1000n * unit,
    })
    expect(joined.value).toBe(0)
    expect(world.draw([id!])).toEqual([3])
    expect(panel(world, id!).map(({ seat }) => seat)).toEqual([1, 2, 3])
  })

  it('weighs votes by bonds', () => {
    const { world, datanetId } = openWorld([5, 1, 1, 1, 1])
    const [first, second] = [spec, contribution(2, alice)]
    const ids = world.contribute(datanetId, [first, second])
    expect(world.draw(ids)).toEqual([3, 3])
    const all = scorers.slice(0, 5)
    const reports = (n: number) => [
      world.report(first, n === 0 ? 9000 : 100),
      n === 0 ? { ...world.report(second), recordCount: 99 } : world.report(second),
    ]
    // 5 of 9 units accept the first and refute the second
    expect(world.score(ids, all, reports)).toEqual([4, 6])
    expect(panel(world, ids[0]!).map(({ qualityBps, differs }) => [qualityBps, differs])).toEqual([
      [9000, false],
      ...Array(4).fill([100, false]),
    ])
    expect(panel(world, ids[1]!).map(({ differs }) => differs)).toEqual([true, false, false, false, false])
  })

  it('caps a weight at what is kept of it', () => {
    const world = new World({ ...testParameters, scorerBondWei: 1n })
    const datanetId = world.createDatanet(owner, { policy: 0 })
    for (const [n, valueWei] of [65_534n, 65_535n, 65_536n].entries()) {
      world.datanets.send('joinScorers', [datanetId], { from: scorers[n]!.address, valueWei })
    }
    const [id] = world.contribute(datanetId, [spec])
    world.draw([id!])
    expect(panel(world, id!).map(({ weight }) => weight)).toEqual([65_534, 65_535, 65_535])
  })
})

describe('a round without a quorum', () => {
  it('is drawn once more, among those who score then, and then the contribution goes back', () => {
    const { world, datanetId } = openWorld([1, 1, 1])
    const [id] = world.contribute(datanetId, [spec])
    world.draw([id!])
    for (const by of scorers.slice(0, 2)) {
      world.datanets.send('commitScores', [[id], commitmentOf(world, by, id!, spec)], { from: by.address })
    }
    world.chain.advance(testParameters.scoreCommitBlocks + 1)
    for (const by of scorers.slice(0, 2)) {
      world.datanets.send('revealScores', [[id], [world.report(spec)], salt], { from: by.address })
    }
    const resolve = () => world.datanets.send('resolve', [[id]], { from: stranger.address })
    expect([...resolve().value]).toEqual([3])
    world.chain.advance(testParameters.scoreRevealBlocks - 1)
    expect([...resolve().value]).toEqual([3])
    world.chain.advance(1)
    const { value, events } = resolve()
    expect([...value]).toEqual([10])
    expect(events).toMatchObject([
      { name: 'ContributionResolved', args: { status: 10, round: 1, reveals: 2 } },
    ])
    expect(facts(world, id!)).toMatchObject({ status: 10, round: 2, bondWei: OPEN, scoreCommitEndBlock: 0 })

    world.datanets.send('leaveScorers', [datanetId], { from: scorers[0]!.address })
    world.datanets.send('joinScorers', [datanetId], { from: scorers[3]!.address, valueWei: unit })
    // fixed when the first round ended: 0 is on it, 3 is not
    expect(world.draw([id!])).toEqual([3])
    expect(panel(world, id!).map(({ seat }) => seat)).toEqual([0, 1, 2])
    world.chain.advance(testParameters.scoreCommitBlocks + testParameters.scoreRevealBlocks + 1)
    expect([...resolve().value]).toEqual([9])
    expect(world.datanets.read('credits', [alice.address])).toBe(OPEN)
    expect(world.datanets.read('contributionByRoot', [spec.contentRoot])).toBe(0n)
  })

  it('leaves no commitment that could be opened in the next', () => {
    const { world, datanetId } = openWorld([1, 1, 1])
    const [id] = world.contribute(datanetId, [spec])
    world.draw([id!])
    const early = commitmentOf(world, scorers[0]!, id!, spec, 100)
    world.datanets.send('commitScores', [[id], early], { from: scorers[0]!.address })
    world.chain.advance(testParameters.scoreCommitBlocks + testParameters.scoreRevealBlocks + 1)
    world.datanets.send('resolve', [[id]], { from: stranger.address })
    world.draw([id!])
    for (const by of scorers.slice(0, 3)) {
      world.datanets.send('commitScores', [[id], commitmentOf(world, by, id!, spec)], { from: by.address })
    }
    const open = (quality: number) =>
      attempt(world, 'revealScores', [[id], [world.report(spec, quality)], salt], scorers[0]!)
    expect([open(100), open(8000)]).toEqual(['UnknownCommitment', 'ok'])
  })

  it('can be decided in the second', () => {
    const { world, datanetId } = openWorld([1, 1, 1, 1])
    const [id] = world.contribute(datanetId, [spec])
    world.draw([id!])
    const firstPanel = facts(world, id!).panelBlock
    world.chain.advance(testParameters.scoreCommitBlocks + testParameters.scoreRevealBlocks + 1)
    world.datanets.send('resolve', [[id]], { from: stranger.address })
    expect(facts(world, id!).panelBlock).toBeGreaterThan(firstPanel)
    const ordered = BigInt(facts(world, id!).panelBlock)
    world.draw([id!])
    const bonds = Array.from({ length: 4 }, () => unit)
    expect(panel(world, id!).map(({ seat }) => seat)).toEqual(drawn(world, ordered + 1n, id!, 2, bonds, 4))
    expect(world.score([id!], accountsOf(world, id!), () => [world.report(spec, 7000)])).toEqual([4])
    expect(facts(world, id!)).toMatchObject({ status: 4, round: 2, qualityBps: 7000 })
  })
})

describe('scorers of an open Datanet', () => {
  it('get their bond back after leaving', () => {
    const { world, datanetId } = openWorld([1, 2, 1])
    const [id] = world.contribute(datanetId, [spec])
    world.draw([id!])
    expect(world.score([id!], scorers.slice(0, 3), () => [world.report(spec)])).toEqual([4])
    world.datanets.send('leaveScorers', [datanetId], { from: scorers[1]!.address })
    world.chain.advance(testParameters.scorerExitBlocks - 1)
    expect(attempt(world, 'withdrawScorerBond', [datanetId], scorers[1]!)).toBe('ScorerStillBound')
    world.chain.advance(1)
    expect(attempt(world, 'withdrawScorerBond', [datanetId], scorers[1]!)).toBe('ok')
    expect(world.datanets.read('credits', [scorers[1]!.address])).toBe(2n * unit)
    expect(world.datanets.read('scorersOf', [datanetId])).toHaveLength(2)
  })
})
