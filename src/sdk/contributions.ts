import { encodeAbiParameters, keccak256 } from 'viem'
import type { ContributionFacts } from '../ai/records/record.ts'
import type { Address, Hash } from '../primitives/hex.ts'

/** What `commitContribution` takes: it binds content, contributor and Datanet without showing the content. */
export function contributionCommitment(commit: {
  readonly contributor: Address
  readonly datanetId: bigint
  readonly facts: ContributionFacts
  /** 32 random bytes, kept until the reveal. */
  readonly salt: Hash
}): Hash {
  const { contributor, datanetId, facts, salt } = commit
  return keccak256(
    encodeAbiParameters(
      [
        { type: 'address' },
        { type: 'uint64' },
        { type: 'bytes32' },
        { type: 'uint32' },
        { type: 'uint64' },
        { type: 'bytes32' },
        { type: 'bytes32' },
      ],
      [
        contributor,
        datanetId,
        facts.contentRoot,
        facts.recordCount,
        BigInt(facts.byteCount),
        keccak256(facts.minhash),
        salt,
      ],
    ),
  )
}

/** What a scorer found in a contribution's content, as `revealScores` takes it. */
export interface ScoreReport {
  /** 0 to 10,000. */
  readonly qualityBps: number
  readonly contentRoot: Hash
  readonly recordCount: number
  readonly byteCount: bigint
  /** keccak256 of the 512 signature bytes. */
  readonly minhashHash: Hash
}

/** A report of the facts that the scorer recomputed from the content itself. */
export function scoreReport(facts: ContributionFacts, qualityBps: number): ScoreReport {
  return {
    qualityBps,
    contentRoot: facts.contentRoot,
    recordCount: facts.recordCount,
    byteCount: BigInt(facts.byteCount),
    minhashHash: keccak256(facts.minhash),
  }
}

/** What `commitScores` takes. */
export function scoresCommitment(commit: {
  readonly scorer: Address
  readonly contributionIds: readonly bigint[]
  readonly reports: readonly ScoreReport[]
  readonly salt: Hash
}): Hash {
  const { scorer, contributionIds, reports, salt } = commit
  return keccak256(
    encodeAbiParameters(
      [
        { type: 'address' },
        { type: 'uint64[]' },
        {
          type: 'tuple[]',
          components: [
            { name: 'qualityBps', type: 'uint16' },
            { name: 'contentRoot', type: 'bytes32' },
            { name: 'recordCount', type: 'uint32' },
            { name: 'byteCount', type: 'uint64' },
            { name: 'minhashHash', type: 'bytes32' },
          ],
        },
        { type: 'bytes32' },
      ],
      [scorer, contributionIds, reports, salt],
    ),
  )
}
