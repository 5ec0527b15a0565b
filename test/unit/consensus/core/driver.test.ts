import { describe, expect, it } from 'vitest'
import { HeightDriver } from '../../../../src/consensus/core/driver.ts'
import { devnetTimeouts } from '../../../../src/consensus/core/timeouts.ts'
import type { Effect, Input } from '../../../../src/consensus/core/types.ts'
import type { Hash } from '../../../../src/primitives/hex.ts'
import { addresses, addressOf, HEIGHT, hashOf, makeSet, proposal, vote } from '../support.ts'

const V = hashOf('value v')
const W = hashOf('value w')

/** Four equal validators; equal priorities are settled by address, which gives the order of proposers. */
const set = makeSet(1, 1, 1, 1)
const PROPOSERS = [0, 1, 2, 3].sort((a, b) => (addressOf(a) < addressOf(b) ? -1 : 1))
const proposerIndex = (round: number) => PROPOSERS[round % 4]!

/** A validator that proposes in none of the first three rounds, and the indices of the other three. */
const SELF = proposerIndex(3)
const OTHERS = [0, 1, 2, 3].filter((index) => index !== SELF)

class Bench {
  readonly driver: HeightDriver
  effects: Effect[] = []

  constructor(self: number | null = SELF) {
    this.driver = new HeightDriver({
      height: HEIGHT,
      set,
      priorities: [0n, 0n, 0n, 0n],
      self: self === null ? null : addressOf(self),
      timeouts: devnetTimeouts,
      futureRounds: 16,
    })
  }

  /** Effects of this input only. */
  input(input: Input): Effect[] {
    this.effects = this.driver.process(input)
    return this.effects
  }

  start(): Effect[] {
    return this.input({ type: 'start' })
  }

  propose(round: number, blockHash: Hash, validRound = -1): Effect[] {
    return this.input({
      type: 'proposal',
      proposal: proposal(proposerIndex(round), round, blockHash, validRound),
    })
  }

  judge(blockHash: Hash, freshRound: number | null, valid = true): Effect[] {
    return this.input({ type: 'validated', blockHash, freshRound, valid })
  }

  /** Votes of these validators; returns the effects of the last one. */
  votes(
    type: 'prevote' | 'precommit',
    round: number,
    blockHash: Hash | null,
    from: readonly number[] = OTHERS,
  ): Effect[] {
    for (const index of from) this.input({ type: 'vote', vote: vote(index, type, round, blockHash) })
    return this.effects
  }

  timeout(kind: 'propose' | 'prevote' | 'precommit', round: number): Effect[] {
    return this.input({ type: 'timeout', kind, round })
  }
}

/** The votes asked for, as `type round hash-or-nil`. */
function signed(effects: readonly Effect[]): string[] {
  return effects.flatMap((effect) => (effect.type === 'signVote' ? [nameOf(effect.vote)] : []))
}

function nameOf({ type, round, blockHash }: { type: string; round: number; blockHash: Hash | null }): string {
  return `${type} ${round} ${blockHash === V ? 'V' : blockHash === W ? 'W' : String(blockHash)}`
}

function only<T extends Effect['type']>(effects: readonly Effect[], type: T): Extract<Effect, { type: T }>[] {
  return effects.filter((effect): effect is Extract<Effect, { type: T }> => effect.type === type)
}

function timeouts(effects: readonly Effect[]): string[] {
  return only(effects, 'scheduleTimeout').map(({ kind, round, delayMs }) => `${kind} ${round} ${delayMs}`)
}

/** Locked on V in round 0 and then in round 1, in step propose. */
function lockedInRoundOne(): Bench {
  const bench = new Bench()
  bench.start()
  bench.propose(0, V)
  bench.judge(V, 0)
  bench.votes('prevote', 0, V)
  bench.votes('precommit', 0, null)
  bench.timeout('precommit', 0)
  expect(bench.driver.state).toMatchObject({ round: 1, step: 'propose', locked: { round: 0, blockHash: V } })
  return bench
}

