import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Account,
  account,
  contribution,
  datanetTerms,
  nearMinhash,
  OPEN,
  testHash,
  testParameters,
  World,
} from '../../../support/precompileWorld.ts'

const [owner, alice, mallory, stranger] = [account(1), account(2), account(3), account(4)] as const
const scorers = [account(10), account(11), account(12), account(13), account(14), account(15)] as const
const [dan, eve] = scorers
const { contributionChallengeBlocks: PERIOD, contributionChallengeBondWei: BOND } = testParameters
const treasury = testParameters.treasuryAddress
// odd, so that its half has a remainder
const MIN_BOND = OPEN + 1n
const spec = contribution(1, alice)
const lower = (text: string) => text.toLowerCase()

function openWorld(panel: readonly Account[], options: { policy?: number; fundWei?: bigint } = {}) {
  const { policy = 1, fundWei = 0n } = options
  const world = new World()
  const terms = { minBondWei: MIN_BOND, bountyPerRecordWei: fundWei > 0n ? 1000n : 0n }
  const datanetId = world.createDatanet(owner, { policy, terms })
  for (const { address } of panel) {
    if (policy > 0) world.datanets.send('appointScorer', [datanetId, address], { from: owner.address })
    else world.datanets.send('joinScorers', [datanetId], { from: address, valueWei: 100n * OPEN })
  }
  if (fundWei > 0n) world.datanets.send('fund', [datanetId], { from: stranger.address, valueWei: fundWei })
  return { world, datanetId }
}

/** An accepted contribution of an appointed panel. */
function accepted(panel: readonly Account[], fundWei = 0n, of = spec) {
  const { world, datanetId } = openWorld(panel, { fundWei })
  const id = world.commit(datanetId, of, MIN_BOND)
  world.chain.advance(2)
  world.reveal(id, of)
  world.datanets.send('settleOrder', [datanetId, 1], { from: stranger.address })
  expect(world.score([id], panel, () => [world.report(of)])).toEqual([4])
  return { world, datanetId, id }
}

const facts = (world: World, id: bigint) => world.datanets.read('getContribution', [id])
const credit = (world: World, who: Account | { address: `0x${string}` }) =>
  world.datanets.read('credits', [who.address])
const attempt = (world: World, id: bigint, by: Account = mallory, valueWei = BOND, reason = 4) => {
  const args = [id, reason, 'bafyevidence']
  const outcome = world.datanets.try('challengeContribution', args, { from: by.address, valueWei })
  return outcome.ok ? outcome : outcome.error
}
const seats = (world: World, id: bigint) => world.datanets.read('panelOf', [id]).map(({ seat }) => seat)

describe('the challenge period', () => {
  it('lasts until its last block, in which a challenge counts and nothing is released', () => {
    const { world, id } = accepted([dan])
    const end = Number(world.chain.number) + PERIOD
    expect(facts(world, id)).toMatchObject({ challengeEndBlock: end, bondWei: MIN_BOND })
    world.chain.advance(PERIOD)
    const release = () => world.datanets.send('releaseContributions', [[id]], { from: stranger.address })
    expect(release().value).toBe(0)
    expect(attempt(world, id)).toMatchObject({ ok: true })

    const late = accepted([dan])
    late.world.chain.advance(PERIOD + 1)
    expect(attempt(late.world, late.id)).toBe('TooLate')
    const released = late.world.datanets.send('releaseContributions', [[late.id]], { from: stranger.address })
    expect(released.value).toBe(1)
    expect(released.events).toMatchObject([
      { name: 'Credited', args: { amountWei: MIN_BOND } },
      { name: 'ContributionReleased', args: { contributionId: 1n, bondWei: MIN_BOND, bountyWei: 0n } },
    ])
    expect(credit(late.world, alice)).toBe(MIN_BOND)
  })

  it('ends for all that are released in one call, each once', () => {
    const { world, datanetId, id } = accepted([dan])
    const [second, third] = [contribution(2, alice), contribution(3, alice)]
    const ids = [second, third].map((of) => world.commit(datanetId, of, MIN_BOND))
    world.chain.advance(2)
    ids.forEach((one, n) => {
      world.reveal(one, [second, third][n]!)
    })
    world.datanets.send('settleOrder', [datanetId, 2], { from: stranger.address })
    expect(world.score(ids, [dan], () => [world.report(second), world.report(third, 100)])).toEqual([4, 5])
    expect(world.release([id, ...ids, id])).toBe(2)
    expect(world.release([id, ...ids])).toBe(0)
    expect(credit(world, alice)).toBe(3n * MIN_BOND)
    expect(world.datanets.read('totals').bondsWei).toBe(0n)
  })
})

