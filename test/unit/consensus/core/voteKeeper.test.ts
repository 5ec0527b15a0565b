import { describe, expect, it } from 'vitest'
import { VoteKeeper } from '../../../../src/consensus/core/voteKeeper.ts'
import { hashOf, makeSet, vote } from '../support.ts'

const V = hashOf('v')
const W = hashOf('w')
const FUTURE_ROUNDS = 4

const keeperOf = (...powers: number[]) => new VoteKeeper(makeSet(...powers), FUTURE_ROUNDS)

describe('quorums', () => {
  it('need more than 2/3 of the power, not of the validators', () => {
    const keeper = keeperOf(1, 1, 1, 6)
    for (const index of [0, 1, 2]) keeper.add(vote(index, 'prevote', 0, V), 0)
    expect(keeper.hasQuorum('prevote', 0, V)).toBe(false)
    keeper.add(vote(3, 'prevote', 0, V), 0)
    expect(keeper.hasQuorum('prevote', 0, V)).toBe(true)
    expect(keeper.quorumChoice('prevote', 0)).toBe(V)
  })

  it('are not reached by exactly 2/3', () => {
    const keeper = keeperOf(1, 1, 1)
    keeper.add(vote(0, 'prevote', 0, V), 0)
    keeper.add(vote(1, 'prevote', 0, V), 0)
    expect(keeper.hasQuorum('prevote', 0, V)).toBe(false)
    expect(keeper.quorumChoice('prevote', 0)).toBeUndefined()
    expect(keeper.hasAnyQuorum('prevote', 0)).toBe(false)
  })

  it('may be one validator’s alone', () => {
    const keeper = keeperOf(1, 1, 1, 7)
    keeper.add(vote(3, 'prevote', 0, V), 0)
    expect(keeper.quorumChoice('prevote', 0)).toBe(V)
    expect(keeper.hasAnyQuorum('prevote', 0)).toBe(true)
    expect(keeper.supportedRound()).toBe(0)
  })

  it('keep rounds, types and choices apart, and count all for ∗', () => {
    const keeper = keeperOf(1, 1, 1, 1)
    keeper.add(vote(0, 'prevote', 0, V), 0)
    keeper.add(vote(1, 'prevote', 0, W), 0)
    keeper.add(vote(2, 'prevote', 0, null), 0)
    keeper.add(vote(3, 'precommit', 0, V), 0)
    keeper.add(vote(3, 'prevote', 1, V), 0)
    expect(keeper.hasAnyQuorum('prevote', 0)).toBe(true)
    expect(keeper.quorumChoice('prevote', 0)).toBeUndefined()
    expect(keeper.hasAnyQuorum('precommit', 0)).toBe(false)
    expect(keeper.rounds()).toEqual([0, 1])
  })

  it('for nil are told apart from none', () => {
    const keeper = keeperOf(1, 1, 1, 1)
    expect(keeper.quorumChoice('precommit', 0)).toBeUndefined()
    for (const index of [0, 1, 2]) keeper.add(vote(index, 'precommit', 0, null), 0)
    expect(keeper.quorumChoice('precommit', 0)).toBeNull()
  })

  it('are not moved by one vote sent many times', () => {
    const keeper = keeperOf(1, 1, 1, 1)
    for (let times = 0; times < 5; times++) keeper.add(vote(0, 'prevote', 0, V), 0)
    keeper.add(vote(1, 'prevote', 0, V), 0)
    expect(keeper.hasAnyQuorum('prevote', 0)).toBe(false)
  })

  it('take no vote of a stranger', () => {
    const keeper = keeperOf(1, 1, 1)
    expect(keeper.isNew(vote(5, 'prevote', 0, V), 0)).toBe(false)
    expect(keeper.add(vote(5, 'prevote', 0, V), 0)).toEqual({ added: false, conflictsWith: null })
  })
})