describe('start of a round (lines 10 to 21)', () => {
  it('does nothing before the height starts', () => {
    const bench = new Bench()
    expect(bench.propose(0, V)).toEqual([])
    expect(bench.driver.state.round).toBe(-1)
  })

  it('starts round 0 with a propose timeout of the first round', () => {
    const bench = new Bench()
    expect(timeouts(bench.start())).toEqual(['propose 0 1500'])
    expect(bench.driver.state).toMatchObject({ round: 0, step: 'propose' })
  })

  it('starts once', () => {
    const bench = new Bench()
    bench.start()
    expect(bench.start()).toEqual([])
  })

  it('asks the proposer to build, and has the value signed and sent once built', () => {
    const bench = new Bench(proposerIndex(0))
    expect(only(bench.start(), 'buildValue')).toEqual([{ type: 'buildValue', round: 0 }])
    const [sign] = only(bench.input({ type: 'built', round: 0, blockHash: V }), 'signProposal')
    expect(sign?.proposal).toEqual({
      height: HEIGHT,
      round: 0,
      validRound: -1,
      blockHash: V,
      proposer: addressOf(proposerIndex(0)),
    })
    const effects = bench.propose(0, V)
    expect(only(effects, 'broadcastProposal')).toHaveLength(1)
    // Its own value needs no validation.
    expect(signed(effects)).toEqual(['prevote 0 V'])
    expect(only(effects, 'validateValue')).toEqual([])
  })

  it('asks nobody else to build', () => {
    expect(only(new Bench().start(), 'buildValue')).toEqual([])
    expect(only(new Bench(null).start(), 'buildValue')).toEqual([])
  })

  it('proposes the valid value again, with its round', () => {
    const bench = new Bench(proposerIndex(1))
    bench.start()
    bench.propose(0, V)
    bench.judge(V, 0)
    bench.votes(
      'prevote',
      0,
      V,
      [0, 1, 2, 3].filter((index) => index !== proposerIndex(1)),
    )
    bench.votes(
      'precommit',
      0,
      null,
      [0, 1, 2, 3].filter((index) => index !== proposerIndex(1)),
    )
    const effects = bench.timeout('precommit', 0)
    expect(only(effects, 'buildValue')).toEqual([])
    expect(only(effects, 'signProposal')[0]?.proposal).toMatchObject({
      round: 1,
      validRound: 0,
      blockHash: V,
    })
  })

  it('takes a built value only while it is of use', () => {
    const bench = new Bench(proposerIndex(0))
    bench.start()
    expect(bench.driver.isBuilding(0)).toBe(true)
    const effects = bench.timeout('propose', 0)
    expect(only(effects, 'cancelBuild')).toEqual([{ type: 'cancelBuild', round: 0 }])
    expect(bench.driver.isBuilding(0)).toBe(false)
    expect(bench.input({ type: 'built', round: 0, blockHash: V })).toEqual([])
  })
})

describe('a fresh proposal (lines 22 to 27)', () => {
  it('is judged as fresh, with its proposer, and prevoted when valid', () => {
    const bench = new Bench()
    bench.start()
    expect(only(bench.propose(0, V), 'validateValue')).toEqual([
      { type: 'validateValue', blockHash: V, freshRound: 0, round: 0, proposer: addressOf(proposerIndex(0)) },
    ])
    expect(signed(bench.judge(V, 0))).toEqual(['prevote 0 V'])
    expect(bench.driver.state.step).toBe('prevote')
  })

  it('gets nil when it is refused', () => {
    const bench = new Bench()
    bench.start()
    bench.propose(0, V)
    expect(signed(bench.judge(V, 0, false))).toEqual(['prevote 0 null'])
  })

  it('counts only from the proposer of the round', () => {
    const bench = new Bench()
    bench.start()
    bench.input({ type: 'proposal', proposal: proposal(proposerIndex(1), 0, V) })
    expect(bench.effects).toEqual([])
    expect(bench.driver.proposals.at(0)).toBeUndefined()
  })

  it('gets nil at once from a node locked on another value', () => {
    const bench = lockedInRoundOne()
    const effects = bench.propose(1, W)
    expect(signed(effects)).toEqual(['prevote 1 null'])
    expect(only(effects, 'validateValue')).toEqual([])
  })

  it('is prevoted by a node locked on the same value', () => {
    const bench = lockedInRoundOne()
    bench.propose(1, V)
    expect(signed(bench.judge(V, 1))).toEqual(['prevote 1 V'])
  })

  it('is judged anew in each round: who built it and when matters', () => {
    const bench = new Bench()
    bench.start()
    bench.propose(0, V)
    bench.judge(V, 0)
    bench.votes('prevote', 0, null)
    bench.votes('precommit', 0, null)
    bench.timeout('precommit', 0)
    expect(only(bench.propose(1, V), 'validateValue')).toMatchObject([{ freshRound: 1 }])
    expect(signed(bench.judge(V, 1, false))).toEqual(['prevote 1 null'])
  })

  it('is not judged any more when the round is over', () => {
    const bench = new Bench()
    bench.start()
    bench.propose(0, V)
    const effects = bench.votes('prevote', 1, null, OTHERS.slice(0, 2))
    expect(only(effects, 'cancelValidation')).toEqual([
      { type: 'cancelValidation', blockHash: V, freshRound: 0 },
    ])
  })
})