describe('a bounty', () => {
  const records = spec.recordCount

  it('is set aside at the decision and paid at the release', () => {
    const { world, datanetId, id } = accepted([dan], 10_000n)
    const bountyWei = 1000n * BigInt(records)
    expect(facts(world, id)).toMatchObject({ bountyWei })
    const purse = () => world.datanets.read('getDatanet', [datanetId])
    expect(purse()).toMatchObject({ purseWei: 10_000n - bountyWei, promisedWei: bountyWei })
    // what is promised does not leave with the purse
    world.datanets.send('requestPurse', [datanetId, 10_000n - bountyWei], { from: owner.address })
    world.chain.advance(testParameters.purseExitBlocks)
    world.datanets.send('withdrawPurse', [datanetId], { from: owner.address })
    expect(world.datanets.read('totals').potsWei).toBe(bountyWei)
    expect(world.release([id])).toBe(1)
    expect(credit(world, alice)).toBe(MIN_BOND + bountyWei)
    expect(purse()).toMatchObject({ purseWei: 0n, promisedWei: 0n })
    expect(facts(world, id).bountyWei).toBe(0n)
  })

  it('is what the purse has left, when that is less', () => {
    const { world, datanetId, id } = accepted([dan], 1500n)
    expect(facts(world, id).bountyWei).toBe(1500n)
    const second = contribution(8, alice)
    const secondId = world.commit(datanetId, second, MIN_BOND)
    world.chain.advance(2)
    world.reveal(secondId, second)
    world.datanets.send('settleOrder', [datanetId, 1], { from: stranger.address })
    world.score([secondId], [dan], () => [world.report(second)])
    expect(facts(world, secondId).bountyWei).toBe(0n)
    world.release([id, secondId])
    expect(credit(world, alice)).toBe(2n * MIN_BOND + 1500n)
  })

  it('comes before the pay of scorers', () => {
    const { world, datanetId } = openWorld([dan, eve], { fundWei: 2100n })
    const terms = datanetTerms({ minBondWei: MIN_BOND, bountyPerRecordWei: 1000n, scorerPayWei: 500n })
    world.datanets.send('setTerms', [datanetId, terms], { from: owner.address })
    const id = world.commit(datanetId, { ...spec, recordCount: 2 }, MIN_BOND)
    world.chain.advance(2)
    world.reveal(id, { ...spec, recordCount: 2 })
    world.datanets.send('settleOrder', [datanetId, 1], { from: stranger.address })
    world.score([id], [dan, eve], () => [world.report({ ...spec, recordCount: 2 })])
    expect(facts(world, id).bountyWei).toBe(2000n)
    expect([credit(world, dan), credit(world, eve)]).toEqual([50n, 50n])
  })

  it('is never more than the purse has, for any purse, any terms and any novelty', () => {
    const one = fc.record({ records: fc.integer({ min: 1, max: 1000 }), copies: fc.nat(25) })
    const life = fc.record({
      purseWei: fc.bigInt({ min: 1n, max: 5000n }),
      perRecordWei: fc.bigInt({ min: 0n, max: 9n }),
      list: fc.array(one, { minLength: 1, maxLength: 4 }),
    })
    fc.assert(
      fc.property(life, ({ purseWei, perRecordWei, list }) => {
        const { world, datanetId } = openWorld([dan])
        const terms = datanetTerms({ bountyPerRecordWei: perRecordWei })
        world.datanets.send('setTerms', [datanetId, terms], { from: owner.address })
        world.datanets.send('fund', [datanetId], { from: stranger.address, valueWei: purseWei })
        const specs = list.map(({ records, copies }, n) =>
          contribution(n, alice, { recordCount: records, minhash: nearMinhash(spec.minhash, copies) }),
        )
        const ids = world.contribute(datanetId, specs)
        world.score(ids, [dan], () => specs.map((of) => world.report(of)))
        let left = purseWei
        ids.forEach((id, n) => {
          const { noveltyBps, bountyWei } = facts(world, id)
          const full = (perRecordWei * BigInt(list[n]!.records) * BigInt(noveltyBps)) / 10_000n
          expect(bountyWei).toBe(full < left ? full : left)
          left -= bountyWei
        })
        const { purseWei: after, promisedWei } = world.datanets.read('getDatanet', [datanetId])
        expect([after, promisedWei]).toEqual([left, purseWei - left])
        world.release(ids)
        expect(credit(world, alice)).toBe(BigInt(ids.length) * OPEN + purseWei - left)
      }),
      { numRuns: 40 },
    )
  })

  it('is at the terms of the commit', () => {
    const { world, datanetId } = openWorld([dan], { fundWei: 100_000n })
    const id = world.commit(datanetId, spec, MIN_BOND)
    const terms = datanetTerms({ minBondWei: MIN_BOND, bountyPerRecordWei: 9n })
    world.datanets.send('setTerms', [datanetId, terms], { from: owner.address })
    world.chain.advance(2)
    world.reveal(id, spec)
    world.datanets.send('settleOrder', [datanetId, 1], { from: stranger.address })
    world.score([id], [dan], () => [world.report(spec)])
    expect(facts(world, id).bountyWei).toBe(1000n * BigInt(records))
  })
})

