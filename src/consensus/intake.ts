import { limits } from '../config/limits.ts'
import { isNodeError } from '../errors/errors.ts'
import {
  checkProposalSignature,
  checkVoteSignature,
  decodeVote,
  type Proposal,
  type SigningDomain,
  type Vote,
} from '../ledger/vote.ts'
import type { Hash } from '../primitives/hex.ts'
import { decodeProposalMessage, type ProposalMessage } from './codec.ts'
import type { HeightDriver } from './core/driver.ts'
import type { FutureMessages, HeightTracker } from './futureMessages.ts'
import type { HeightValues } from './heightValues.ts'
import type { LastDecision } from './lastDecision.ts'
import type { ConsensusApp } from './ports.ts'

/**
 * What gossip does with a message: forward it, drop it, or drop it and blame the sender. Blame is for what no honest
 * peer hands on, wherever it stands: a peer that is one height behind cannot know the next set, nor its proposers.
 */
export type Verdict = 'accept' | 'ignore' | 'reject'

/** The state against which messages are checked. */
export interface IntakeView {
  readonly driver: HeightDriver
  readonly values: HeightValues
  readonly lastDecision: LastDecision | null
  isWanted(blockHash: Hash): boolean
}

/** Where messages that passed go. */
export interface IntakeSink {
  /** False when the queue is full. */
  vote(vote: Vote): boolean
  proposal(proposal: Proposal): boolean
  value(blockHash: Hash, envelope: Uint8Array): boolean
}

export interface IntakeModules {
  readonly app: Pick<ConsensusApp, 'blockHashOf'>
  readonly future: FutureMessages
  readonly heights: HeightTracker
  readonly sink: IntakeSink
}

/**
 * Everything a stranger sends passes here once: decode, bounds, height and set, and the signature last, because it
 * costs most. What passes is handed on at once; nothing that is unsigned, unbounded or useless goes further.
 */
export class MessageIntake {
  readonly #domain: SigningDomain
  readonly #modules: IntakeModules

  constructor(domain: SigningDomain, modules: IntakeModules) {
    this.#domain = domain
    this.#modules = modules
  }

  takeVoteMessage(bytes: Uint8Array, view: IntakeView): Verdict {
    return refusingBadInput(() => this.takeVote(decodeVote(bytes), view))
  }

  takeProposalMessage(bytes: Uint8Array, view: IntakeView): Verdict {
    return refusingBadInput(() => this.takeProposal(decodeProposalMessage(bytes), view))
  }

  /** Throws a NodeError when the vote is bad rather than useless. */
  takeVote(vote: Vote, view: IntakeView): Verdict {
    const { driver } = view
    if (vote.height > driver.height) return this.#takeFutureVote(vote, driver)
    if (vote.height < driver.height) return this.#takeLateVote(vote, view.lastDecision)
    if (!driver.wantsVote(vote)) return 'ignore'
    checkVoteSignature(this.#domain, vote)
    return this.#modules.sink.vote(vote) ? 'accept' : 'ignore'
  }

  /** Throws a NodeError when the proposal is bad rather than useless. */
  takeProposal(message: ProposalMessage, view: IntakeView): Verdict {
    const { driver } = view
    const { proposal } = message
    if (proposal.validRound >= proposal.round) return 'reject'
    if (proposal.height > driver.height) return this.#takeFutureProposal(message, driver)
    if (proposal.height < driver.height || !driver.isWithinReach(proposal.round)) return 'ignore'
    if (proposal.proposer !== driver.proposerOf(proposal.round)) return 'ignore'
    const isNew = driver.wantsProposal(proposal)
    const bringsValue = message.envelope !== null && !view.values.has(proposal.blockHash)
    if (!isNew && !(bringsValue && view.isWanted(proposal.blockHash))) return 'ignore'
    checkProposalSignature(this.#domain, proposal)
    const { envelope } = message
    if (envelope !== null) {
      if (this.#modules.app.blockHashOf(envelope) !== proposal.blockHash) return 'reject'
      // It goes first: when the proposal is looked at, its value is there.
      if (bringsValue && !this.#modules.sink.value(proposal.blockHash, envelope)) return 'ignore'
    }
    if (isNew && !this.#modules.sink.proposal(proposal)) return 'ignore'
    return 'accept'
  }

  /** An envelope that came by itself; only one that is waited for, or that a known proposal names, is kept. */
  takeEnvelope(envelope: Uint8Array, view: IntakeView): Verdict {
    const blockHash = this.#modules.app.blockHashOf(envelope)
    if (view.values.has(blockHash)) return 'ignore'
    const { proposals } = view.driver
    const isProposed = proposals.rounds().some((round) => proposals.at(round)?.blockHash === blockHash)
    if (!isProposed && !view.isWanted(blockHash)) return 'ignore'
    return this.#modules.sink.value(blockHash, envelope) ? 'accept' : 'ignore'
  }

  /** The set of that height is not known yet; members of the present one are believed. */
  #takeFutureVote(vote: Vote, driver: HeightDriver): Verdict {
    if (driver.set.indexOf(vote.validator) === undefined) return 'ignore'
    const { future, heights } = this.#modules
    const isKept = future.wantsVote(vote, driver.height)
    if (!isKept && !heights.isNews(vote.validator, vote.height)) return 'ignore'
    checkVoteSignature(this.#domain, vote)
    heights.note(vote.validator, vote.height)
    if (!isKept) return 'ignore'
    future.addVote(vote)
    return 'accept'
  }

  #takeFutureProposal(message: ProposalMessage, driver: HeightDriver): Verdict {
    const { proposal, envelope } = message
    if (driver.set.indexOf(proposal.proposer) === undefined) return 'ignore'
    if (!this.#modules.future.wantsProposal(proposal, driver.height)) return 'ignore'
    if (envelope !== null && envelope.length > limits.gossipEnvelopeBytes) return 'ignore'
    checkProposalSignature(this.#domain, proposal)
    if (envelope !== null && this.#modules.app.blockHashOf(envelope) !== proposal.blockHash) return 'reject'
    this.#modules.future.addProposal(message)
    return 'accept'
  }

  #takeLateVote(vote: Vote, lastDecision: LastDecision | null): Verdict {
    if (!lastDecision?.wants(vote)) return 'ignore'
    checkVoteSignature(this.#domain, vote)
    lastDecision.add(vote)
    return 'accept'
  }
}

/** Whatever a decoder or a check refuses with a typed error is the sender's fault; anything else is ours. */
function refusingBadInput(take: () => Verdict): Verdict {
  try {
    return take()
  } catch (error) {
    if (isNodeError(error)) return 'reject'
    throw error
  }
}