describe('a proposal made again (lines 28 to 33)', () => {
  /** In round 1 without a lock, with a polka for V in round 0 that was seen too late to lock. */
  function afterMissedPolka(): Bench {
    const bench = new Bench()
    bench.start()
    bench.timeout('propose', 0)
    bench.votes('precommit', 0, null)
    bench.timeout('precommit', 0)
    expect(bench.driver.state).toMatchObject({ round: 1, locked: null, valid: null })
    return bench
  }

  it('waits for the polka it claims, is judged by neither clock nor builder, and is prevoted', () => {
    const bench = afterMissedPolka()
    expect(bench.propose(1, V, 0)).toEqual([])
    expect(only(bench.votes('prevote', 0, V), 'validateValue')).toMatchObject([
      { blockHash: V, freshRound: null },
    ])
    expect(signed(bench.judge(V, null))).toEqual(['prevote 1 V'])
  })

  it('gets nil when the block is invalid', () => {
    const bench = afterMissedPolka()
    bench.propose(1, V, 0)
    bench.votes('prevote', 0, V)
    expect(signed(bench.judge(V, null, false))).toEqual(['prevote 1 null'])
  })

  it('waits when the polka was for something else', () => {
    const bench = afterMissedPolka()
    bench.votes('prevote', 1, V, OTHERS.slice(0, 1))
    bench.propose(1, V, 0)
    expect(signed(bench.votes('prevote', 0, W))).toEqual([])
    expect(signed(bench.judge(V, null))).toEqual([])
    expect(bench.driver.state.step).toBe('propose')
  })

  it('is refused when its valid round is not an earlier one', () => {
    const bench = afterMissedPolka()
    expect(bench.propose(1, V, 1)).toEqual([])
    expect(bench.driver.proposals.at(1)).toBeUndefined()
  })

  it('frees a lock of an earlier round', () => {
    const bench = lockedInRoundOne()
    bench.timeout('propose', 1)
    bench.votes('precommit', 1, null)
    bench.timeout('precommit', 1)
    bench.propose(2, W, 1)
    bench.votes('prevote', 1, W)
    expect(signed(bench.judge(W, null))).toEqual(['prevote 2 W'])
  })

  it('does not free a lock of a later round than its polka', () => {
    const bench = new Bench()
    bench.start()
    bench.timeout('propose', 0)
    bench.votes('precommit', 0, null)
    bench.timeout('precommit', 0)
    bench.propose(1, V)
    bench.judge(V, 1)
    bench.votes('prevote', 1, V)
    expect(bench.driver.state.locked).toEqual({ round: 1, blockHash: V })
    bench.votes('precommit', 1, null)
    bench.timeout('precommit', 1)
    bench.propose(2, W, 0)
    const effects = bench.votes('prevote', 0, W)
    expect(signed(effects)).toEqual(['prevote 2 null'])
    expect(only(effects, 'validateValue')).toEqual([])
  })

  it('of the locked value itself is prevoted whatever its polka’s round', () => {
    const bench = new Bench()
    bench.start()
    bench.timeout('propose', 0)
    bench.votes('precommit', 0, null)
    bench.timeout('precommit', 0)
    bench.propose(1, V)
    bench.judge(V, 1)
    bench.votes('prevote', 1, V)
    bench.votes('precommit', 1, null)
    bench.timeout('precommit', 1)
    bench.propose(2, V, 0)
    expect(signed(bench.votes('prevote', 0, V))).toEqual(['prevote 2 V'])
  })
})

