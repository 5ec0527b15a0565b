import { describe, expect, it } from 'vitest'
import { VoteKeeper } from '../../../../src/consensus/core/voteKeeper.ts'
import { ValidatorSet } from '../../../../src/ledger/validators.ts'
import type { Vote } from '../../../../src/ledger/vote.ts'
import { type Address, bytesToHex } from '../../../../src/primitives/hex.ts'
import { hashOf } from '../support.ts'

const V = hashOf('v')
const MAX_SIZE = 100
const SIZES = Array.from({ length: MAX_SIZE }, (_, index) => index + 1)
const ADDRESSES: readonly Address[] = SIZES.map((size) => bytesToHex(new Uint8Array(20).fill(size)))

function setOf(powers: readonly bigint[]): ValidatorSet {
  return new ValidatorSet(
    powers.map((power, index) => ({ address: ADDRESSES[index]!, feeRecipient: ADDRESSES[index]!, power })),
  )
}

function vote(index: number, round = 0): Vote {
  const signature = new Uint8Array(0)
  return { type: 'prevote', height: 1, round, blockHash: V, validator: ADDRESSES[index]!, signature }
}

/** How many validators of equal power, heard one by one, it takes until `reached` says so; 0 if never. */
function countUntil(size: number, reached: (keeper: VoteKeeper) => boolean): number {
  const keeper = new VoteKeeper(setOf(new Array<bigint>(size).fill(7n)), 4)
  for (let count = 1; count <= size; count++) {
    keeper.add(vote(count - 1), 0)
    if (reached(keeper)) return count
  }
  return 0
}

describe('validators of equal power, sets of 1 to 100', () => {
  it.each<[string, (keeper: VoteKeeper) => boolean]>([
    ['for a choice', (keeper) => keeper.hasQuorum('prevote', 0, V)],
    ['as the choice', (keeper) => keeper.quorumChoice('prevote', 0) === V],
    ['for anything', (keeper) => keeper.hasAnyQuorum('prevote', 0)],
  ])('are a quorum, %s, from ⌊2n/3⌋ + 1 on', (_, reached) => {
    expect(SIZES.map((size) => countUntil(size, reached))).toEqual(
      SIZES.map((size) => Math.floor((2 * size) / 3) + 1),
    )
  })

  it('hold an honest one from ⌊n/3⌋ + 1 on', () => {
    expect(SIZES.map((size) => countUntil(size, (keeper) => keeper.supportedRound() === 0))).toEqual(
      SIZES.map((size) => Math.floor(size / 3) + 1),
    )
  })

  it('bear f faulty ones where n ≥ 3f + 1: the rest is a quorum, and two quorums share an honest one', () => {
    for (const size of SIZES) {
      const set = setOf(new Array<bigint>(size).fill(1n))
      const faulty = Math.floor((size - 1) / 3)
      const quorum = SIZES.find((count) => set.isQuorum(BigInt(count)))!
      expect(set.isQuorum(BigInt(size - faulty))).toBe(true)
      expect(2 * quorum - size).toBeGreaterThan(faulty)
      expect(set.isHonestSupport(BigInt(faulty))).toBe(false)
    }
  })
})

describe('one validator beside 1 to 99 others of equal power', () => {
  /** The others hold 2 × `half`, so that exactly 1/3 of all is `half` and exactly 2/3 is 4 × `half`. */
  const cases = SIZES.slice(0, -1).map((others) => ({ others, half: BigInt(others) * 10n ** 20n }))
  const setWith = (big: bigint, others: number) =>
    setOf([big, ...new Array<bigint>(others).fill(2n * 10n ** 20n)])

  it('has a third only when it is just over 1/3, and only just below can the others do without it', () => {
    for (const { others, half } of cases) {
      for (const [change, isOver, isUnder] of [
        [-1n, false, true],
        [0n, false, false],
        [1n, true, false],
      ] as const) {
        const big = half + change
        const set = setWith(big, others)
        expect(set.totalPower).toBe(3n * half + change)
        expect(set.isHonestSupport(big)).toBe(isOver)
        expect(set.isQuorum(2n * half)).toBe(isUnder)
      }
    }
  })

  it('is a quorum alone only just over 2/3, and then the others cannot even hold it back', () => {
    for (const { others, half } of cases) {
      for (const [change, isOver, othersCanBlock] of [
        [-1n, false, true],
        [0n, false, false],
        [1n, true, false],
      ] as const) {
        const big = 4n * half + change
        const set = setWith(big, others)
        expect(set.isQuorum(big)).toBe(isOver)
        expect(set.isHonestSupport(2n * half)).toBe(othersCanBlock)
      }
    }
  })

  it('moves a node to its round and makes a quorum by the same measure', () => {
    for (const { others, half } of cases.filter(({ others }) => others % 9 === 3)) {
      for (const change of [-1n, 0n, 1n]) {
        const skipping = new VoteKeeper(setWith(half + change, others), 4)
        skipping.add(vote(0, 3), 0)
        expect(skipping.supportedRound()).toBe(change > 0n ? 3 : -1)
        const deciding = new VoteKeeper(setWith(half + change, others), 4)
        for (let index = 1; index <= others; index++) deciding.add(vote(index), 0)
        expect(deciding.hasQuorum('prevote', 0, V)).toBe(change < 0n)
      }
    }
  })
})
