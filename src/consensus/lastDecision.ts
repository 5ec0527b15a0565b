import { type Certificate, hasSigned, makeCertificate } from '../ledger/certificate.ts'
import type { ValidatorSet } from '../ledger/validators.ts'
import type { Vote } from '../ledger/vote.ts'
import type { Address } from '../primitives/hex.ts'

/**
 * The newest decided block and its precommits. A quorum ends a height before the slower validators are heard; their
 * precommits are taken in until the next block is built, because its certificate is the record of who took part.
 */
export class LastDecision {
  readonly #set: ValidatorSet
  readonly #decided: Certificate
  readonly #votes: Map<Address, Vote>

  constructor(set: ValidatorSet, certificate: Certificate) {
    this.#set = set
    this.#decided = certificate
    this.#votes = new Map(votesOf(set, certificate).map((vote) => [vote.validator, vote]))
  }

  get height(): number {
    return this.#decided.height
  }

  /** A precommit for this very block and round, from a member not heard yet. */
  wants(vote: Vote): boolean {
    const { height, round, blockHash } = this.#decided
    return (
      vote.type === 'precommit' &&
      vote.height === height &&
      vote.round === round &&
      vote.blockHash === blockHash &&
      this.#set.indexOf(vote.validator) !== undefined &&
      !this.#votes.has(vote.validator)
    )
  }

  /** The vote's signature was checked. */
  add(vote: Vote): void {
    if (this.wants(vote)) this.#votes.set(vote.validator, vote)
  }

  /** Of all precommits heard so far. */
  certificate(): Certificate {
    return makeCertificate(this.#set, [...this.#votes.values()])
  }
}

/** The precommits of which a certificate is made. */
export function votesOf(set: ValidatorSet, certificate: Certificate): Vote[] {
  const { height, round, blockHash, signers } = certificate
  const members = set.validators.filter((_, index) => hasSigned(signers, index))
  return members.flatMap(({ address }, index) => {
    const signature = certificate.signatures[index]
    if (signature === undefined) return []
    return [{ type: 'precommit', height, round, blockHash, validator: address, signature }]
  })
}