describe('prevotes (lines 34 to 46)', () => {
  it('of a quorum that is divided start the prevote timeout, once, and only in step prevote', () => {
    const bench = new Bench()
    bench.start()
    const [a, b, c] = OTHERS as [number, number, number]
    bench.votes('prevote', 0, V, [a, b])
    expect(timeouts(bench.votes('prevote', 0, null, [c]))).toEqual([])
    expect(timeouts(bench.timeout('propose', 0))).toEqual(['prevote 0 500'])
    expect(timeouts(bench.votes('prevote', 0, null, [SELF]))).toEqual([])
  })

  it('for a valid value lock it, persist it and lead to a precommit', () => {
    const bench = new Bench()
    bench.start()
    bench.propose(0, V)
    bench.judge(V, 0)
    const effects = bench.votes('prevote', 0, V)
    expect(effects).toMatchObject([{ type: 'persistValue', blockHash: V }, { type: 'signVote' }])
    expect(signed(effects)).toEqual(['precommit 0 V'])
    expect(bench.driver.state).toMatchObject({
      step: 'precommit',
      locked: { round: 0, blockHash: V },
      valid: { round: 0, blockHash: V },
    })
  })

  it('do not lock in step propose', () => {
    const bench = new Bench()
    bench.start()
    bench.votes('prevote', 0, V)
    expect(bench.driver.state).toMatchObject({ step: 'propose', locked: null, valid: null })
  })

  it('for a value not judged yet have it judged, and do not lock before', () => {
    const bench = new Bench()
    bench.start()
    bench.timeout('propose', 0)
    const effects = bench.votes('prevote', 0, V)
    expect(only(effects, 'validateValue')).toMatchObject([{ blockHash: V, freshRound: null }])
    expect(bench.driver.state.locked).toBeNull()
    expect(signed(bench.judge(V, null))).toEqual(['precommit 0 V'])
  })

  it('for a value that is invalid never lock', () => {
    const bench = new Bench()
    bench.start()
    bench.timeout('propose', 0)
    bench.votes('prevote', 0, V)
    expect(signed(bench.judge(V, null, false))).toEqual([])
    expect(bench.driver.state).toMatchObject({ step: 'prevote', locked: null })
  })

  it('lock a value that came too late for the own clock, because a quorum found it timely', () => {
    const bench = new Bench()
    bench.start()
    bench.propose(0, V)
    expect(signed(bench.judge(V, 0, false))).toEqual(['prevote 0 null'])
    expect(only(bench.votes('prevote', 0, V), 'validateValue')).toMatchObject([{ freshRound: null }])
    expect(signed(bench.judge(V, null))).toEqual(['precommit 0 V'])
  })

  it('after the own precommit make the value valid without locking it', () => {
    const bench = new Bench()
    bench.start()
    bench.propose(0, V)
    bench.judge(V, 0)
    bench.timeout('prevote', 0)
    expect(signed(bench.effects)).toEqual(['precommit 0 null'])
    const effects = bench.votes('prevote', 0, V)
    expect(effects).toEqual([{ type: 'persistValue', blockHash: V }])
    expect(bench.driver.state).toMatchObject({ locked: null, valid: { round: 0, blockHash: V } })
  })

  it('move the lock to a later round', () => {
    const bench = lockedInRoundOne()
    bench.propose(1, V, 0)
    bench.votes('prevote', 1, V)
    expect(bench.driver.state.locked).toEqual({ round: 1, blockHash: V })
  })

  it('for another value in a later round replace the lock', () => {
    const bench = lockedInRoundOne()
    bench.propose(1, W)
    bench.votes('prevote', 1, W)
    expect(signed(bench.judge(W, null))).toEqual(['precommit 1 W'])
    expect(bench.driver.state.locked).toEqual({ round: 1, blockHash: W })
  })

  it('for nil lead to a precommit of nil and keep the lock', () => {
    const bench = lockedInRoundOne()
    bench.timeout('propose', 1)
    expect(signed(bench.votes('prevote', 1, null))).toEqual(['precommit 1 null'])
    expect(bench.driver.state.locked).toEqual({ round: 0, blockHash: V })
  })

  it('for nil do nothing in step propose', () => {
    const bench = new Bench()
    bench.start()
    expect(signed(bench.votes('prevote', 0, null))).toEqual([])
    expect(bench.driver.state.step).toBe('propose')
  })
})

