import { encodeAbiParameters, keccak256, parseAbiParameters } from 'viem'
import type { ContributionFacts } from '../ai/records/record.ts'
import { nativeAddresses } from '../chainspec/addresses.ts'
import { type Address, bytesToHex, type Hash, type Hex, ZERO_HASH } from '../primitives/hex.ts'

const COMMITMENT = parseAbiParameters(
  'address, uint64, uint8, uint64, bytes32, uint32, uint64, bytes32, bytes32, bytes32',
)
const KNOWN_ANSWER = parseAbiParameters('address, uint64, uint16, uint16, bytes32')
const RECEIPTS = parseAbiParameters([
  'ReceiptFacts[] receipts',
  'struct ReceiptFacts { bytes32 receiptId; address requester; address application; uint96 settlerWei; bytes32 queryRowHash; bytes32 receiptHash; }',
])

/** What a contribution can be. */
export const contributionKinds = { records: 0, labels: 1, correction: 2, feedback: 3 } as const

/** What a settled receipt's digest commits to; the event `ReceiptSettled` has it all. */
export interface ReceiptFacts {
  readonly receiptId: Hash
  readonly requester: Address
  /** Or zero. */
  readonly application: Address
  readonly settlerWei: bigint
  readonly queryRowHash: Hash
  readonly receiptHash: Hash
}

/** What `revealContribution` takes. */
export interface ContributionClaim {
  readonly kind: number
  readonly targetId: bigint
  readonly contentRoot: Hash
  readonly recordCount: number
  readonly byteCount: bigint
  readonly minhash: Hex
  readonly salt: Hash
  readonly receipts: readonly ReceiptFacts[]
}

/** What the content is about; nothing for records. */
export type ContributionSubject =
  | { readonly kind: 'records' }
  | { readonly kind: 'labels' | 'correction'; readonly targetId: bigint }
  | { readonly kind: 'feedback'; readonly receipts: readonly ReceiptFacts[] }

/**
 * The claim about a content, to be committed to first and revealed later.
 *
 * @param salt 32 random bytes, kept until the reveal
 */
export function contributionClaim(
  facts: ContributionFacts,
  salt: Hash,
  subject: ContributionSubject = { kind: 'records' },
): ContributionClaim {
  return {
    kind: contributionKinds[subject.kind],
    targetId: 'targetId' in subject ? subject.targetId : 0n,
    contentRoot: facts.contentRoot,
    recordCount: facts.recordCount,
    byteCount: BigInt(facts.byteCount),
    minhash: bytesToHex(facts.minhash),
    salt,
    receipts: 'receipts' in subject ? subject.receipts : [],
  }
}

/** What `commitContribution` takes: it binds content, contributor and Datanet without showing the content. */
export function contributionCommitment(commit: {
  readonly contributor: Address
  readonly datanetId: bigint
  readonly claim: ContributionClaim
}): Hash {
  const { contributor, datanetId, claim } = commit
  return keccak256(
    encodeAbiParameters(COMMITMENT, [
      contributor,
      datanetId,
      claim.kind,
      claim.targetId,
      claim.contentRoot,
      claim.recordCount,
      claim.byteCount,
      keccak256(claim.minhash),
      claim.kind === contributionKinds.feedback ? receiptsHash(claim.receipts) : ZERO_HASH,
      claim.salt,
    ]),
  )
}

function receiptsHash(receipts: readonly ReceiptFacts[]): Hash {
  return keccak256(encodeAbiParameters(RECEIPTS, [receipts]))
}

/** Why a scorer finds a quality low. */
export const scoreReasons = {
  none: 0,
  quality: 1,
  offTopic: 2,
  licence: 3,
  personalData: 4,
  harmful: 5,
  spam: 6,
  other: 7,
} as const

/** What a scorer found in a contribution's content, as `revealScores` takes it. */
export interface ScoreReport {
  /** 0 to 10,000. */
  readonly qualityBps: number
  /** Why the quality is low: one of `scoreReasons`. */
  readonly reason: number
  readonly contentRoot: Hash
  readonly recordCount: number
  readonly byteCount: bigint
  /** keccak256 of the 512 signature bytes. */
  readonly minhashHash: Hash
}

/** A report of the facts that the scorer recomputed from the content itself. */
export function scoreReport(
  facts: ContributionFacts,
  qualityBps: number,
  reason: keyof typeof scoreReasons = 'none',
): ScoreReport {
  return {
    qualityBps,
    reason: scoreReasons[reason],
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
            { name: 'reason', type: 'uint8' },
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

/** EIP-712 type of what a contributor signs for a sponsor, as IDatanetRegistry defines it. */
export const sponsoredCommitTypes = {
  Commit: [
    { name: 'datanetId', type: 'uint64' },
    { name: 'commitment', type: 'bytes32' },
    { name: 'sponsor', type: 'address' },
    { name: 'nonce', type: 'uint256' },
    { name: 'deadlineBlock', type: 'uint64' },
    { name: 'genesisHash', type: 'bytes32' },
  ],
} as const

/** What `signTypedData` of a contributor's wallet takes; the signature goes to `commitContributionFor`. */
export function sponsoredCommit(
  chain: { readonly chainId: number; readonly genesisHash: Hash },
  commit: {
    readonly datanetId: bigint
    readonly commitment: Hash
    /** Who will send it, and pay bond and gas. */
    readonly sponsor: Address
    /** The registry's `nonces(contributor)`. */
    readonly nonce: bigint
    /** Last block in which the signature holds. */
    readonly deadlineBlock: bigint
  },
) {
  return {
    domain: {
      name: 'OpenLedger',
      version: '1',
      chainId: chain.chainId,
      verifyingContract: nativeAddresses.datanetRegistry,
    },
    types: sponsoredCommitTypes,
    primaryType: 'Commit',
    message: { ...commit, genesisHash: chain.genesisHash },
  } as const
}

/** What `plantKnownAnswer` takes. The contributor reveals it after the decision. */
export function knownAnswerCommitment(answer: {
  readonly contributor: Address
  readonly contributionId: bigint
  readonly minQualityBps: number
  readonly maxQualityBps: number
  /** 32 random bytes, kept until the reveal. */
  readonly salt: Hash
}): Hash {
  const { contributor, contributionId, minQualityBps, maxQualityBps, salt } = answer
  return keccak256(
    encodeAbiParameters(KNOWN_ANSWER, [contributor, contributionId, minQualityBps, maxQualityBps, salt]),
  )
}
