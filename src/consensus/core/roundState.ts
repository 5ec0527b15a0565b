import type { Hash } from '../../primitives/hex.ts'
import type { Step, ValueAtRound, VoteType } from './types.ts'

/** The variables of Algorithm 1 (lines 2 to 9) for one height; the log of messages is kept beside it. */
export interface RoundState {
  /** −1 until the height starts. */
  readonly round: number
  readonly step: Step
  readonly locked: ValueAtRound | null
  readonly valid: ValueAtRound | null
  /** The "for the first time" of lines 34, 36 and 47, in this round. */
  readonly prevoteTimeoutScheduled: boolean
  readonly polkaSeen: boolean
  readonly precommitTimeoutScheduled: boolean
}

export type Action =
  /** Propose this value again, or a new one if null. */
  | { readonly type: 'propose'; readonly value: ValueAtRound | null }
  | { readonly type: 'vote'; readonly voteType: VoteType; readonly blockHash: Hash | null }
  | { readonly type: 'scheduleTimeout'; readonly kind: Step }
  | { readonly type: 'persistValue'; readonly blockHash: Hash }

/** What a rule does when its guard holds; null when it does not. */
export interface Transition {
  readonly state: RoundState
  readonly actions: readonly Action[]
}

/** Lines 1 to 9. */
export const initialState: RoundState = {
  round: -1,
  step: 'propose',
  locked: null,
  valid: null,
  prevoteTimeoutScheduled: false,
  polkaSeen: false,
  precommitTimeoutScheduled: false,
}

/**
 * Lines 11 to 21. The propose timeout is scheduled for the proposer as well, where line 20 leaves it out: building
 * a value takes time here and may fail.
 */
export function startRound(state: RoundState, round: number, isProposer: boolean): Transition {
  const actions: Action[] = [{ type: 'scheduleTimeout', kind: 'propose' }]
  if (isProposer) actions.unshift({ type: 'propose', value: state.valid })
  return {
    state: {
      ...state,
      round,
      step: 'propose',
      prevoteTimeoutScheduled: false,
      polkaSeen: false,
      precommitTimeoutScheduled: false,
    },
    actions,
  }
}

/** Line 23: a lock stands against any other fresh value. */
export function lockAllowsFresh(state: RoundState, blockHash: Hash): boolean {
  return state.locked === null || state.locked.blockHash === blockHash
}

/** Line 29: a lock yields to a polka of its own round or a later one. */
export function lockAllowsReproposal(state: RoundState, blockHash: Hash, validRound: number): boolean {
  return state.locked === null || state.locked.round <= validRound || state.locked.blockHash === blockHash
}

/** Lines 22 to 27. `isValid`: the block is valid, timely and built by the round's proposer. */
export function onFreshProposal(state: RoundState, blockHash: Hash, isValid: boolean): Transition | null {
  if (state.round < 0 || state.step !== 'propose') return null
  return prevote(state, isValid && lockAllowsFresh(state, blockHash) ? blockHash : null)
}

/** Lines 28 to 33; the caller has seen 2f+1 prevotes for the value in `validRound`. */
export function onReproposal(
  state: RoundState,
  blockHash: Hash,
  validRound: number,
  isValid: boolean,
): Transition | null {
  if (state.step !== 'propose' || validRound < 0 || validRound >= state.round) return null
  return prevote(state, isValid && lockAllowsReproposal(state, blockHash, validRound) ? blockHash : null)
}

/** Lines 34 and 35: 2f+1 prevotes of this round, for whatever. */
export function onPrevoteQuorum(state: RoundState): Transition | null {
  if (state.round < 0 || state.step !== 'prevote' || state.prevoteTimeoutScheduled) return null
  return {
    state: { ...state, prevoteTimeoutScheduled: true },
    actions: [{ type: 'scheduleTimeout', kind: 'prevote' }],
  }
}

/** Lines 36 to 43: 2f+1 prevotes of this round for a value that is valid. */
export function onPolka(state: RoundState, blockHash: Hash): Transition | null {
  if (state.round < 0 || state.step === 'propose' || state.polkaSeen) return null
  const value = { round: state.round, blockHash }
  const persist: Action = { type: 'persistValue', blockHash }
  if (state.step !== 'prevote') {
    return { state: { ...state, valid: value, polkaSeen: true }, actions: [persist] }
  }
  return {
    state: { ...state, locked: value, valid: value, polkaSeen: true, step: 'precommit' },
    actions: [persist, { type: 'vote', voteType: 'precommit', blockHash }],
  }
}

/** Lines 44 to 46: 2f+1 prevotes of this round for nil. */
export function onNilPolka(state: RoundState): Transition | null {
  if (state.round < 0 || state.step !== 'prevote') return null
  return precommitNil(state)
}

/** Lines 47 and 48: 2f+1 precommits of this round, for whatever. */
export function onPrecommitQuorum(state: RoundState): Transition | null {
  if (state.round < 0 || state.precommitTimeoutScheduled) return null
  return {
    state: { ...state, precommitTimeoutScheduled: true },
    actions: [{ type: 'scheduleTimeout', kind: 'precommit' }],
  }
}

/** Lines 55 and 56: more than 1/3 of the power is in a later round. */
export function onRoundSkip(
  state: RoundState,
  supportedRound: number,
  isProposer: boolean,
): Transition | null {
  return supportedRound > state.round ? startRound(state, supportedRound, isProposer) : null
}

/** Lines 57 to 60. */
export function onTimeoutPropose(state: RoundState, round: number): Transition | null {
  if (round !== state.round || state.step !== 'propose') return null
  return prevote(state, null)
}

/** Lines 61 to 64. */
export function onTimeoutPrevote(state: RoundState, round: number): Transition | null {
  if (round !== state.round || state.step !== 'prevote') return null
  return precommitNil(state)
}

/** Lines 65 to 67. */
export function onTimeoutPrecommit(
  state: RoundState,
  round: number,
  isNextProposer: boolean,
): Transition | null {
  return round === state.round ? startRound(state, round + 1, isNextProposer) : null
}

function prevote(state: RoundState, blockHash: Hash | null): Transition {
  return {
    state: { ...state, step: 'prevote' },
    actions: [{ type: 'vote', voteType: 'prevote', blockHash }],
  }
}

function precommitNil(state: RoundState): Transition {
  return {
    state: { ...state, step: 'precommit' },
    actions: [{ type: 'vote', voteType: 'precommit', blockHash: null }],
  }
}