describe('precommits (lines 47 to 54)', () => {
  it('of a divided quorum start the precommit timeout once, whatever the step', () => {
    const bench = new Bench()
    bench.start()
    const [a, b, c] = OTHERS as [number, number, number]
    bench.votes('precommit', 0, V, [a, b])
    expect(timeouts(bench.votes('precommit', 0, null, [c]))).toEqual(['precommit 0 500'])
    expect(timeouts(bench.votes('precommit', 0, null, [SELF]))).toEqual([])
  })

  it('decide a valid value, with the precommits that prove it', () => {
    const bench = new Bench()
    bench.start()
    bench.propose(0, V)
    bench.judge(V, 0)
    const [decide] = only(bench.votes('precommit', 0, V), 'decide')
    expect(decide).toMatchObject({ round: 0, blockHash: V })
    expect(decide?.precommits.map(({ validator }) => validator).sort()).toEqual(OTHERS.map(addressOf).sort())
    expect(bench.driver.isDone).toBe(true)
    expect(bench.propose(1, W)).toEqual([])
  })

  it('of the others do not keep a node from adding its own votes', () => {
    const bench = new Bench()
    bench.start()
    bench.propose(0, V)
    bench.votes('prevote', 0, V)
    bench.votes('precommit', 0, V)
    const effects = bench.judge(V, 0)
    expect(signed(effects)).toEqual(['prevote 0 V', 'precommit 0 V'])
    expect(effects.at(-1)?.type).toBe('decide')
  })

  it('decide nothing without a quorum', () => {
    const bench = new Bench()
    bench.start()
    bench.propose(0, V)
    bench.judge(V, 0)
    expect(only(bench.votes('precommit', 0, V, OTHERS.slice(0, 2)), 'decide')).toEqual([])
    expect(bench.driver.isDone).toBe(false)
  })

  it('decide a value of an earlier round', () => {
    const bench = new Bench()
    bench.start()
    bench.propose(0, V)
    bench.judge(V, 0)
    bench.votes('prevote', 1, null, OTHERS.slice(0, 2))
    expect(bench.driver.state.round).toBe(1)
    expect(only(bench.votes('precommit', 0, V), 'decide')).toMatchObject([{ round: 0, blockHash: V }])
  })

  it('decide a value of a later round, and before the height has started', () => {
    const bench = new Bench()
    const effects = bench.votes('precommit', 3, V)
    expect(only(effects, 'validateValue')).toMatchObject([{ blockHash: V, freshRound: null }])
    expect(only(bench.judge(V, null), 'decide')).toMatchObject([{ round: 3, blockHash: V }])
  })

  it('do not decide nil', () => {
    const bench = new Bench()
    bench.start()
    expect(only(bench.votes('precommit', 0, null), 'decide')).toEqual([])
    expect(bench.driver.isDone).toBe(false)
  })

  it('for an invalid value halt instead of deciding', () => {
    const bench = new Bench()
    bench.start()
    bench.votes('precommit', 0, V)
    const effects = bench.judge(V, null, false)
    expect(only(effects, 'decide')).toEqual([])
    expect(only(effects, 'halt')).toEqual([{ type: 'halt', round: 0, blockHash: V }])
    expect(bench.driver.isDone).toBe(true)
  })
})

describe('round skip (lines 55 and 56)', () => {
  it('follows more than 1/3 of the power into a later round', () => {
    const bench = new Bench()
    bench.start()
    expect(timeouts(bench.votes('prevote', 4, null, OTHERS.slice(0, 2)))).toEqual(['propose 4 2700'])
    expect(bench.driver.state).toMatchObject({ round: 4, step: 'propose' })
  })

  it('does not follow a third or less', () => {
    const bench = new Bench()
    bench.start()
    bench.votes('prevote', 4, null, OTHERS.slice(0, 1))
    bench.votes('precommit', 4, null, OTHERS.slice(0, 1))
    expect(bench.driver.state.round).toBe(0)
  })

  it('counts votes of both types, and proposals', () => {
    const mixed = new Bench()
    mixed.start()
    mixed.votes('prevote', 2, null, [OTHERS[0]!])
    mixed.votes('precommit', 2, null, [OTHERS[1]!])
    expect(mixed.driver.state.round).toBe(2)
    const proposed = new Bench()
    proposed.start()
    proposed.propose(2, V)
    proposed.votes('prevote', 2, null, [OTHERS.find((index) => index !== proposerIndex(2))!])
    expect(proposed.driver.state.round).toBe(2)
  })

  it('goes to the highest round that a third has passed', () => {
    const bench = new Bench()
    bench.start()
    bench.votes('prevote', 9, null, [OTHERS[0]!])
    bench.votes('prevote', 5, null, [OTHERS[1]!])
    expect(bench.driver.state.round).toBe(5)
  })

  it('joins a height that others have begun', () => {
    const bench = new Bench()
    bench.votes('prevote', 0, V, OTHERS.slice(0, 2))
    expect(bench.driver.state).toMatchObject({ round: 0, step: 'propose' })
  })

  it('catches up over more rounds than are kept whole, and then counts what it kept', () => {
    const bench = new Bench()
    bench.start()
    bench.votes('prevote', 300, V, OTHERS.slice(0, 2))
    expect(bench.driver.state.round).toBe(300)
    expect(bench.driver.votes.votes('prevote', 300)).toHaveLength(2)
  })
})