describe('votes of a validator that votes twice', () => {
  it('count with their first choice only, while nobody else made the second', () => {
    const keeper = keeperOf(1, 1, 1, 1)
    keeper.add(vote(0, 'prevote', 0, W), 0)
    const outcome = keeper.add(vote(0, 'prevote', 0, V), 0)
    expect(outcome).toMatchObject({ added: false, conflictsWith: { blockHash: W } })
    keeper.add(vote(1, 'prevote', 0, V), 0)
    keeper.add(vote(2, 'prevote', 0, V), 0)
    expect(keeper.hasQuorum('prevote', 0, V)).toBe(false)
  })

  it('count for a choice with honest support, or a quorum that one node saw would stay hidden from others', () => {
    const keeper = keeperOf(1, 1, 1, 1)
    keeper.add(vote(0, 'prevote', 0, W), 0)
    keeper.add(vote(0, 'prevote', 0, null), 0)
    keeper.add(vote(1, 'prevote', 0, V), 0)
    expect(keeper.isNew(vote(0, 'prevote', 0, V), 0)).toBe(false)
    keeper.add(vote(2, 'prevote', 0, V), 0)
    expect(keeper.isNew(vote(0, 'prevote', 0, V), 0)).toBe(true)
    expect(keeper.add(vote(0, 'prevote', 0, V), 0)).toEqual({ added: true, conflictsWith: null })
    expect(keeper.hasQuorum('prevote', 0, V)).toBe(true)
    expect(keeper.votesFor('prevote', 0, V)).toHaveLength(3)
    expect(keeper.isNew(vote(0, 'prevote', 0, V), 0)).toBe(false)
  })

  it('count once for ∗, whether the second counts for its choice or not', () => {
    const keeper = keeperOf(1, 1, 1, 1, 1, 1, 1)
    for (const index of [1, 2, 3]) keeper.add(vote(index, 'prevote', 0, V), 0)
    keeper.add(vote(0, 'prevote', 0, W), 0)
    expect(keeper.add(vote(1, 'prevote', 0, W), 0).added).toBe(false)
    expect(keeper.add(vote(0, 'prevote', 0, V), 0).added).toBe(true)
    expect(keeper.votesFor('prevote', 0, V)).toHaveLength(4)
    // Four have voted; five are a quorum.
    expect(keeper.hasAnyQuorum('prevote', 0)).toBe(false)
  })
})

describe('evidence', () => {
  it('is given once for each validator, round and type', () => {
    const keeper = keeperOf(1, 1, 1, 1)
    const places = [
      [0, 'prevote', 0],
      [1, 'prevote', 0],
      [0, 'precommit', 0],
      [0, 'prevote', 1],
      [0, 'prevote', 70],
    ] as const
    for (const [index, type, round] of places) keeper.add(vote(index, type, round, V), 0)
    for (const [index, type, round] of places) {
      expect(keeper.add(vote(index, type, round, W), 0)).toEqual({
        added: false,
        conflictsWith: vote(index, type, round, V),
      })
      expect(keeper.add(vote(index, type, round, null), 0)).toEqual({ added: false, conflictsWith: null })
    }
  })

  it('is nothing that the same vote gives a second time, near or far', () => {
    const keeper = keeperOf(1, 1, 1, 1)
    for (const round of [0, 70]) {
      keeper.add(vote(0, 'prevote', round, V), 0)
      expect(keeper.isNew(vote(0, 'prevote', round, V), 0)).toBe(false)
      expect(keeper.add(vote(0, 'prevote', round, V), 0)).toEqual({ added: false, conflictsWith: null })
    }
  })
})

