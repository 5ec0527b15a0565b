import { invariant } from '../../errors/errors.ts'
import type { ValidatorSet } from '../../ledger/validators.ts'
import type { Proposal, Vote } from '../../ledger/vote.ts'
import type { Address, Hash } from '../../primitives/hex.ts'
import { type Priorities, ProposerSchedule } from '../proposer.ts'
import { Judgements } from './judgements.ts'
import { ProposalKeeper } from './proposalKeeper.ts'
import {
  type Action,
  initialState,
  lockAllowsFresh,
  lockAllowsReproposal,
  onFreshProposal,
  onNilPolka,
  onPolka,
  onPrecommitQuorum,
  onPrevoteQuorum,
  onReproposal,
  onRoundSkip,
  onTimeoutPrecommit,
  onTimeoutPrevote,
  onTimeoutPropose,
  type RoundState,
  startRound,
  type Transition,
} from './roundState.ts'
import { type ConsensusTimeouts, timeoutMs } from './timeouts.ts'
import type { Effect, Input, Step } from './types.ts'
import { VoteKeeper } from './voteKeeper.ts'

export interface HeightOptions {
  readonly height: number
  readonly set: ValidatorSet
  readonly priorities: Priorities
  /** Address of the own consensus key; null when this node only observes. */
  readonly self: Address | null
  readonly timeouts: ConsensusTimeouts
  readonly futureRounds: number
}

/**
 * One height of Tendermint: takes inputs one by one, keeps the message log, applies each rule whose guard holds
 * until none does, and returns what is to be done. Equal inputs give equal effects, which is what makes replay after
 * a crash and the simulator exact.
 */
export class HeightDriver {
  readonly height: number
  readonly set: ValidatorSet
  readonly self: Address | null
  readonly votes: VoteKeeper
  readonly proposals = new ProposalKeeper()
  readonly #timeouts: ConsensusTimeouts
  readonly #futureRounds: number
  readonly #schedule: ProposerSchedule
  readonly #judgements = new Judgements()
  #state: RoundState = initialState
  #building: number | null = null
  #isDone = false
  #effects: Effect[] = []

  constructor(options: HeightOptions) {
    this.height = options.height
    this.set = options.set
    this.self = options.self !== null && options.set.indexOf(options.self) !== undefined ? options.self : null
    this.votes = new VoteKeeper(options.set, options.futureRounds)
    this.#timeouts = options.timeouts
    this.#futureRounds = options.futureRounds
    this.#schedule = new ProposerSchedule(options.set, options.priorities)
  }

  get state(): RoundState {
    return this.#state
  }

  /** Decided, or halted: nothing more comes of this height. */
  get isDone(): boolean {
    return this.#isDone
  }

  /** Rounds further ahead are refused before anything is computed for them. */
  isWithinReach(round: number): boolean {
    return round <= this.#state.round + this.#futureRounds
  }

  /** The round must be within reach: cost grows with it. */
  proposerOf(round: number): Address {
    return this.#schedule.at(round)
  }

  /** Whether the input `vote` would do anything; lets the caller skip a signature check and a log entry. */
  wantsVote(vote: Vote): boolean {
    return !this.#isDone && vote.height === this.height && this.votes.isNew(vote, this.#state.round)
  }

