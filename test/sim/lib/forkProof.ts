import { votesOf } from '../../../src/consensus/lastDecision.ts'
import { type Certificate, checkCertificate } from '../../../src/ledger/certificate.ts'
import type { ValidatorSet } from '../../../src/ledger/validators.ts'
import { checkVoteSignature, type SigningDomain, type Vote } from '../../../src/ledger/vote.ts'
import type { Hash } from '../../../src/primitives/hex.ts'
import { SimFailure } from './safety.ts'

/** Two signatures of one validator of which an honest one makes the first or the second, not both. */
export interface Contradiction {
  readonly first: Vote
  readonly second: Vote
}

export interface ForkProof {
  /**
   * Equivocation: both for one round. Amnesia: a precommit for the one block, and in a later round, the first with a
   * polka for the other block, a prevote for that one.
   */
  readonly kind: 'equivocation' | 'amnesia'
  readonly culprits: readonly Contradiction[]
  readonly power: bigint
}

/**
 * Who made a fork: of two quorums more than 1/3 of the power is in both. `prevotes` are needed where the certificates
 * are of different rounds; what is returned can be checked by anyone who knows the set.
 */
export function proveFork(
  { domain, set }: { domain: SigningDomain; set: ValidatorSet },
  certificates: readonly [Certificate, Certificate],
  prevotes: readonly Vote[] = [],
): ForkProof {
  const [first, second] = [...certificates].sort((a, b) => a.round - b.round) as [Certificate, Certificate]
  for (const certificate of certificates) checkCertificate(domain, set, certificate)
  if (first.height !== second.height || first.blockHash === second.blockHash) {
    throw new SimFailure('The certificates make no fork.')
  }
  const isSameRound = first.round === second.round
  const later = isSameRound ? votesOf(set, second) : firstPolka(set, prevotes, first, second)
  const bySigner = new Map(later.map((vote) => [vote.validator, vote]))
  const culprits = votesOf(set, first).flatMap((vote) => {
    const other = bySigner.get(vote.validator)
    return other === undefined ? [] : [{ first: vote, second: other }]
  })
  for (const { first: one, second: other } of culprits) {
    checkVoteSignature(domain, one)
    checkVoteSignature(domain, other)
  }
  const power = culprits.reduce((sum, { first: vote }) => sum + (set.get(vote.validator)?.power ?? 0n), 0n)
  if (!set.isHonestSupport(power)) throw new SimFailure('The fork is not explained by a third of the power.')
  return { kind: isSameRound ? 'equivocation' : 'amnesia', culprits, power }
}

/** The prevotes of the first round after the first certificate's in which a quorum went for the other block. */
function firstPolka(
  set: ValidatorSet,
  prevotes: readonly Vote[],
  first: Certificate,
  second: Certificate,
): Vote[] {
  for (let round = first.round + 1; round <= second.round; round++) {
    const votes = prevotesFor(prevotes, first.height, round, second.blockHash)
    const voters = new Set(votes.map(({ validator }) => validator))
    const power = [...voters].reduce((sum, validator) => sum + (set.get(validator)?.power ?? 0n), 0n)
    if (set.isQuorum(power)) return votes
  }
  return []
}

function prevotesFor(prevotes: readonly Vote[], height: number, round: number, blockHash: Hash): Vote[] {
  return prevotes.filter(
    (vote) =>
      vote.type === 'prevote' &&
      vote.height === height &&
      vote.round === round &&
      vote.blockHash === blockHash,
  )
}