describe('votes of rounds far ahead', () => {
  it('do not keep the same validator’s nearer votes out', () => {
    const keeper = keeperOf(1, 1, 1, 1)
    keeper.add(vote(0, 'prevote', 50, V), 0)
    expect(keeper.isNew(vote(0, 'prevote', FUTURE_ROUNDS, V), 0)).toBe(true)
    expect(keeper.add(vote(0, 'prevote', FUTURE_ROUNDS, V), 0).added).toBe(true)
    expect(keeper.rounds()).toEqual([FUTURE_ROUNDS])
  })

  it('are not forgotten for an older message of the same validator', () => {
    const keeper = keeperOf(1, 1)
    keeper.noteRound(0, 8)
    keeper.noteRound(0, 3)
    keeper.add(vote(0, 'prevote', 2, V), 0)
    expect(keeper.supportedRound()).toBe(8)
  })

  it('are kept one for each validator and type, the highest', () => {
    const keeper = keeperOf(1, 1, 1, 1)
    expect(keeper.add(vote(0, 'prevote', 50, V), 0).added).toBe(true)
    expect(keeper.add(vote(0, 'prevote', 40, V), 0).added).toBe(false)
    expect(keeper.add(vote(0, 'prevote', 60, V), 0).added).toBe(true)
    expect(keeper.rounds()).toEqual([])
    keeper.advance(60)
    expect(keeper.rounds()).toEqual([60])
  })

  it('are counted once the own round comes near', () => {
    const keeper = keeperOf(1, 1, 1, 1)
    for (const index of [0, 1, 2]) keeper.add(vote(index, 'precommit', 30, V), 0)
    expect(keeper.hasQuorum('precommit', 30, V)).toBe(false)
    keeper.advance(30 - FUTURE_ROUNDS - 1)
    expect(keeper.hasQuorum('precommit', 30, V)).toBe(false)
    keeper.advance(30 - FUTURE_ROUNDS)
    expect(keeper.hasQuorum('precommit', 30, V)).toBe(true)
  })

  it('show how far more than 1/3 of the power has come', () => {
    const keeper = keeperOf(1, 1, 1, 1)
    expect(keeper.supportedRound()).toBe(-1)
    keeper.add(vote(0, 'prevote', 90, V), 0)
    expect(keeper.supportedRound()).toBe(-1)
    keeper.add(vote(1, 'precommit', 7, null), 0)
    expect(keeper.supportedRound()).toBe(7)
    keeper.noteRound(2, 8)
    expect(keeper.supportedRound()).toBe(8)
  })
})

it('lists the votes for one choice apart from the others, and rounds in ascending order', () => {
  const keeper = keeperOf(1, 1, 1, 1)
  for (const round of [3, 0, 2]) keeper.add(vote(3, 'prevote', round, V), 0)
  keeper.add(vote(2, 'prevote', 0, W), 0)
  keeper.add(vote(1, 'prevote', 0, null), 0)
  keeper.add(vote(0, 'prevote', 0, V), 0)
  expect(keeper.rounds()).toEqual([0, 2, 3])
  expect(keeper.votesFor('prevote', 0, V)).toEqual([0, 3].map((index) => vote(index, 'prevote', 0, V)))
  expect(keeper.votesFor('prevote', 0, null)).toEqual([vote(1, 'prevote', 0, null)])
})

it('has nothing for a round of which nothing was heard', () => {
  const keeper = keeperOf(1, 1, 1, 1)
  keeper.add(vote(0, 'prevote', 1, V), 0)
  expect(keeper.votes('prevote', 0)).toEqual([])
  expect(keeper.votesFor('prevote', 0, V)).toEqual([])
  expect(keeper.bitmap('prevote', 0)).toEqual(Uint8Array.of(0))
  expect(keeper.hasQuorum('prevote', 0, V)).toBe(false)
  expect(keeper.hasAnyQuorum('prevote', 0)).toBe(false)
  expect(keeper.quorumChoice('prevote', 0)).toBeUndefined()
})

it('lists votes in the order of the set, and who voted as a bitmap', () => {
  const keeper = keeperOf(1, 1, 1, 1, 1, 1, 1, 1)
  for (const index of [7, 2, 0]) keeper.add(vote(index, 'precommit', 1, V), 0)
  expect(keeper.votes('precommit', 1)).toEqual([0, 2, 7].map((index) => vote(index, 'precommit', 1, V)))
  expect(keeper.bitmap('precommit', 1)).toEqual(Uint8Array.of(0b1000_0101))
  expect(keeper.bitmap('prevote', 1)).toEqual(Uint8Array.of(0))
})
