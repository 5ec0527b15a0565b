import { describe, expect, it } from 'vitest'
import { type ContributionFacts, describeContribution } from '../../../src/ai/records/record.ts'
import type { Hash } from '../../../src/primitives/hex.ts'
import { keccakHex } from '../../../src/primitives/keccak.ts'
import {
  contributionClaim,
  contributionCommitment,
  scoreReport,
  scoresCommitment,
} from '../../../src/sdk/contributions.ts'
import { account, OPEN, testHash, World } from '../../support/precompileWorld.ts'

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