  wantsProposal(proposal: Proposal): boolean {
    const { height, round, validRound, proposer } = proposal
    if (this.#isDone || height !== this.height || validRound >= round || !this.isWithinReach(round))
      return false
    if (proposer !== this.proposerOf(round)) return false
    return this.proposals.isNew(proposal)
  }

  /** Whether the input could do anything; the rest need not be logged. */
  wants(input: Input): boolean {
    if (input.type === 'vote') return this.wantsVote(input.vote)
    if (input.type === 'proposal') return this.wantsProposal(input.proposal)
    if (input.type === 'timeout') return !this.#isDone && input.round === this.#state.round
    return !this.#isDone
  }

  /** Whether the value of this round was asked for and is still of use. */
  isBuilding(round: number): boolean {
    return !this.#isDone && this.#building === round
  }

  /** Hashes of values whose judgement is awaited. */
  awaitedValues(): Hash[] {
    return [...new Set(this.#judgements.pending().map(({ blockHash }) => blockHash))]
  }

  process(input: Input): Effect[] {
    if (this.#isDone) return []
    this.#effects = []
    this.#take(input)
    // Voting goes before deciding: a validator that hears the others' precommits first still adds its own.
    for (let next = this.#next(); next !== null; next = this.#next()) this.#apply(next)
    this.#tryDecide()
    return this.#effects
  }

  #take(input: Input): void {
    switch (input.type) {
      case 'start':
        if (this.#state.round < 0) this.#apply(startRound(this.#state, 0, this.#isProposer(0)))
        return
      case 'proposal':
        this.#takeProposal(input.proposal)
        return
      case 'vote':
        this.#takeVote(input.vote)
        return
      case 'timeout':
        this.#takeTimeout(input.kind, input.round)
        return
      case 'built':
        this.#takeBuilt(input.round, input.blockHash)
        return
      case 'validated':
        this.#judgements.settle(input.blockHash, input.freshRound, input.valid)
        return
    }
  }

  #takeProposal(proposal: Proposal): void {
    if (!this.wantsProposal(proposal)) return
    const first = this.proposals.add(proposal)
    if (first !== null) {
      this.#effects.push({ type: 'reportEvidence', evidence: { kind: 'proposals', first, second: proposal } })
      return
    }
    const index = this.set.indexOf(proposal.proposer)
    if (index !== undefined) this.votes.noteRound(index, proposal.round)
    if (proposal.proposer === this.self) this.#effects.push({ type: 'broadcastProposal', proposal })
  }

  #takeVote(vote: Vote): void {
    const { added, conflictsWith } = this.votes.add(vote, this.#state.round)
    if (conflictsWith !== null) {
      this.#effects.push({
        type: 'reportEvidence',
        evidence: { kind: 'votes', first: conflictsWith, second: vote },
      })
    } else if (added && vote.validator === this.self) {
      this.#effects.push({ type: 'broadcastVote', vote })
    }
  }

  #takeTimeout(kind: Step, round: number): void {
    const transition = this.#onTimeout(kind, round)
    if (transition !== null) this.#apply(transition)
  }

  /** Lines 57 to 67. */
  #onTimeout(kind: Step, round: number): Transition | null {
    if (round !== this.#state.round) return null
    switch (kind) {
      case 'propose':
        return onTimeoutPropose(this.#state, round)
      case 'prevote':
        return onTimeoutPrevote(this.#state, round)
      case 'precommit':
        return onTimeoutPrecommit(this.#state, round, this.#isProposer(round + 1))
    }
  }

  /** Lines 18 and 19, once the value is there. The own value is valid by construction. */
  #takeBuilt(round: number, blockHash: Hash): void {
    if (this.#building !== round || this.self === null) return
    this.#building = null
    this.#judgements.settle(blockHash, round, true)
    this.#signProposal(blockHash, -1)
  }

  /**
   * Lines 49 to 54, for any round of the height. The proposal message itself is not asked for: 2f+1 votes for id(v)
   * hold those of honest validators, who saw it; whoever lacks v fetches it by its hash. So a proposer that sends
   * different proposals to different nodes cannot keep some of them from deciding.
   */
  #tryDecide(): void {
    for (const round of this.votes.rounds()) {
      const blockHash = this.votes.quorumChoice('precommit', round)
      if (blockHash === undefined || blockHash === null) continue
      const isValid = this.#isValid(blockHash)
      if (isValid === undefined) continue
      this.#isDone = true
      const precommits = this.votes.votesFor('precommit', round, blockHash)
      this.#effects.push(
        isValid ? { type: 'decide', round, blockHash, precommits } : { type: 'halt', round, blockHash },
      )
      return
    }
  }

  /** The next rule whose guard holds, or null. */
  #next(): Transition | null {
    const state = this.#state
    const supported = this.votes.supportedRound()
    if (supported > state.round) return onRoundSkip(state, supported, this.#isProposer(supported))
    if (state.round < 0) return null
    return this.#onProposal() ?? this.#onPrevotes() ?? this.#onPrecommits()
  }

  /** Lines 22 to 33. */
  #onProposal(): Transition | null {
    const state = this.#state
    const proposal = this.proposals.at(state.round)
    if (state.step !== 'propose' || proposal === undefined) return null
    const { blockHash, validRound } = proposal
    if (validRound < 0) {
      const isValid = lockAllowsFresh(state, blockHash) ? this.#isFreshValid(blockHash, state.round) : false
      return isValid === undefined ? null : onFreshProposal(state, blockHash, isValid)
    }
    if (!this.votes.hasQuorum('prevote', validRound, blockHash)) return null
    const isValid = lockAllowsReproposal(state, blockHash, validRound) ? this.#isValid(blockHash) : false
    return isValid === undefined ? null : onReproposal(state, blockHash, validRound, isValid)
  }

  /** Lines 34 to 46. The value of a polka is found by hash, as in `#tryDecide`. */
  #onPrevotes(): Transition | null {
    const state = this.#state
    const choice = this.votes.quorumChoice('prevote', state.round)
    if (choice === null) {
      const transition = onNilPolka(state)
      if (transition !== null) return transition
    } else if (
      choice !== undefined &&
      state.step !== 'propose' &&
      !state.polkaSeen &&
      this.#isValid(choice)
    ) {
      return onPolka(state, choice)
    }
    return this.votes.hasAnyQuorum('prevote', state.round) ? onPrevoteQuorum(state) : null
  }

