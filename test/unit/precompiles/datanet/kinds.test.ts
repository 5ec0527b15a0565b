import { describe, expect, it } from 'vitest'
import {
  type Account,
  account,
  type ContributionSpec,
  contribution,
  type MadeReceipt,
  nearMinhash,
  OPEN,
  World,
} from '../../../support/precompileWorld.ts'
import { Fixture, requester } from '../proofOfAttribution/fixture.ts'

const [owner, scorer, alice, bob, carol] = [
  account(1),
  account(2),
  account(3),
  account(4),
  account(5),
] as const
const KIND = { records: 0, labels: 1, correction: 2, feedback: 3 } as const

/** A Datanet with one accepted contribution of five records by Alice. */
function openWorld(quality = 8000) {
  const world = new World()
  const datanetId = world.createDatanet(owner)
  world.datanets.send('appointScorer', [datanetId, scorer.address], { from: owner.address })
  const target = contribution(1, alice, { recordCount: 5 })
  const targetId = accept(world, datanetId, target, quality)
  return { world, datanetId, target, targetId }
}

function accept(world: World, datanetId: bigint, spec: ContributionSpec, quality = 8000): bigint {
  const [id] = world.contribute(datanetId, [spec])
  world.score([id!], [scorer], () => [world.report(spec, quality)])
  return id!
}

/** Commits, waits, and tries to reveal. */
function offer(world: World, datanetId: bigint, spec: ContributionSpec) {
  const id = world.commit(datanetId, spec)
  world.chain.advance(2)
  const from = spec.by.address
  const outcome = world.datanets.try('revealContribution', world.revealArgs(id, spec), { from })
  return { id, outcome, error: outcome.ok ? 'none' : outcome.error }
}

const facts = (world: World, id: bigint) => world.datanets.read('getContribution', [id])
const order = (world: World, datanetId: bigint) =>
  world.datanets.send('settleOrder', [datanetId, 16], { from: bob.address })

describe('labels', () => {
  it('of another’s accepted records are a contribution of their own', () => {
    const { world, datanetId, targetId } = openWorld()
    const spec = contribution(2, bob, { kind: KIND.labels, targetId, recordCount: 5 })
    const { id, outcome } = offer(world, datanetId, spec)
    expect(outcome.ok && outcome.events).toMatchObject([
      { name: 'ContributionRevealed', args: { contributionId: id, kind: KIND.labels, targetId } },
    ])
    order(world, datanetId)
    expect(world.score([id], [scorer], () => [world.report(spec)])).toEqual([4])
    expect(facts(world, id)).toMatchObject({ kind: KIND.labels, targetId, status: 4 })
    expect(facts(world, targetId).supersededBy).toBe(0n)
  })

  it('of another Datanet’s records, or of labels, are refused', () => {
    const { world, datanetId, targetId } = openWorld()
    const other = world.createDatanet(owner)
    const elsewhere = contribution(2, bob, { kind: KIND.labels, targetId, recordCount: 5 })
    expect(offer(world, other, elsewhere).error).toBe('InvalidTarget')
    const labels = contribution(3, bob, { kind: KIND.labels, targetId, recordCount: 5 })
    const labelsId = accept(world, datanetId, labels)
    const ofLabels = contribution(4, carol, { kind: KIND.labels, targetId: labelsId, recordCount: 1 })
    expect(offer(world, datanetId, ofLabels).error).toBe('InvalidTarget')
  })

  it('of one target are near-duplicates of each other, and of nothing else', () => {
    const { world, datanetId, target, targetId } = openWorld()
    const labels = (n: number, by: Account, minhash: Uint8Array) =>
      contribution(n, by, { kind: KIND.labels, targetId, recordCount: 5, minhash })
    const first = accept(world, datanetId, labels(2, bob, nearMinhash(target.minhash, 3)))
    const second = accept(world, datanetId, labels(3, carol, nearMinhash(target.minhash, 6)))
    expect(facts(world, first).leaderId).toBe(first)
    expect(facts(world, second)).toMatchObject({ leaderId: first })
    // and records of the same signature join the records
    const records = accept(
      world,
      datanetId,
      contribution(4, carol, { minhash: nearMinhash(target.minhash, 6) }),
    )
    expect(facts(world, records).leaderId).toBe(targetId)
    const other = accept(world, datanetId, contribution(5, alice))
    const ofOther = contribution(6, bob, {
      kind: KIND.labels,
      targetId: other,
      recordCount: 1,
      minhash: nearMinhash(target.minhash, 6),
    })
    const ofOtherId = accept(world, datanetId, ofOther)
    expect(facts(world, ofOtherId).leaderId).toBe(ofOtherId)
  })
})

