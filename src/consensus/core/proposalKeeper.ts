import type { Proposal } from '../../ledger/vote.ts'

/** The message log of one height, proposals only: the first of each round, and a mark where there was a second. */
export class ProposalKeeper {
  readonly #first = new Map<number, Proposal>()
  readonly #reported = new Set<number>()

  at(round: number): Proposal | undefined {
    return this.#first.get(round)
  }

  /** Rounds with a proposal, ascending. */
  rounds(): number[] {
    return [...this.#first.keys()].sort((a, b) => a - b)
  }

  isNew(proposal: Proposal): boolean {
    const first = this.#first.get(proposal.round)
    return first === undefined || (!isSame(first, proposal) && !this.#reported.has(proposal.round))
  }

  /** Returns the round's earlier, different proposal if there is one; then the new one is not kept. */
  add(proposal: Proposal): Proposal | null {
    const first = this.#first.get(proposal.round)
    if (first === undefined) {
      this.#first.set(proposal.round, proposal)
      return null
    }
    this.#reported.add(proposal.round)
    return first
  }
}

function isSame(a: Proposal, b: Proposal): boolean {
  return a.blockHash === b.blockHash && a.validRound === b.validRound
}