describe('timeouts (lines 57 to 67)', () => {
  it('propose: prevote nil, in this round and step only', () => {
    const bench = new Bench()
    bench.start()
    expect(bench.timeout('propose', 1)).toEqual([])
    expect(signed(bench.timeout('propose', 0))).toEqual(['prevote 0 null'])
    expect(bench.timeout('propose', 0)).toEqual([])
  })

  it('prevote: precommit nil, in this round and step only', () => {
    const bench = new Bench()
    bench.start()
    expect(bench.timeout('prevote', 0)).toEqual([])
    bench.timeout('propose', 0)
    expect(bench.timeout('prevote', 1)).toEqual([])
    expect(signed(bench.timeout('prevote', 0))).toEqual(['precommit 0 null'])
  })

  it('precommit: the next round, from this round only', () => {
    const bench = new Bench()
    bench.start()
    expect(bench.timeout('precommit', 1)).toEqual([])
    expect(timeouts(bench.timeout('precommit', 0))).toEqual(['propose 1 1800'])
    expect(bench.driver.state.round).toBe(1)
    expect(bench.timeout('precommit', 0)).toEqual([])
  })

  it('grow with the round', () => {
    const bench = new Bench()
    bench.votes('prevote', 10, null, OTHERS.slice(0, 2))
    bench.votes('prevote', 10, V, OTHERS.slice(2))
    expect(timeouts(bench.timeout('propose', 10))).toContain('prevote 10 3500')
    expect(timeouts(bench.votes('precommit', 10, V))).toContain('precommit 10 3500')
  })
})

describe('what a driver wants', () => {
  const ballot = (round: number, height = HEIGHT) => vote(OTHERS[0]!, 'prevote', round, V, height)
  const REACH = 16

  it('is messages of its height', () => {
    const { driver } = new Bench()
    expect([-1, 0, 1].map((more) => driver.wantsVote(ballot(0, HEIGHT + more)))).toEqual([false, true, false])
    const proposed = (more: number) => proposal(proposerIndex(0), 0, V, -1, HEIGHT + more)
    expect([-1, 0, 1].map((more) => driver.wantsProposal(proposed(more)))).toEqual([false, true, false])
  })

  it('is proposals within reach, by the proposer of their round, with an earlier valid round', () => {
    const { driver } = new Bench()
    const wants = (round: number, validRound = -1, by = proposerIndex(round)) =>
      driver.wantsProposal(proposal(by, round, V, validRound))
    // The round of a height that has not started is −1.
    expect([REACH - 1, REACH].map((round) => driver.isWithinReach(round))).toEqual([true, false])
    expect([0, REACH - 1, REACH].map((round) => wants(round))).toEqual([true, true, false])
    expect([1, 2, 3].map((validRound) => wants(2, validRound))).toEqual([true, false, false])
    expect(wants(2, -1, proposerIndex(1))).toBe(false)
  })

  it('is the timeouts of its round, and everything else while it is not done', () => {
    const bench = new Bench()
    bench.start()
    bench.timeout('precommit', 0)
    const { driver } = bench
    const timeoutOf = (round: number) => driver.wants({ type: 'timeout', kind: 'propose', round })
    expect([0, 1, 2].map(timeoutOf)).toEqual([false, true, false])
    const inputs: Input[] = [
      { type: 'start' },
      { type: 'built', round: 1, blockHash: V },
      { type: 'validated', blockHash: V, freshRound: null, valid: true },
      { type: 'vote', vote: ballot(1) },
      { type: 'proposal', proposal: proposal(proposerIndex(1), 1, V) },
      { type: 'timeout', kind: 'propose', round: 1 },
    ]
    expect(inputs.map((input) => driver.wants(input))).toEqual(inputs.map(() => true))
    expect(driver.wants({ type: 'vote', vote: ballot(1, HEIGHT + 1) })).toBe(false)
    expect(driver.wants({ type: 'proposal', proposal: proposal(proposerIndex(2), 1, V) })).toBe(false)
    bench.judge(V, null)
    bench.votes('precommit', 1, V)
    expect(driver.isDone).toBe(true)
    expect(inputs.map((input) => driver.wants(input))).toEqual(inputs.map(() => false))
    expect(driver.isBuilding(1)).toBe(false)
  })

  it('is the values that it waits to have judged, each once', () => {
    const bench = new Bench()
    bench.start()
    expect(bench.driver.awaitedValues()).toEqual([])
    bench.propose(0, V)
    bench.votes('precommit', 0, W)
    expect(bench.driver.awaitedValues()).toEqual([V, W])
    bench.judge(V, 0)
    expect(bench.driver.awaitedValues()).toEqual([W])
  })
})

