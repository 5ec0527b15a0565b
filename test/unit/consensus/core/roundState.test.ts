import { describe, expect, it } from 'vitest'
import {
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

describe('what a rule does', () => {
  const W = hashOf('w')
  const prevoteFor = (blockHash: typeof V | null) => ({ type: 'vote', voteType: 'prevote', blockHash })
  const precommitFor = (blockHash: typeof V | null) => ({ type: 'vote', voteType: 'precommit', blockHash })
  const schedule = (kind: Step) => ({ type: 'scheduleTimeout', kind })
  const inStep = (step: Step, changes: Partial<RoundState> = {}) => ({ ...at(step), ...changes })
  const value = { round: ROUND, blockHash: V }

  it.each<[string, () => unknown, RoundState, readonly unknown[]]>([
    ['line 22: prevote', () => onFreshProposal(at('propose'), V, true), inStep('prevote'), [prevoteFor(V)]],
    [
      'line 26: prevote nil',
      () => onFreshProposal(at('propose'), V, false),
      inStep('prevote'),
      [prevoteFor(null)],
    ],
    ['line 30: prevote', () => onReproposal(at('propose'), V, 2, true), inStep('prevote'), [prevoteFor(V)]],
    [
      'line 32: prevote nil',
      () => onReproposal(at('propose'), V, 2, false),
      inStep('prevote'),
      [prevoteFor(null)],
    ],
    [
      'line 35: the prevote timeout',
      () => onPrevoteQuorum(at('prevote')),
      inStep('prevote', { prevoteTimeoutScheduled: true }),
      [schedule('prevote')],
    ],
    [
      'lines 38 to 43: lock, valid value, precommit',
      () => onPolka(at('prevote'), V),
      inStep('precommit', { locked: value, valid: value, polkaSeen: true }),
      [{ type: 'persistValue', blockHash: V }, precommitFor(V)],
    ],
    [
      'lines 42 and 43 alone',
      () => onPolka(at('precommit'), V),
      inStep('precommit', { valid: value, polkaSeen: true }),
      [{ type: 'persistValue', blockHash: V }],
    ],
    ['line 45: precommit nil', () => onNilPolka(at('prevote')), inStep('precommit'), [precommitFor(null)]],
    [
      'line 48: the precommit timeout',
      () => onPrecommitQuorum(at('prevote')),
      inStep('prevote', { precommitTimeoutScheduled: true }),
      [schedule('precommit')],
    ],
    [
      'line 59: prevote nil',
      () => onTimeoutPropose(at('propose'), ROUND),
      inStep('prevote'),
      [prevoteFor(null)],
    ],
    [
      'line 63: precommit nil',
      () => onTimeoutPrevote(at('prevote'), ROUND),
      inStep('precommit'),
      [precommitFor(null)],
    ],
    [
      'line 67: the next round',
      () => onTimeoutPrecommit(at('precommit'), ROUND, false),
      inStep('propose', { round: ROUND + 1 }),
      [schedule('propose')],
    ],
    [
      'line 56: the later round, with its proposer',
      () => onRoundSkip(at('prevote'), ROUND + 2, true),
      inStep('propose', { round: ROUND + 2 }),
      [{ type: 'propose', value: null }, schedule('propose')],
    ],
  ])('%s', (_, rule, state, actions) => {
    expect(rule()).toEqual({ state, actions })
  })

  it('is the same in round 0 as in any other', () => {
    const first = (step: Step) => ({ ...at(step), round: 0 })
    const rules = [
      onFreshProposal(first('propose'), V, true),
      onPrevoteQuorum(first('prevote')),
      onPolka(first('prevote'), V),
      onNilPolka(first('prevote')),
      onPrecommitQuorum(first('precommit')),
      onTimeoutPropose(first('propose'), 0),
      onTimeoutPrevote(first('prevote'), 0),
      onTimeoutPrecommit(first('precommit'), 0, false),
    ]
    expect(rules.filter((transition) => transition === null)).toEqual([])
    expect(onReproposal(first('propose'), V, 0, true)).toBeNull()
  })

  it('begins in step propose, with nothing locked', () => {
    expect(initialState).toEqual({
      round: -1,
      step: 'propose',
      locked: null,
      valid: null,
      prevoteTimeoutScheduled: false,
      polkaSeen: false,
      precommitTimeoutScheduled: false,
    })
  })

  it('with a lock: a fresh value must be the locked one (line 23)', () => {
    const locked = at('propose', { locked: { round: 1, blockHash: V } })
    expect([V, W].map((hash) => lockAllowsFresh(locked, hash))).toEqual([true, false])
    expect(lockAllowsFresh(at('propose'), W)).toBe(true)
    expect(onFreshProposal(locked, W, true)?.actions).toEqual([prevoteFor(null)])
  })

  it('with a lock: a value proposed again must be the locked one or have a polka no older (line 29)', () => {
    const locked = at('propose', { locked: { round: 2, blockHash: V } })
    expect([1, 2, 3].map((round) => lockAllowsReproposal(locked, W, round))).toEqual([false, true, true])
    expect([1, 2, 3].map((round) => lockAllowsReproposal(locked, V, round))).toEqual([true, true, true])
    expect(lockAllowsReproposal(at('propose'), W, 0)).toBe(true)
    expect(onReproposal(locked, W, 1, true)?.actions).toEqual([prevoteFor(null)])
  })
})
