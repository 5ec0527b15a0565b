import { privateKeyToAccount } from 'viem/accounts'
import { describe, expect, it } from 'vitest'
import { type ContributionFacts, describeContribution } from '../../../src/ai/records/record.ts'
import { bytesToHex, type Hash, ZERO_ADDRESS } from '../../../src/primitives/hex.ts'
import { keccakHex } from '../../../src/primitives/keccak.ts'
import {
  contributionClaim,
  contributionCommitment,
  knownAnswerCommitment,
  scoreReport,
  scoresCommitment,
  sponsoredCommit,
} from '../../../src/sdk/contributions.ts'
import {
  account,
  contribution,
  contributionCommitmentOf,
  OPEN,
  testHash,
  World,
} from '../../support/precompileWorld.ts'

const [owner, contributor, scorer] = [account(0), account(1), account(2)]
const salt: Hash = testHash('salt')
const factsOf = (text: string): ContributionFacts => describeContribution([{ text, label: 'a' }])

/** A curated Datanet with one contribution that was committed to as the client does it. */
function commit(facts: ContributionFacts) {
  const world = new World()
  const datanetId = world.createDatanet(owner)
  world.datanets.send('appointScorer', [datanetId, scorer.address], { from: owner.address })
  const claim = contributionClaim(facts, salt)
  const commitment = contributionCommitment({ contributor: contributor.address, datanetId, claim })
  const options = { from: contributor.address, valueWei: OPEN }
  const id = world.datanets.send('commitContribution', [datanetId, commitment], options).value
  world.chain.advance(world.parameters.revealMinBlocks)
  return { world, datanetId, id }
}

/** What the reveal of these facts ends in. */
function reveal({ world, id }: ReturnType<typeof commit>, facts: ContributionFacts, by = salt) {
  const args = [id, contributionClaim(facts, by)]
  const outcome = world.datanets.try('revealContribution', args, { from: contributor.address })
  return outcome.ok ? 'revealed' : outcome.error
}

describe('a commitment to a contribution', () => {
  it('is opened by the facts and the salt that it was made of', () => {
    const facts = factsOf('some text')
    expect(reveal(commit(facts), facts)).toBe('revealed')
  })

  it('is not opened by anything else', () => {
    const facts = factsOf('some text')
    const committed = commit(facts)
    expect(reveal(committed, facts, testHash('another salt'))).toBe('CommitmentMismatch')
    for (const change of [
      { contentRoot: testHash('root') },
      { recordCount: 2 },
      { byteCount: facts.byteCount + 1 },
      { minhash: factsOf('another text').minhash },
    ]) {
      expect(reveal(committed, { ...facts, ...change })).toBe('CommitmentMismatch')
    }
    expect(reveal(committed, facts)).toBe('revealed')
  })

  it('differs by contributor and by Datanet', () => {
    const claim = contributionClaim(factsOf('x'), salt)
    const made = { contributor: contributor.address, datanetId: 1n, claim }
    const all = [made, { ...made, datanetId: 2n }, { ...made, contributor: owner.address }]
    expect(new Set(all.map(contributionCommitment)).size).toBe(3)
  })
})

