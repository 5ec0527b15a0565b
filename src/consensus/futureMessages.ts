import type { ValidatorSet } from '../ledger/validators.ts'
import type { Proposal, Vote } from '../ledger/vote.ts'
import type { Address } from '../primitives/hex.ts'
import type { ProposalMessage } from './codec.ts'

export interface FutureBounds {
  readonly heights: number
  readonly rounds: number
}

/**
 * Messages of heights that this node has not reached, from members of its present set. One vote for each validator,
 * height, round and type; one proposal for each validator, of the next height only, since it may carry an envelope.
 */
export class FutureMessages {
  readonly #bounds: FutureBounds
  readonly #votes = new Map<string, Vote>()
  readonly #proposals = new Map<Address, ProposalMessage>()

  constructor(bounds: FutureBounds) {
    this.#bounds = bounds
  }

  wantsVote(vote: Vote, ownHeight: number): boolean {
    return (
      vote.height > ownHeight &&
      vote.height <= ownHeight + this.#bounds.heights &&
      vote.round <= this.#bounds.rounds &&
      !this.#votes.has(slotOf(vote))
    )
  }

  addVote(vote: Vote): void {
    this.#votes.set(slotOf(vote), vote)
  }

  wantsProposal(proposal: Proposal, ownHeight: number): boolean {
    return (
      proposal.height === ownHeight + 1 &&
      proposal.round <= this.#bounds.rounds &&
      !this.#proposals.has(proposal.proposer)
    )
  }

  addProposal(message: ProposalMessage): void {
    this.#proposals.set(message.proposal.proposer, message)
  }

  /** Hands out what was kept for `height` and forgets all up to it. */
  take(height: number): { votes: Vote[]; proposals: ProposalMessage[] } {
    const votes = [...this.#votes.values()].filter((vote) => vote.height === height)
    const proposals = [...this.#proposals.values()].filter(({ proposal }) => proposal.height === height)
    for (const [slot, vote] of this.#votes) if (vote.height <= height) this.#votes.delete(slot)
    this.#proposals.clear()
    return { votes, proposals }
  }
}

function slotOf({ height, round, type, validator }: Vote): string {
  return `${height}:${round}:${type}:${validator}`
}

/** Which heights the others have reached, by their signed votes. */
export class HeightTracker {
  readonly #heights = new Map<Address, number>()

  isNews(validator: Address, height: number): boolean {
    return height > (this.#heights.get(validator) ?? 0)
  }

  note(validator: Address, height: number): void {
    if (this.isNews(validator, height)) this.#heights.set(validator, height)
  }

  /** The highest height that more than 1/3 of the power has reached: all before it are decided. 0 if none. */
  supported(set: ValidatorSet): number {
    const reached = set.validators.map(({ address, power }) => ({
      height: this.#heights.get(address) ?? 0,
      power,
    }))
    let power = 0n
    for (const each of reached.sort((a, b) => b.height - a.height)) {
      power += each.power
      if (set.isHonestSupport(power)) return each.height
    }
    return 0
  }

  /** Forgets validators that are not in `set`. */
  retain(set: ValidatorSet): void {
    for (const address of this.#heights.keys()) {
      if (set.indexOf(address) === undefined) this.#heights.delete(address)
    }
  }
}