describe('a challenge', () => {
  it('is judged by those who did not decide, as long as there is one, and never by the challenger', () => {
    const { world, datanetId, id } = accepted([dan])
    for (const who of [eve, mallory]) {
      world.datanets.send('appointScorer', [datanetId, who.address], { from: owner.address })
    }
    const outcome = attempt(world, id)
    expect(outcome).toMatchObject({ ok: true })
    expect(facts(world, id)).toMatchObject({ status: 11, round: 3, challengeBondWei: BOND })
    expect(lower(facts(world, id).challenger)).toBe(mallory.address)
    // dan has seat 0, eve seat 1, mallory seat 2
    expect(seats(world, id)).toEqual([1])
    expect(typeof outcome !== 'string' && outcome.events).toMatchObject([
      {
        name: 'ContributionChallenged',
        args: { contributionId: id, reason: 4, evidenceCid: 'bafyevidence' },
      },
    ])
  })

  it('is judged by who took over the seat of one that decided', () => {
    const { world, datanetId, id } = accepted([dan, eve])
    world.datanets.send('dismissScorer', [datanetId, dan.address], { from: owner.address })
    world.datanets.send('appointScorer', [datanetId, scorers[2].address], { from: owner.address })
    expect(attempt(world, id)).toMatchObject({ ok: true })
    expect(seats(world, id)).toEqual([0])
  })

  it('is judged by the same when there is nobody else', () => {
    const { world, id } = accepted([dan])
    attempt(world, id)
    expect(seats(world, id)).toEqual([0])
  })

  it.each([
    { what: 'rejected', quality: 100, records: spec.recordCount, status: 5 },
    { what: 'refuted', quality: 9000, records: 99, status: 6 },
  ])('that is upheld ($what) shares the bond', ({ quality, records, status }) => {
    const { world, datanetId, id } = accepted([dan], 10_000n)
    attempt(world, id)
    const found = { ...world.report(spec, quality, 4), recordCount: records }
    expect(world.score([id], [dan], () => [found])).toEqual([status])
    expect(credit(world, mallory)).toBe(BOND + MIN_BOND / 2n)
    expect(credit(world, { address: treasury })).toBe(MIN_BOND - MIN_BOND / 2n)
    expect(credit(world, alice)).toBe(0n)
    expect(facts(world, id)).toMatchObject({ bondWei: 0n, challengeBondWei: 0n, bountyWei: 0n })
    expect(world.datanets.read('getDatanet', [datanetId])).toMatchObject({
      purseWei: 10_000n,
      promisedWei: 0n,
    })
    expect(world.datanets.read('contributionByRoot', [spec.contentRoot])).toBe(0n)
    expect(world.release([id])).toBe(0)
    expect(world.datanets.read('totals').bondsWei).toBe(0n)
  })

  it('that is lost pays the contributor, and the contribution is released from then on', () => {
    const { world, id } = accepted([dan], 10_000n)
    attempt(world, id)
    expect(world.score([id], [dan], () => [world.report(spec, 6000)])).toEqual([4])
    expect(facts(world, id)).toMatchObject({
      status: 4,
      qualityBps: 6000,
      challengeEndBlock: Number(world.chain.number),
    })
    expect(credit(world, alice)).toBe(BOND)
    expect(attempt(world, id)).toBe('AlreadyChallenged')
    world.chain.advance(1)
    expect(attempt(world, id)).toBe('AlreadyChallenged')
    const released = world.datanets.send('releaseContributions', [[id]], { from: stranger.address })
    expect(released.value).toBe(1)
    expect(credit(world, alice)).toBe(BOND + MIN_BOND + 1000n * BigInt(spec.recordCount))
  })

  it('that nobody judges gives the challenger the bond back, and changes nothing', () => {
    const { world, id } = accepted([dan])
    attempt(world, id)
    const resolve = () => world.datanets.send('resolve', [[id]], { from: stranger.address }).value[0]
    world.chain.advance(testParameters.scoreCommitBlocks + testParameters.scoreRevealBlocks)
    expect(resolve()).toBe(11)
    world.chain.advance(1)
    expect(resolve()).toBe(4)
    expect(credit(world, mallory)).toBe(BOND)
    expect(facts(world, id)).toMatchObject({ status: 4, qualityBps: 8000, bondWei: MIN_BOND })
    world.chain.advance(1)
    expect(world.datanets.send('releaseContributions', [[id]], { from: stranger.address }).value).toBe(1)
  })

  it('keeps an accepted contribution out of versions until it is decided', () => {
    const { world, datanetId, id } = accepted([dan])
    attempt(world, id)
    world.chain.advance(PERIOD + 1)
    const freeze = () => world.datanets.try('freezeVersion', [datanetId, 5], { from: owner.address })
    expect(freeze()).toMatchObject({ error: 'NothingAccepted' })
    world.score([id], [dan], () => [world.report(spec)])
    expect(freeze()).toMatchObject({ error: 'NothingAccepted' })
    world.chain.advance(1)
    expect(freeze()).toMatchObject({ ok: true })
  })

  it('of a correction gives its target back when it is upheld', () => {
    const { world, datanetId, id } = accepted([dan])
    const correction = contribution(2, alice, { kind: 2, targetId: id })
    const correctionId = world.commit(datanetId, correction, MIN_BOND)
    world.chain.advance(2)
    world.reveal(correctionId, correction)
    world.datanets.send('settleOrder', [datanetId, 1], { from: stranger.address })
    world.score([correctionId], [dan], () => [world.report(correction)])
    expect(facts(world, id).supersededBy).toBe(correctionId)
    attempt(world, correctionId)
    expect(world.score([correctionId], [dan], () => [world.report(correction, 1)])).toEqual([5])
    expect(facts(world, id).supersededBy).toBe(0n)
  })

  it('pays the scorers who decide it', () => {
    const { world, datanetId, id } = accepted([dan], 10_000n)
    const terms = datanetTerms({ minBondWei: MIN_BOND, scorerPayWei: 70n })
    world.datanets.send('setTerms', [datanetId, terms], { from: owner.address })
    attempt(world, id)
    world.score([id], [dan], () => [world.report(spec, 100)])
    expect(credit(world, dan)).toBe(70n)
  })
})