describe('a correction', () => {
  it('that keeps most of its target joins the target’s cluster', () => {
    const { world, datanetId, target, targetId } = openWorld()
    const spec = contribution(2, bob, {
      kind: KIND.correction,
      targetId,
      recordCount: 7,
      minhash: nearMinhash(target.minhash, 10),
    })
    const id = accept(world, datanetId, spec)
    expect(facts(world, id)).toMatchObject({ kind: KIND.correction, targetId, leaderId: targetId })
    expect(facts(world, targetId).supersededBy).toBe(id)
  })

  it('may be its target’s contributor’s own, and may itself be corrected', () => {
    const { world, datanetId, targetId } = openWorld()
    const first = accept(world, datanetId, contribution(2, alice, { kind: KIND.correction, targetId }))
    const second = accept(world, datanetId, contribution(3, bob, { kind: KIND.correction, targetId: first }))
    expect([facts(world, targetId).supersededBy, facts(world, first).supersededBy]).toEqual([first, second])
  })

  it('that is rejected supersedes nothing', () => {
    const { world, datanetId, targetId } = openWorld()
    const spec = contribution(2, bob, { kind: KIND.correction, targetId })
    const id = accept(world, datanetId, spec, 100)
    expect([facts(world, id).status, facts(world, targetId).supersededBy]).toEqual([5, 0n])
  })

  it('of what is superseded by the reveal goes back with its bond, and leaves the order free', () => {
    const { world, datanetId, targetId } = openWorld()
    const late = contribution(3, carol, { kind: KIND.correction, targetId })
    const first = contribution(2, bob, { kind: KIND.correction, targetId })
    const [firstId] = world.contribute(datanetId, [first])
    const lateId = world.commit(datanetId, late)
    const after = world.commit(datanetId, contribution(4, bob))
    world.score([firstId!], [scorer], () => [world.report(first)])
    world.chain.advance(2)
    const { events } = world.datanets.send('revealContribution', world.revealArgs(lateId, late), {
      from: carol.address,
    })
    expect(events.map(({ name }) => name)).toEqual(['Credited', 'ContributionRefused'])
    expect(facts(world, lateId)).toMatchObject({ status: 9, bondWei: 0n })
    expect(world.datanets.read('credits', [carol.address])).toBe(OPEN)
    expect(world.datanets.read('contributionByRoot', [late.contentRoot])).toBe(0n)
    world.reveal(after, contribution(4, bob))
    expect(order(world, datanetId).value).toBe(2)
    expect(facts(world, lateId).status).toBe(9)
    expect(facts(world, after).status).toBe(3)
  })

  it('of what is revealed before the other is accepted stands beside it; the first accepted supersedes', () => {
    const { world, datanetId, targetId } = openWorld()
    const specs = [2, 3].map((n) => contribution(n, bob, { kind: KIND.correction, targetId }))
    const ids = world.contribute(datanetId, specs)
    world.score([ids[1]!, ids[0]!], [scorer], () => [world.report(specs[1]!), world.report(specs[0]!)])
    expect(ids.map((id) => facts(world, id).status)).toEqual([4, 4])
    expect(facts(world, targetId).supersededBy).toBe(ids[1])
  })

  it('of what was not accepted goes back', () => {
    const { world, datanetId, targetId } = openWorld(100)
    const { id, error } = offer(world, datanetId, contribution(2, bob, { kind: KIND.correction, targetId }))
    expect(error).toBe('none')
    expect(facts(world, id).status).toBe(9)
  })
})

describe('feedback', () => {
  function openFixture(receipts = 2) {
    const f = new Fixture({ withAuditors: true })
    const made = Array.from({ length: receipts }, () => f.receipt())
    f.finalReceipts(made)
    return { f, world: f.world, datanetId: f.datanetId, made }
  }
  const about = (world: World, list: readonly MadeReceipt[], n = 900): ContributionSpec =>
    contribution(n, requester, {
      kind: KIND.feedback,
      recordCount: list.length,
      receipts: list.map(({ receiptId }) => world.factsOf(receiptId)),
    })

  it('on final receipts is their requester’s contribution', () => {
    const { world, datanetId, made } = openFixture()
    const spec = about(world, made)
    const { id, outcome } = offer(world, datanetId, spec)
    expect(outcome.ok && outcome.events.map(({ name }) => name)).toEqual([
      'FeedbackRevealed',
      'ContributionRevealed',
    ])
    for (const { receiptId } of made) expect(world.datanets.read('feedbackOn', [receiptId])).toBe(id)
    order(world, datanetId)
    expect(facts(world, id)).toMatchObject({ kind: KIND.feedback, status: 3, recordCount: 2 })
  })

  it('is given once for a receipt, until it ends without being accepted', () => {
    const { world, datanetId, made } = openFixture()
    const first = about(world, made)
    const { id } = offer(world, datanetId, first)
    expect(offer(world, datanetId, about(world, made.slice(1), 901)).error).toBe('FeedbackExists')
    expect(offer(world, datanetId, about(world, [made[0]!, made[0]!], 902)).error).toBe('FeedbackExists')
    order(world, datanetId)
    world.chain.advance(30)
    world.datanets.send('resolve', [[id]], { from: bob.address })
    expect(facts(world, id).status).toBe(9)
    for (const { receiptId } of made) expect(world.datanets.read('feedbackOn', [receiptId])).toBe(0n)
    expect(offer(world, datanetId, about(world, made.slice(1), 903)).error).toBe('none')
  })

  it('twice on one receipt in one list is refused', () => {
    const { world, datanetId, made } = openFixture(1)
    expect(offer(world, datanetId, about(world, [made[0]!, made[0]!])).error).toBe('FeedbackExists')
    expect(world.datanets.read('feedbackOn', [made[0]!.receiptId])).toBe(0n)
  })
})