  /** Lines 47 and 48. */
  #onPrecommits(): Transition | null {
    return this.votes.hasAnyQuorum('precommit', this.#state.round) ? onPrecommitQuorum(this.#state) : null
  }

  /** valid(v), or undefined while it is being found out. */
  #isValid(blockHash: Hash): boolean | undefined {
    const known = this.#judgements.validity(blockHash)
    if (known === undefined) this.#requestJudgement(blockHash, null)
    return known
  }

  #isFreshValid(blockHash: Hash, round: number): boolean | undefined {
    const known = this.#judgements.fresh(blockHash, round)
    if (known === undefined) this.#requestJudgement(blockHash, round)
    return known
  }

  #requestJudgement(blockHash: Hash, freshRound: number | null): void {
    if (!this.#judgements.request(blockHash, freshRound)) return
    const round = freshRound ?? Math.max(0, this.#state.round)
    const proposer = this.proposerOf(round)
    this.#effects.push({ type: 'validateValue', blockHash, freshRound, round, proposer })
  }

  #apply(transition: Transition): void {
    const entersRound = transition.state.round !== this.#state.round
    this.#state = transition.state
    if (entersRound || transition.state.step !== 'propose') this.#cancelBuild()
    if (entersRound) this.#enterRound(transition.state.round)
    for (const action of transition.actions) this.#act(action)
  }

  #enterRound(round: number): void {
    this.votes.advance(round)
    for (const { blockHash, freshRound } of this.#judgements.dropFreshBefore(round)) {
      this.#effects.push({ type: 'cancelValidation', blockHash, freshRound })
    }
  }

  #act(action: Action): void {
    const { round } = this.#state
    switch (action.type) {
      case 'propose':
        if (action.value !== null) {
          this.#signProposal(action.value.blockHash, action.value.round)
          return
        }
        this.#building = round
        this.#effects.push({ type: 'buildValue', round })
        return
      case 'vote': {
        if (this.self === null) return
        const { voteType, blockHash } = action
        const vote = { type: voteType, height: this.height, round, blockHash, validator: this.self }
        this.#effects.push({ type: 'signVote', vote })
        return
      }
      case 'scheduleTimeout': {
        const delayMs = timeoutMs(this.#timeouts, action.kind, round)
        this.#effects.push({ type: 'scheduleTimeout', kind: action.kind, round, delayMs })
        return
      }
      case 'persistValue':
        this.#effects.push({ type: 'persistValue', blockHash: action.blockHash })
    }
  }

  #cancelBuild(): void {
    if (this.#building === null) return
    this.#effects.push({ type: 'cancelBuild', round: this.#building })
    this.#building = null
  }

  #signProposal(blockHash: Hash, validRound: number): void {
    invariant(this.self !== null, 'Only a validator proposes.')
    const { round } = this.#state
    this.#effects.push({
      type: 'signProposal',
      proposal: { height: this.height, round, validRound, blockHash, proposer: this.self },
    })
  }

  #isProposer(round: number): boolean {
    return this.self !== null && this.proposerOf(round) === this.self
  }
}