describe('a challenge in an open Datanet', () => {
  function openAccepted(count: number) {
    const { world, datanetId } = openWorld(scorers.slice(0, count), { policy: 0 })
    const id = world.commit(datanetId, spec, MIN_BOND)
    world.chain.advance(2)
    world.reveal(id, spec)
    world.datanets.send('settleOrder', [datanetId, 1], { from: stranger.address })
    world.draw([id])
    const drawn = seats(world, id)
    expect(
      world.score(
        [id],
        drawn.map((seat) => scorers[seat]!),
        () => [world.report(spec)],
      ),
    ).toEqual([4])
    return { world, datanetId, id, drawn }
  }

  it('waits for a draw, among the others when there are three of them', () => {
    const { world, datanetId, id, drawn } = openAccepted(5)
    const late = [account(20), account(21), account(22)]
    const join = (who: Account) =>
      world.datanets.send('joinScorers', [datanetId], { from: who.address, valueWei: 100n * OPEN })
    for (const who of late.slice(0, 2)) join(who)
    const second = openAccepted(5)
    for (const who of late) {
      second.world.datanets.send('joinScorers', [second.datanetId], {
        from: who.address,
        valueWei: 100n * OPEN,
      })
    }
    // two others are too few: all seven may be drawn
    attempt(world, id)
    expect([facts(world, id).status, facts(world, id).scoreCommitEndBlock]).toEqual([11, 0])
    expect(world.draw([id])).toEqual([11])
    expect(seats(world, id)).toHaveLength(5)
    expect(seats(world, id).some((seat) => drawn.includes(seat))).toBe(true)
    // three others are enough
    attempt(second.world, second.id)
    second.world.draw([second.id])
    expect(seats(second.world, second.id)).toEqual([5, 6, 7])
  })

  it('that the challenger’s own seat does not judge', () => {
    const { world, id } = openAccepted(4)
    attempt(world, id, scorers[1])
    world.draw([id])
    expect(seats(world, id)).toEqual([0, 2, 3])
  })

  it('does not decide before the draw, and is not drawn again without a quorum', () => {
    const { world, id } = openAccepted(4)
    attempt(world, id)
    const resolve = () => world.datanets.send('resolve', [[id]], { from: stranger.address }).value[0]
    world.chain.advance(50)
    expect(resolve()).toBe(11)
    expect(world.draw([id])).toEqual([11])
    world.chain.advance(testParameters.scoreCommitBlocks + testParameters.scoreRevealBlocks + 1)
    expect(resolve()).toBe(4)
    expect(credit(world, mallory)).toBe(BOND)
  })

  it('ends without a decision when too few are left at the draw', () => {
    const { world, datanetId, id } = openAccepted(3)
    attempt(world, id)
    world.datanets.send('leaveScorers', [datanetId], { from: dan.address })
    world.chain.advance(testParameters.scorerExitBlocks)
    world.datanets.send('withdrawScorerBond', [datanetId], { from: dan.address })
    expect(world.draw([id])).toEqual([4])
    expect(credit(world, mallory)).toBe(BOND)
    expect(facts(world, id)).toMatchObject({ status: 4, bondWei: MIN_BOND, challengeBondWei: 0n })
  })

  it('is decided by the weight of the drawn', () => {
    const { world, id } = openAccepted(3)
    attempt(world, id)
    world.draw([id])
    const found = (by: number) => [world.report(spec, by === 0 ? 9000 : 100, by)]
    expect(world.score([id], scorers.slice(0, 3), found)).toEqual([5])
    expect(facts(world, id)).toMatchObject({ status: 5, reason: 1, qualityBps: 100 })
  })

  it('leaves no commitment of the first scoring that could be opened in it', () => {
    const { world, id } = openAccepted(3)
    attempt(world, id)
    world.draw([id])
    const salt = testHash('score salt')
    const outcome = world.datanets.try('revealScores', [[id], [world.report(spec)], salt], {
      from: dan.address,
    })
    expect(outcome).toMatchObject({ error: 'UnknownCommitment' })
  })
})
