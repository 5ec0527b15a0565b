import { describe, expect, it } from 'vitest'
import { FutureMessages, HeightTracker } from '../../../src/consensus/futureMessages.ts'
import { addressOf, hashOf, makeSet, proposal, vote } from './support.ts'

const V = hashOf('v')
const OWN = 10
const make = () => new FutureMessages({ heights: 2, rounds: 4 })

describe('messages of future heights', () => {
  it('are kept within so many heights and rounds', () => {
    const future = make()
    expect(future.wantsVote(vote(0, 'prevote', 0, V, OWN), OWN)).toBe(false)
    expect(future.wantsVote(vote(0, 'prevote', 4, V, OWN + 2), OWN)).toBe(true)
    expect(future.wantsVote(vote(0, 'prevote', 5, V, OWN + 2), OWN)).toBe(false)
    expect(future.wantsVote(vote(0, 'prevote', 0, V, OWN + 3), OWN)).toBe(false)
  })

  it('are one vote for each validator, height, round and type', () => {
    const future = make()
    future.addVote(vote(0, 'prevote', 0, V, OWN + 1))
    expect(future.wantsVote(vote(0, 'prevote', 0, null, OWN + 1), OWN)).toBe(false)
    expect(future.wantsVote(vote(0, 'precommit', 0, null, OWN + 1), OWN)).toBe(true)
    expect(future.wantsVote(vote(0, 'prevote', 1, null, OWN + 1), OWN)).toBe(true)
    expect(future.wantsVote(vote(1, 'prevote', 0, null, OWN + 1), OWN)).toBe(true)
  })

  it('are one proposal for each validator, of the next height only', () => {
    const future = make()
    expect(future.wantsProposal(proposal(0, 0, V, -1, OWN + 2), OWN)).toBe(false)
    expect(future.wantsProposal(proposal(0, 0, V, -1, OWN + 1), OWN)).toBe(true)
    future.addProposal({ proposal: proposal(0, 0, V, -1, OWN + 1), envelope: null })
    expect(future.wantsProposal(proposal(0, 1, V, -1, OWN + 1), OWN)).toBe(false)
  })

  it('come out when their height comes, once, and later ones stay', () => {
    const future = make()
    const [next, after] = [vote(0, 'prevote', 0, V, OWN + 1), vote(0, 'prevote', 0, V, OWN + 2)]
    future.addVote(next)
    future.addVote(after)
    future.addProposal({ proposal: proposal(0, 0, V, -1, OWN + 1), envelope: null })
    expect(future.take(OWN + 1)).toMatchObject({ votes: [next], proposals: [{ envelope: null }] })
    expect(future.take(OWN + 1)).toEqual({ votes: [], proposals: [] })
    expect(future.take(OWN + 2).votes).toEqual([after])
  })
})

describe('the height that others have reached', () => {
  it('is believed from more than 1/3 of the power', () => {
    const tracker = new HeightTracker()
    const set = makeSet(1, 1, 1)
    tracker.note(addressOf(0), 90)
    expect(tracker.supported(set)).toBe(0)
    tracker.note(addressOf(1), 40)
    expect(tracker.supported(set)).toBe(40)
    tracker.note(addressOf(2), 60)
    expect(tracker.supported(set)).toBe(60)
  })

  it('counts members of the set only, and forgets others', () => {
    const tracker = new HeightTracker()
    for (const index of [4, 5, 6]) tracker.note(addressOf(index), 90)
    const set = makeSet(1, 1, 1)
    expect(tracker.supported(set)).toBe(0)
    tracker.retain(set)
    expect(tracker.isNews(addressOf(4), 1)).toBe(true)
  })
})
