import { describe, expect, it } from 'vitest'
import { ProposalKeeper } from '../../../../src/consensus/core/proposalKeeper.ts'
import { hashOf, proposal } from '../support.ts'

const V = hashOf('v')
const W = hashOf('w')

describe('the proposals of a height', () => {
  it('are the first of each round, listed by round', () => {
    const keeper = new ProposalKeeper()
    for (const round of [10, 2, 9]) expect(keeper.add(proposal(0, round, V))).toBeNull()
    expect(keeper.rounds()).toEqual([2, 9, 10])
    expect(keeper.at(2)?.round).toBe(2)
    expect(keeper.at(3)).toBeUndefined()
    expect(keeper.isNew(proposal(0, 2, V))).toBe(false)
    expect(keeper.isNew(proposal(0, 3, V))).toBe(true)
  })

  it.each([
    ['another value', proposal(0, 2, W)],
    ['another valid round of the same value', proposal(0, 2, V, 1)],
  ])('with %s give the earlier one as evidence, once', (_, second) => {
    const keeper = new ProposalKeeper()
    const first = proposal(0, 2, V)
    keeper.add(first)
    expect(keeper.isNew(second)).toBe(true)
    expect(keeper.add(second)).toBe(first)
    expect(keeper.isNew(second)).toBe(false)
    expect(keeper.isNew(proposal(0, 2, hashOf('a third')))).toBe(false)
    expect(keeper.at(2)).toBe(first)
  })
})