describe('what the SDK makes for the registry', () => {
  const [alice, sponsor] = [account(3), account(4)]

  function openWorld() {
    const world = new World()
    const datanetId = world.createDatanet(owner)
    world.datanets.send('appointScorer', [datanetId, scorer.address], { from: owner.address })
    return { world, datanetId }
  }

  it('commits to every kind as the registry opens it', () => {
    const spec = { ...contribution(1, alice), by: contributor }
    const receipts = [
      {
        receiptId: testHash('receipt'),
        requester: contributor.address,
        application: ZERO_ADDRESS,
        settlerWei: 7n,
        queryRowHash: testHash('row'),
        receiptHash: testHash('hash'),
      },
    ]
    const facts = { ...spec, byteCount: Number(spec.byteCount), bytes: new Uint8Array(0), cid: '' }
    for (const [subject, change] of [
      [{ kind: 'records' }, {}],
      [
        { kind: 'labels', targetId: 5n },
        { kind: 1, targetId: 5n },
      ],
      [
        { kind: 'correction', targetId: 9n },
        { kind: 2, targetId: 9n },
      ],
      [
        { kind: 'feedback', receipts },
        { kind: 3, receipts },
      ],
    ] as const) {
      const claim = contributionClaim(facts, spec.salt, subject)
      const made = contributionCommitment({ contributor: contributor.address, datanetId: 3n, claim })
      expect(made).toBe(contributionCommitmentOf(3n, { ...spec, ...change }))
    }
  })

  it('has a contributor sign for a sponsor, as the registry checks it', async () => {
    const { world, datanetId } = openWorld()
    const commitment = testHash('commitment')
    const commit = { datanetId, commitment, sponsor: sponsor.address, nonce: 0n, deadlineBlock: 3n }
    const chain = { chainId: 161_212, genesisHash: world.chain.genesisHash }
    const wallet = privateKeyToAccount(bytesToHex(alice.key))
    const signature = await wallet.signTypedData(sponsoredCommit(chain, commit))
    const args = [datanetId, alice.address, commitment, 3n, signature]
    const outcome = world.datanets.try('commitContributionFor', args, {
      from: sponsor.address,
      valueWei: OPEN,
    })
    expect(outcome).toMatchObject({ ok: true, value: 1n })
  })

  it('plants known answers that the registry finds', () => {
    const { world, datanetId } = openWorld()
    const spec = contribution(1, alice)
    const id = world.commit(datanetId, spec)
    const range = { minQualityBps: 7000, maxQualityBps: 9000 }
    const commitment = knownAnswerCommitment({
      contributor: alice.address,
      contributionId: id,
      ...range,
      salt,
    })
    world.datanets.send('plantKnownAnswer', [datanetId, commitment], { from: owner.address })
    world.chain.advance(2)
    world.reveal(id, spec)
    world.datanets.send('settleOrder', [datanetId, 1], { from: owner.address })
    world.score([id], [scorer], () => [world.report(spec)])
    const outcome = world.datanets.try('revealKnownAnswer', [id, 7000, 9000, salt], { from: alice.address })
    expect(outcome).toMatchObject({ ok: true })
  })
})

describe('a report of a contribution', () => {
  it('says what the scorer found in the content', () => {
    const facts = factsOf('some text')
    expect(scoreReport(facts, 7_000)).toEqual({
      qualityBps: 7_000,
      reason: 0,
      contentRoot: facts.contentRoot,
      recordCount: 1,
      byteCount: BigInt(facts.bytes.length),
      minhashHash: keccakHex(facts.minhash),
    })
  })

  it('is committed to, opened, and accepted by the chain', () => {
    const facts = factsOf('some text')
    const committed = commit(facts)
    const { world, datanetId, id } = committed
    reveal(committed, facts)
    world.datanets.send('settleOrder', [datanetId, 16], { from: owner.address })
    const reports = [scoreReport(facts, 8_000)]
    const commitment = scoresCommitment({ scorer: scorer.address, contributionIds: [id], reports, salt })
    world.datanets.send('commitScores', [[id], commitment], { from: scorer.address })
    const open = (qualityBps: number, by = salt) => {
      const args = [[id], [scoreReport(facts, qualityBps)], by]
      return world.datanets.try('revealScores', args, { from: scorer.address })
    }
    expect(open(8_001).ok).toBe(false)
    expect(open(8_000, testHash('another salt')).ok).toBe(false)
    expect(open(8_000).ok).toBe(true)
    world.datanets.send('resolve', [[id]], { from: owner.address })
    world.release([id])
    world.datanets.send('freezeVersion', [datanetId, 16], { from: owner.address })
    expect(world.datanets.read('getVersion', [datanetId, 1])).toMatchObject({ frozen: true, memberCount: 1 })
  })

  it('of another scorer is another commitment', () => {
    const reports = [scoreReport(factsOf('x'), 1)]
    const made = { scorer: scorer.address, contributionIds: [1n], reports, salt }
    const all = [made, { ...made, scorer: owner.address }, { ...made, contributionIds: [2n] }]
    expect(new Set(all.map(scoresCommitment)).size).toBe(3)
  })
})
