import { encodeAbiParameters, keccak256, parseAbiParameters } from 'viem'
import { describe, expect, it } from 'vitest'
import type { Hash } from '../../../../src/primitives/hex.ts'
import {
  type Account,
  account,
  type ContributionSpec,
  contribution,
  datanetTerms,
  OPEN,
  testHash,
  testParameters,
  World,
} from '../../../support/precompileWorld.ts'

const [owner, alice, manager, stranger] = [account(1), account(2), account(3), account(4)] as const
const [dan, eve, fay] = [account(10), account(11), account(12)] as const
const salt = testHash('answer salt')

function answer(contributor: Account, id: bigint, min: number, max: number): Hash {
  const types = parseAbiParameters('address, uint64, uint16, uint16, bytes32')
  return keccak256(encodeAbiParameters(types, [contributor.address, id, min, max, salt]))
}

function openWorld(fundWei = 0n) {
  const world = new World()
  const terms = { bountyPerRecordWei: fundWei > 0n ? 10n : 0n, scorerPayWei: fundWei > 0n ? 1000n : 0n }
  const datanetId = world.createDatanet(owner, { terms })
  for (const { address } of [dan, eve, fay]) {
    world.datanets.send('appointScorer', [datanetId, address], { from: owner.address })
  }
  if (fundWei > 0n) world.datanets.send('fund', [datanetId], { from: stranger.address, valueWei: fundWei })
  const plant = (commitment: Hash, by: Account = owner) =>
    world.datanets.send('plantKnownAnswer', [datanetId, commitment], { from: by.address })
  return { world, datanetId, plant }
}

/** A contribution with an answer planted before it is ordered, scored with these qualities by dan, eve and fay. */
function scored(
  { world, datanetId, plant }: ReturnType<typeof openWorld>,
  of: ContributionSpec,
  qualities: readonly number[],
  range: readonly [number, number] = [7000, 9000],
) {
  const id = world.commit(datanetId, of)
  plant(answer(of.by, id, ...range))
  world.chain.advance(2)
  world.reveal(id, of)
  world.datanets.send('settleOrder', [datanetId, 1], { from: stranger.address })
  const reports = (n: number) => [
    qualities[n]! < 0 ? { ...world.report(of), recordCount: 99 } : world.report(of, qualities[n]),
  ]
  world.score([id], [dan, eve, fay], reports)
  return id
}

const attempt = (
  world: World,
  id: bigint,
  by: Account = alice,
  range: readonly [number, number] = [7000, 9000],
) => {
  const outcome = world.datanets.try('revealKnownAnswer', [id, ...range, salt], { from: by.address })
  return outcome.ok ? outcome : outcome.error
}
const facts = (world: World, id: bigint) => world.datanets.read('getContribution', [id])
const accuracy = (world: World, datanetId: bigint, who: Account) => {
  const { tests, hits } = world.datanets.read('scorerInfo', [datanetId, who.address])
  return [tests, hits]
}