describe('what is sent', () => {
  it('is the own votes and proposals once they are signed, and nobody else’s', () => {
    const bench = new Bench()
    bench.start()
    bench.propose(0, V)
    bench.judge(V, 0)
    expect(bench.votes('prevote', 0, V, OTHERS.slice(0, 1))).toEqual([])
    const own = vote(SELF, 'prevote', 0, V)
    expect(bench.input({ type: 'vote', vote: own })).toEqual([{ type: 'broadcastVote', vote: own }])
    expect(bench.input({ type: 'vote', vote: own })).toEqual([])
    const second = vote(SELF, 'prevote', 0, W)
    expect(bench.input({ type: 'vote', vote: second })).toEqual([
      { type: 'reportEvidence', evidence: { kind: 'votes', first: own, second } },
    ])
  })
})

describe('judgements that are not asked for', () => {
  it('a fresh proposal after the propose timeout', () => {
    const bench = new Bench()
    bench.start()
    bench.timeout('propose', 0)
    expect(bench.propose(0, V)).toEqual([])
  })

  it('a value with a quorum of prevotes in step propose', () => {
    const bench = new Bench()
    bench.start()
    expect(bench.votes('prevote', 0, V)).toEqual([])
  })

  it('a divided quorum, or one for nil', () => {
    const bench = new Bench()
    bench.start()
    bench.timeout('propose', 0)
    const [a, b, c] = OTHERS as [number, number, number]
    bench.votes('prevote', 0, V, [a, b])
    expect(bench.votes('prevote', 0, null, [c])).toMatchObject([{ type: 'scheduleTimeout' }])
    bench.votes('precommit', 0, V, [a])
    expect(bench.votes('precommit', 0, null, [b])).toEqual([])
    expect(bench.votes('precommit', 0, null, [c])).toMatchObject([{ type: 'scheduleTimeout' }])
    expect(bench.votes('precommit', 0, null, [SELF])).toMatchObject([{ type: 'broadcastVote' }])
  })

  it('a fresh proposal of a block that was found invalid: nil at once', () => {
    const bench = new Bench()
    bench.start()
    bench.timeout('propose', 0)
    bench.votes('prevote', 0, V)
    bench.judge(V, null, false)
    bench.votes('precommit', 0, null)
    bench.timeout('precommit', 0)
    expect(bench.propose(1, V)).toMatchObject([
      { type: 'signVote', vote: { type: 'prevote', blockHash: null } },
    ])
  })
})

describe('a request for judgement', () => {
  it('by a quorum names the present round and its proposer, and outlasts the round', () => {
    const bench = new Bench()
    bench.votes('prevote', 2, null, OTHERS.slice(0, 2))
    expect(bench.driver.state.round).toBe(2)
    expect(only(bench.votes('precommit', 1, V), 'validateValue')).toEqual([
      {
        type: 'validateValue',
        blockHash: V,
        freshRound: null,
        round: 2,
        proposer: addressOf(proposerIndex(2)),
      },
    ])
    expect(only(bench.timeout('precommit', 2), 'cancelValidation')).toEqual([])
    expect(bench.driver.awaitedValues()).toEqual([V])
  })

  it('waits for the answer on the way, and is made when that says only that the proposal was late', () => {
    const bench = new Bench()
    bench.start()
    bench.propose(0, V)
    expect(only(bench.votes('precommit', 0, V), 'validateValue')).toEqual([])
    expect(only(bench.judge(V, 0, false), 'validateValue')).toMatchObject([{ freshRound: null }])
  })
})

