import { describe, expect, it } from 'vitest'
import { Judgements } from '../../../../src/consensus/core/judgements.ts'
import { hashOf } from '../support.ts'

const V = hashOf('v')
const W = hashOf('w')

describe('a judgement', () => {
  it('of a fresh proposal that is favourable says that the block is valid', () => {
    const judgements = new Judgements()
    judgements.settle(V, 0, true)
    expect(judgements.validity(V)).toBe(true)
    expect(judgements.fresh(V, 0)).toBe(true)
    expect(judgements.fresh(V, 1)).toBeUndefined()
    expect(judgements.fresh(W, 0)).toBeUndefined()
  })

  it('of a fresh proposal that is unfavourable says nothing of the block', () => {
    const judgements = new Judgements()
    judgements.settle(V, 0, false)
    expect(judgements.fresh(V, 0)).toBe(false)
    expect(judgements.validity(V)).toBeUndefined()
  })

  it('that the block is invalid settles every fresh proposal of it', () => {
    const judgements = new Judgements()
    judgements.settle(V, null, false)
    expect(judgements.validity(V)).toBe(false)
    expect([0, 1, 2].map((round) => judgements.fresh(V, round))).toEqual([false, false, false])
    expect(judgements.fresh(W, 0)).toBeUndefined()
  })

  it('that the block is valid does not make a fresh proposal of it timely', () => {
    const judgements = new Judgements()
    judgements.settle(V, null, true)
    expect(judgements.fresh(V, 0)).toBeUndefined()
  })
})

describe('a request', () => {
  it('is made once', () => {
    const judgements = new Judgements()
    for (const freshRound of [0, 1, null]) {
      expect(judgements.request(freshRound === null ? W : V, freshRound)).toBe(true)
      expect(judgements.request(freshRound === null ? W : V, freshRound)).toBe(false)
    }
    expect(judgements.pending()).toHaveLength(3)
  })

  it('for the block alone waits for any answer on the way, and is made again when that says too little', () => {
    const judgements = new Judgements()
    judgements.request(V, 0)
    expect(judgements.request(V, null)).toBe(false)
    expect(judgements.request(W, null)).toBe(true)
    judgements.settle(V, 0, false)
    expect(judgements.request(V, null)).toBe(true)
  })

  it('for a fresh proposal is made beside one for the block alone: its answer says more', () => {
    const judgements = new Judgements()
    judgements.request(V, null)
    expect(judgements.request(V, 0)).toBe(true)
    expect(judgements.request(W, 0)).toBe(true)
  })

  it('of an earlier round is dropped, one for the block alone is not', () => {
    const judgements = new Judgements()
    judgements.request(V, 0)
    judgements.request(V, 1)
    judgements.request(W, null)
    expect(judgements.dropFreshBefore(1)).toEqual([{ blockHash: V, freshRound: 0 }])
    expect(judgements.pending()).toEqual([
      { blockHash: V, freshRound: 1 },
      { blockHash: W, freshRound: null },
    ])
    expect(judgements.request(V, 0)).toBe(true)
  })
})