describe('a known answer', () => {
  it('tests those who reported, and takes the contribution out', () => {
    const opened = openWorld(10_000n)
    const { world, datanetId } = opened
    const spec = contribution(1, alice)
    const id = scored(opened, spec, [7000, 9001, -1])
    expect(facts(world, id).status).toBe(4)
    const before = world.datanets.read('getDatanet', [datanetId])
    const outcome = attempt(world, id)
    expect(typeof outcome !== 'string' && outcome.events).toMatchObject([
      { name: 'Credited', args: { amountWei: OPEN } },
      { name: 'KnownAnswerRevealed', args: { contributionId: id, tests: 3, hits: 1 } },
    ])
    expect([dan, eve, fay].map((who) => accuracy(world, datanetId, who))).toEqual([
      [1, 1],
      [1, 0],
      [1, 0],
    ])
    expect(facts(world, id)).toMatchObject({ status: 12, bondWei: 0n, bountyWei: 0n })
    expect(world.datanets.read('credits', [alice.address])).toBe(OPEN)
    const after = world.datanets.read('getDatanet', [datanetId])
    expect(after).toMatchObject({ promisedWei: 0n, purseWei: before.purseWei + before.promisedWei })
    expect(world.datanets.read('contributionByRoot', [spec.contentRoot])).toBe(0n)
    expect(world.release([id])).toBe(0)
    expect(world.datanets.try('freezeVersion', [datanetId, 5], { from: owner.address })).toMatchObject({
      error: 'NothingAccepted',
    })
    expect(attempt(world, id)).toBe('WrongStatus')
  })

  it('may be a bad one that was rejected, at any time after', () => {
    const opened = openWorld()
    const { world, datanetId } = opened
    const id = scored(opened, contribution(1, alice), [100, 200, 7000], [0, 100])
    expect(facts(world, id).status).toBe(5)
    world.chain.advance(100)
    expect(attempt(world, id, alice, [0, 100])).toMatchObject({ ok: true })
    expect([dan, eve, fay].map((who) => accuracy(world, datanetId, who))).toEqual([
      [1, 1],
      [1, 0],
      [1, 0],
    ])
    // the bond went back with the rejection
    expect(world.datanets.read('credits', [alice.address])).toBe(OPEN)
  })

  it('is revealed in the challenge period, to its last block', () => {
    for (const [extra, expected] of [
      [0, 'ok'],
      [1, 'TooLate'],
    ] as const) {
      const opened = openWorld()
      const id = scored(opened, contribution(1, alice), [8000, 8000, 8000])
      opened.world.chain.advance(testParameters.contributionChallengeBlocks + extra)
      const outcome = attempt(opened.world, id)
      expect(typeof outcome === 'string' ? outcome : 'ok').toBe(expected)
    }
  })

  it('must be planted in a block before the contribution is ordered', () => {
    for (const [blocks, expected] of [
      [0, 'TooLate'],
      [1, 'ok'],
    ] as const) {
      const { world, datanetId, plant } = openWorld()
      const spec = contribution(1, alice)
      const id = world.commit(datanetId, spec)
      world.chain.advance(2)
      world.reveal(id, spec)
      plant(answer(alice, id, 7000, 9000))
      world.chain.advance(blocks)
      world.datanets.send('settleOrder', [datanetId, 1], { from: stranger.address })
      world.score([id], [dan, eve, fay], () => [world.report(spec)])
      const outcome = attempt(world, id)
      expect(typeof outcome === 'string' ? outcome : 'ok').toBe(expected)
    }
  })

  it('takes the agreement of the contributor: no manager can make one of another’s contribution', () => {
    const opened = openWorld()
    const { world } = opened
    const id = scored(opened, contribution(1, alice), [8000, 8000, 8000])
    expect(attempt(world, id, owner)).toBe('NotContributor')
    opened.plant(answer(owner, id, 7000, 9000))
    expect(attempt(world, id, owner)).toBe('NotContributor')
    expect(facts(world, id).status).toBe(4)
  })

  it('is planted by managers only, and each commitment once', () => {
    const { world, datanetId, plant } = openWorld()
    const commitment = answer(alice, 1n, 0, 100)
    const from = (who: Account) =>
      world.datanets.try('plantKnownAnswer', [datanetId, commitment], { from: who.address })
    expect(from(manager)).toMatchObject({ error: 'MissingRole' })
    world.datanets.send('setRoles', [datanetId, manager.address, 1], { from: owner.address })
    expect(from(manager)).toMatchObject({ ok: true })
    expect(from(owner)).toMatchObject({ error: 'AlreadyPlanted' })
    expect(plant(answer(alice, 1n, 0, 101)).events).toMatchObject([{ name: 'KnownAnswerPlanted' }])
  })

  it('does not count for who has the seat no more, nor for who has it now', () => {
    const opened = openWorld()
    const { world, datanetId } = opened
    const id = scored(opened, contribution(1, alice), [8000, 8000, 8000])
    world.datanets.send('dismissScorer', [datanetId, dan.address], { from: owner.address })
    world.datanets.send('appointScorer', [datanetId, manager.address], { from: owner.address })
    const outcome = attempt(world, id)
    expect(typeof outcome !== 'string' && outcome.events.at(-1)).toMatchObject({
      args: { tests: 2, hits: 2 },
    })
    expect(accuracy(world, datanetId, manager)).toEqual([0, 0])
  })

  it('cannot be one that was challenged', () => {
    const opened = openWorld()
    const { world } = opened
    const id = scored(opened, contribution(1, alice), [8000, 8000, 8000])
    const valueWei = testParameters.contributionChallengeBondWei
    world.datanets.send('challengeContribution', [id, 1, ''], { from: stranger.address, valueWei })
    expect(attempt(world, id)).toBe('WrongStatus')
    world.score([id], [dan, eve, fay], () => [world.report(contribution(1, alice))])
    expect(attempt(world, id)).toBe('AlreadyChallenged')
  })

  it('gives the target of a correction back', () => {
    const opened = openWorld()
    const { world } = opened
    const targetId = scored(opened, contribution(1, alice), [8000, 8000, 8000])
    const id = scored(opened, contribution(2, alice, { kind: 2, targetId }), [8000, 8000, 8000])
    expect(facts(world, targetId).supersededBy).toBe(id)
    attempt(world, id)
    expect(facts(world, targetId).supersededBy).toBe(0n)
  })

  it('scales the pay of a seat once it has met four', () => {
    const opened = openWorld(1_000_000n)
    const { world, datanetId } = opened
    // dan meets all, eve one of two, fay three of four
    for (let n = 0; n < 4; n++) {
      const qualities = [8000, n % 2 === 0 ? 8000 : 9500, n === 0 ? 9500 : 8000]
      const id = scored(opened, contribution(n, alice), qualities)
      expect(attempt(world, id)).toMatchObject({ ok: true })
    }
    expect([dan, eve, fay].map((who) => accuracy(world, datanetId, who))).toEqual([
      [4, 4],
      [4, 2],
      [4, 3],
    ])
    const credits = () => [dan, eve, fay].map((who) => world.datanets.read('credits', [who.address]))
    const before = credits()
    scored(opened, contribution(9, alice), [8000, 8000, 8000])
    expect(credits().map((wei, n) => wei - before[n]!)).toEqual([1000n, 0n, 500n])
    // a new seating starts anew
    world.datanets.send('dismissScorer', [datanetId, eve.address], { from: owner.address })
    world.datanets.send('appointScorer', [datanetId, eve.address], { from: owner.address })
    expect(accuracy(world, datanetId, eve)).toEqual([0, 0])
  })

  it('in an open Datanet may be planted until the first round ends without a quorum', () => {
    const world = new World()
    const datanetId = world.createDatanet(owner, { policy: 0, terms: datanetTerms() })
    for (const { address } of [dan, eve, fay]) {
      world.datanets.send('joinScorers', [datanetId], { from: address, valueWei: 100n * OPEN })
    }
    const spec = contribution(1, alice)
    const [id] = world.contribute(datanetId, [spec])
    world.draw([id!])
    world.chain.advance(20)
    world.datanets.send('plantKnownAnswer', [datanetId, answer(alice, id!, 7000, 9000)], {
      from: owner.address,
    })
    world.chain.advance(1)
    world.datanets.send('resolve', [[id]], { from: stranger.address })
    world.draw([id!])
    world.score([id!], [dan, eve, fay], () => [world.report(spec)])
    expect(attempt(world, id!)).toMatchObject({ ok: true })
    expect(accuracy(world, datanetId, dan)).toEqual([1, 1])
  })
})
