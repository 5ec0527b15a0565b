import type { Proposal, UnsignedProposal, UnsignedVote, Vote, VoteType } from '../../ledger/vote.ts'
import type { Address, Hash } from '../../primitives/hex.ts'

/**
 * The vocabulary of the pure core. Lines cited in this folder are those of Algorithm 1 in arXiv 1807.04938. The core
 * knows values by their block hash only (the paper's id(v)); bytes, clocks, keys and disks are the engine's.
 */
export type Step = 'propose' | 'prevote' | 'precommit'

/** A value and the round in which it was locked or became valid. */
export interface ValueAtRound {
  readonly round: number
  readonly blockHash: Hash
}

/** What happens to a height, from outside. Every input is logged before the core sees it, and replayed in order. */
export type Input =
  /** The earliest start of the height has come (line 10). */
  | { readonly type: 'start' }
  /** A proposal whose signature and proposer were checked. */
  | { readonly type: 'proposal'; readonly proposal: Proposal }
  /** A vote of a member of the set whose signature was checked; own votes come back this way once signed. */
  | { readonly type: 'vote'; readonly vote: Vote }
  | { readonly type: 'timeout'; readonly kind: Step; readonly round: number }
  /** The answer to `buildValue`. */
  | { readonly type: 'built'; readonly round: number; readonly blockHash: Hash }
  /** The answer to `validateValue`; `freshRound` repeats the request's. */
  | {
      readonly type: 'validated'
      readonly blockHash: Hash
      readonly freshRound: number | null
      readonly valid: boolean
    }

/** What the core wants done, in order. */
export type Effect =
  | { readonly type: 'signProposal'; readonly proposal: UnsignedProposal }
  | { readonly type: 'signVote'; readonly vote: UnsignedVote }
  | { readonly type: 'broadcastProposal'; readonly proposal: Proposal }
  | { readonly type: 'broadcastVote'; readonly vote: Vote }
  | { readonly type: 'buildValue'; readonly round: number }
  | { readonly type: 'cancelBuild'; readonly round: number }
  /**
   * Judge a value. With `freshRound` it is a proposal of that round by `proposer`, and clock and builder count;
   * with null only whether the block is valid, because a quorum or an earlier round vouches for the rest.
   */
  | {
      readonly type: 'validateValue'
      readonly blockHash: Hash
      readonly freshRound: number | null
      readonly round: number
      readonly proposer: Address
    }
  | { readonly type: 'cancelValidation'; readonly blockHash: Hash; readonly freshRound: number | null }
  /** The value became the valid value: a restart must find its bytes. */
  | { readonly type: 'persistValue'; readonly blockHash: Hash }
  | {
      readonly type: 'scheduleTimeout'
      readonly kind: Step
      readonly round: number
      readonly delayMs: number
    }
  | {
      readonly type: 'decide'
      readonly round: number
      readonly blockHash: Hash
      readonly precommits: readonly Vote[]
    }
  | { readonly type: 'reportEvidence'; readonly evidence: Evidence }
  /** More than 2/3 of the power precommitted a block that this node finds invalid: stop rather than follow or fork. */
  | { readonly type: 'halt'; readonly round: number; readonly blockHash: Hash }

/** Two signatures of one validator of which an honest one makes one at most; both are verifiable on their own. */
export type Evidence =
  | { readonly kind: 'votes'; readonly first: Vote; readonly second: Vote }
  | { readonly kind: 'proposals'; readonly first: Proposal; readonly second: Proposal }

export type { Proposal, UnsignedProposal, UnsignedVote, Vote, VoteType }
