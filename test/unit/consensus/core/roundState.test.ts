import { describe, expect, it } from 'vitest'
import {
  initialState,
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
} from '../../../../src/consensus/core/roundState.ts'
import type { Step } from '../../../../src/consensus/core/types.ts'
import { hashOf } from '../support.ts'

const V = hashOf('v')
const ROUND = 5
const STEPS: readonly Step[] = ['propose', 'prevote', 'precommit']

const at = (step: Step, changes: Partial<RoundState> = {}): RoundState => ({
  ...initialState,
  round: ROUND,
  step,
  ...changes,
})

describe('each rule fires in its steps only', () => {
  it.each<[string, readonly Step[], (state: RoundState) => unknown]>([
    ['line 22, a fresh proposal', ['propose'], (state) => onFreshProposal(state, V, true)],
    ['line 28, a proposal made again', ['propose'], (state) => onReproposal(state, V, 2, true)],
    ['line 34, a prevote quorum', ['prevote'], onPrevoteQuorum],
    ['line 36, a polka', ['prevote', 'precommit'], (state) => onPolka(state, V)],
    ['line 44, a polka for nil', ['prevote'], onNilPolka],
    ['line 47, a precommit quorum', STEPS, onPrecommitQuorum],
    ['line 55, a later round', STEPS, (state) => onRoundSkip(state, ROUND + 1, false)],
    ['line 57, the propose timeout', ['propose'], (state) => onTimeoutPropose(state, ROUND)],
    ['line 61, the prevote timeout', ['prevote'], (state) => onTimeoutPrevote(state, ROUND)],
    ['line 65, the precommit timeout', STEPS, (state) => onTimeoutPrecommit(state, ROUND, false)],
  ])('%s', (_, steps, rule) => {
    expect(STEPS.filter((step) => rule(at(step)) !== null)).toEqual(steps)
  })

  it.each<[string, (state: RoundState) => unknown]>([
    ['line 22', (state) => onFreshProposal(state, V, true)],
    ['line 34', (state) => onPrevoteQuorum({ ...state, step: 'prevote' })],
    ['line 36', (state) => onPolka({ ...state, step: 'prevote' }, V)],
    ['line 44', (state) => onNilPolka({ ...state, step: 'prevote' })],
    ['line 47', onPrecommitQuorum],
  ])('%s: not before the height starts', (_, rule) => {
    expect(rule(initialState)).toBeNull()
  })
})

describe('rules that fire for the first time only', () => {
  it.each<[string, RoundState, (state: RoundState) => unknown]>([
    ['line 34', at('prevote', { prevoteTimeoutScheduled: true }), onPrevoteQuorum],
    ['line 36', at('prevote', { polkaSeen: true }), (state) => onPolka(state, V)],
    ['line 47', at('precommit', { precommitTimeoutScheduled: true }), onPrecommitQuorum],
  ])('%s', (_, state, rule) => {
    expect(rule(state)).toBeNull()
  })

  it('fire again in the next round', () => {
    const seen = { prevoteTimeoutScheduled: true, polkaSeen: true, precommitTimeoutScheduled: true }
    const { state } = startRound(at('precommit', seen), ROUND + 1, false)
    expect(state).toMatchObject({
      round: ROUND + 1,
      step: 'propose',
      prevoteTimeoutScheduled: false,
      polkaSeen: false,
      precommitTimeoutScheduled: false,
    })
  })
})

describe('rounds', () => {
  it('a proposal made again names an earlier round (line 28)', () => {
    const named = [-1, 0, ROUND - 1, ROUND, ROUND + 1]
    const taken = named.filter((round) => onReproposal(at('propose'), V, round, true) !== null)
    expect(taken).toEqual([0, ROUND - 1])
  })

  it('a timeout is of this round (lines 58, 62, 66)', () => {
    for (const round of [ROUND - 1, ROUND + 1]) {
      expect(onTimeoutPropose(at('propose'), round)).toBeNull()
      expect(onTimeoutPrevote(at('prevote'), round)).toBeNull()
      expect(onTimeoutPrecommit(at('precommit'), round, false)).toBeNull()
    }
  })

  it('a skip goes forward (line 55)', () => {
    expect(onRoundSkip(at('propose'), ROUND, false)).toBeNull()
    expect(onRoundSkip(at('propose'), ROUND - 1, false)).toBeNull()
    expect(onRoundSkip(at('propose'), ROUND + 3, false)?.state.round).toBe(ROUND + 3)
  })

  it('keep lock and valid value', () => {
    const values = { locked: { round: 1, blockHash: V }, valid: { round: 2, blockHash: V } }
    expect(startRound(at('precommit', values), ROUND + 1, false).state).toMatchObject(values)
  })

  it('propose the valid value, not the locked one (line 15)', () => {
    const values = { locked: { round: 1, blockHash: hashOf('w') }, valid: { round: 2, blockHash: V } }
    expect(startRound(at('precommit', values), ROUND + 1, true).actions[0]).toEqual({
      type: 'propose',
      value: { round: 2, blockHash: V },
    })
  })
})