it('a build goes on while the others’ precommits start a timeout, and ends with the round', () => {
  const bench = new Bench(proposerIndex(0))
  bench.start()
  const others = [0, 1, 2, 3].filter((index) => index !== proposerIndex(0))
  expect(bench.votes('precommit', 0, null, others)).toMatchObject([
    { type: 'scheduleTimeout', kind: 'precommit' },
  ])
  expect(bench.driver.isBuilding(0)).toBe(true)
  expect(only(bench.timeout('precommit', 0), 'cancelBuild')).toEqual([{ type: 'cancelBuild', round: 0 }])
})

describe('equivocation', () => {
  it('reports two different votes once; the first one counts', () => {
    const bench = new Bench()
    bench.start()
    const [first, second, third] = [V, W, null].map((hash) => vote(OTHERS[0]!, 'prevote', 0, hash))
    bench.input({ type: 'vote', vote: first! })
    expect(bench.input({ type: 'vote', vote: second! })).toEqual([
      { type: 'reportEvidence', evidence: { kind: 'votes', first, second } },
    ])
    expect(bench.driver.wantsVote(third!)).toBe(false)
    expect(bench.input({ type: 'vote', vote: third! })).toEqual([])
    expect(bench.driver.votes.votes('prevote', 0)).toEqual([first])
  })

  it('reports two different proposals once; the first one counts', () => {
    const bench = new Bench()
    bench.start()
    bench.propose(0, V)
    const effects = bench.propose(0, W)
    expect(only(effects, 'reportEvidence')).toMatchObject([
      { evidence: { kind: 'proposals', first: { blockHash: V }, second: { blockHash: W } } },
    ])
    expect(bench.propose(0, hashOf('a third'))).toEqual([])
    expect(bench.driver.proposals.at(0)?.blockHash).toBe(V)
  })

  it('of a proposer does not keep a node from deciding the value it was not shown', () => {
    const bench = new Bench()
    bench.start()
    bench.propose(0, V)
    bench.judge(V, 0)
    const effects = bench.votes('precommit', 0, W)
    expect(only(effects, 'validateValue')).toMatchObject([{ blockHash: W, freshRound: null }])
    expect(only(bench.judge(W, null), 'decide')).toMatchObject([{ blockHash: W }])
  })

  it('is nothing when the same message comes twice', () => {
    const bench = new Bench()
    bench.start()
    bench.votes('prevote', 0, V, [OTHERS[0]!])
    expect(bench.votes('prevote', 0, V, [OTHERS[0]!])).toEqual([])
    bench.propose(0, V)
    expect(only(bench.propose(0, V), 'reportEvidence')).toEqual([])
  })
})

describe('a node that only observes', () => {
  it('decides without signing anything', () => {
    const bench = new Bench(null)
    const effects = [
      bench.start(),
      bench.propose(0, V),
      bench.judge(V, 0),
      bench.votes('prevote', 0, V, [0, 1, 2]),
      bench.votes('precommit', 0, V, [0, 1, 2]),
    ].flat()
    expect(effects.filter(({ type }) => type.startsWith('sign') || type.startsWith('broadcast'))).toEqual([])
    expect(only(effects, 'decide')).toHaveLength(1)
  })

  it('is also one whose key is not in the set', () => {
    const stranger = new HeightDriver({
      height: HEIGHT,
      set,
      priorities: [0n, 0n, 0n, 0n],
      self: addresses[7]!,
      timeouts: devnetTimeouts,
      futureRounds: 16,
    })
    stranger.process({ type: 'start' })
    expect(stranger.self).toBeNull()
    expect(stranger.process({ type: 'timeout', kind: 'propose', round: 0 })).toEqual([])
    expect(stranger.state.step).toBe('prevote')
  })
})

it('gives equal effects for equal inputs', () => {
  const inputs: Input[] = [
    { type: 'start' },
    { type: 'proposal', proposal: proposal(proposerIndex(0), 0, V) },
    { type: 'validated', blockHash: V, freshRound: 0, valid: true },
    ...OTHERS.map((index) => ({ type: 'vote' as const, vote: vote(index, 'prevote', 0, V) })),
    { type: 'timeout', kind: 'precommit', round: 0 },
    ...OTHERS.map((index) => ({ type: 'vote' as const, vote: vote(index, 'precommit', 0, V) })),
  ]
  const run = () => {
    const bench = new Bench()
    return inputs.map((input) => bench.input(input))
  }
  expect(run()).toEqual(run())
})
