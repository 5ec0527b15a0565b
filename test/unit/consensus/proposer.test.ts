import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nextPriorities, ProposerSchedule, proposerAt } from '../../../src/consensus/proposer.ts'
import { ValidatorSet } from '../../../src/ledger/validators.ts'
import { utf8ToBytes } from '../../../src/primitives/bytes.ts'
import { type Address, bytesToHex } from '../../../src/primitives/hex.ts'
import { ReferenceSelection } from './proposerReference.ts'

/** Named as in the specification; names sort as their addresses do. */
function named(name: string): Address {
  const bytes = new Uint8Array(20)
  bytes.set(utf8ToBytes(name))
  return bytesToHex(bytes)
}

function setOf(powers: Record<string, number>): ValidatorSet {
  return new ValidatorSet(
    Object.entries(powers).map(([name, power]) => ({
      address: named(name),
      feeRecipient: named(name),
      power: BigInt(power),
    })),
  )
}

const nameOf = (powers: Record<string, number>, address: Address) =>
  Object.keys(powers).find((name) => named(name) === address)

const zeros = (set: ValidatorSet) => set.validators.map(() => 0n)

/** Proposers of round 0 of so many heights. */
function sequence(powers: Record<string, number>, heights: number): string[] {
  const set = setOf(powers)
  let priorities: readonly bigint[] = zeros(set)
  return Array.from({ length: heights }, () => {
    const proposer = proposerAt(set, priorities, 0)
    priorities = nextPriorities(set, priorities, set)
    return nameOf(powers, proposer)!
  })
}

describe('against CometBFT', () => {
  it('gives the proposers of TestProposerSelection1 (types/validator_set_test.go)', () => {
    const expected = `foo baz foo bar foo foo baz foo bar foo foo baz foo foo bar foo baz foo foo bar
      foo foo baz foo bar foo foo baz foo bar foo foo baz foo foo bar foo baz foo foo bar
      foo baz foo foo bar foo baz foo foo bar foo baz foo foo foo baz bar foo foo foo baz
      foo bar foo foo baz foo bar foo foo baz foo bar foo foo baz foo bar foo foo baz foo
      foo bar foo baz foo foo bar foo baz foo foo bar foo baz foo foo`
    expect(sequence({ foo: 1000, bar: 300, baz: 330 }, 99)).toEqual(expected.split(/\s+/))
  })

  it('takes validators of equal power in the order of their addresses, whatever the order of the set', () => {
    expect(sequence({ a: 100, b: 100, c: 100 }, 6)).toEqual(['a', 'b', 'c', 'a', 'b', 'c'])
    expect(sequence({ c: 100, a: 100, b: 100 }, 6)).toEqual(['a', 'b', 'c', 'a', 'b', 'c'])
  })

  it('follows the priorities of the specification’s table for a stable set', () => {
    const set = setOf({ p1: 1, p2: 3 })
    let priorities: readonly bigint[] = [0n, 0n]
    const seen = Array.from({ length: 4 }, () => {
      priorities = nextPriorities(set, priorities, set)
      return priorities
    })
    expect(seen).toEqual([
      [1n, -1n],
      [-2n, 2n],
      [-1n, 1n],
      [0n, 0n],
    ])
  })

  it('centres after a removal, as in the specification’s table', () => {
    // After the last run p1 = 1, p3 = −3; p2 is gone. Centred: 2 and −2; then p1 is elected and pays 4.
    const set = setOf({ p1: 1, p3: 3 })
    expect(proposerAt(set, [1n, -3n], 0)).toBe(named('p1'))
    expect(nextPriorities(set, [1n, -3n], set)).toEqual([-1n, 1n])
  })
})

describe('a changed set', () => {
  const before = setOf({ p1: 1, p2: 3 })

  it('starts who joins at −1.125 × total power', () => {
    const after = setOf({ p1: 1, p2: 3, p3: 8 })
    // One selection on the old set gives 1 and −1; with −(12 + 1) for p3 the sum is −13, its floored average −5.
    expect(nextPriorities(before, [0n, 0n], after)).toEqual([6n, 4n, -8n])
  })

  it('gives nothing to one that leaves and comes back', () => {
    const without = setOf({ p2: 3 })
    let priorities: readonly bigint[] = nextPriorities(before, [0n, 0n], without)
    priorities = nextPriorities(without, priorities, before)
    expect(priorities[0]!).toBeLessThan(priorities[1]!)
  })

  it('scales what a shrunken set inherits to twice its total power', () => {
    const small = setOf({ p2: 10, p3: 10 })
    const big = setOf({ p1: 80_000, p2: 10, p3: 10 })
    const priorities = nextPriorities(big, [0n, -15_000n, -60_000n], small)
    const distance = priorities[0]! - priorities[1]!
    expect(distance).toBeGreaterThan(0n)
    expect(distance).toBeLessThanOrEqual(2n * small.totalPower)
  })

  it('scales anew when a power changes, though the members are the same', () => {
    const big = setOf({ p1: 80_000, p2: 10 })
    const small = setOf({ p1: 10, p2: 10 })
    // p1 gains 80,000 and pays 80,010; p2 gains 10.
    expect(nextPriorities(big, [500n, -500n], big)).toEqual([490n, -490n])
    // A distance of 980 is divided by 25 to fit 40.
    expect(nextPriorities(big, [500n, -500n], small)).toEqual([19n, -19n])
  })

  it('keeps priorities with their validators when the order changes', () => {
    const turned = setOf({ p2: 3, p1: 1 })
    const straight = nextPriorities(before, [5n, -5n], before)
    expect(nextPriorities(before, [5n, -5n], turned)).toEqual([straight[1], straight[0]])
  })
})

describe('fairness', () => {
  it('over 10,000 heights gives each validator its share to within one turn', () => {
    const powers = { a: 1, b: 17, c: 250, d: 999, e: 1_733 }
    const counts = new Map<string, number>()
    for (const name of sequence(powers, 10_000)) counts.set(name, (counts.get(name) ?? 0) + 1)
    const total = Object.values(powers).reduce((sum, power) => sum + power, 0)
    for (const [name, power] of Object.entries(powers)) {
      expect(Math.abs((counts.get(name) ?? 0) - (10_000 * power) / total)).toBeLessThanOrEqual(1)
    }
  })

  it('over one cycle of the total power is exact', () => {
    const turns = sequence({ a: 2, b: 3, c: 5 }, 10)
    expect(turns.filter((name) => name === 'a')).toHaveLength(2)
    expect(turns.filter((name) => name === 'b')).toHaveLength(3)
    expect(turns.filter((name) => name === 'c')).toHaveLength(5)
  })

  it('gives rounds of a height different proposers, so that one that is away delays it once', () => {
    const set = setOf({ a: 10, b: 10, c: 10, d: 10 })
    const rounds = [0, 1, 2, 3].map((round) => proposerAt(set, zeros(set), round))
    expect(new Set(rounds).size).toBe(4)
  })
})

it('a schedule gives the same answers in any order of asking', () => {
  const set = setOf({ a: 3, b: 5, c: 11 })
  const schedule = new ProposerSchedule(set, [4n, -2n, -2n])
  const late = schedule.at(40)
  expect(Array.from({ length: 41 }, (_, round) => schedule.at(round))).toEqual(
    Array.from({ length: 41 }, (_, round) => proposerAt(set, [4n, -2n, -2n], round)),
  )
  expect(schedule.at(40)).toBe(late)
})

describe('against the rules of the specification, written a second time', () => {
  const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g'] as const
  const power = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 2_000_000_000 }))
  /** A set in some order of its members, and how many heights it lasts. */
  const era = fc.record({
    powers: fc
      .uniqueArray(fc.constantFrom(...NAMES), { minLength: 1 })
      .chain((names) =>
        fc
          .array(power, { minLength: names.length, maxLength: names.length })
          .map((powers) => Object.fromEntries(names.map((name, index) => [name, powers[index]!]))),
      ),
    heights: fc.integer({ min: 1, max: 12 }),
  })

  it('elects the same proposers and keeps the same priorities through any changes of the set', () => {
    fc.assert(
      fc.property(fc.array(era, { minLength: 1, maxLength: 8 }), (eras) => {
        const membersOf = (powers: Record<string, number>) =>
          Object.entries(powers).map(([name, each]) => ({ name, power: BigInt(each) }))
        const reference = new ReferenceSelection(membersOf(eras[0]!.powers))
        let priorities: readonly bigint[] = zeros(setOf(eras[0]!.powers))
        for (const [index, { powers, heights }] of eras.entries()) {
          const set = setOf(powers)
          for (let height = 0; height < heights; height++) {
            const proposers = [0, 1, 2].map((round) => nameOf(powers, proposerAt(set, priorities, round)))
            expect(proposers).toEqual(reference.rounds(3))
            const next = height === heights - 1 ? (eras[index + 1]?.powers ?? powers) : powers
            priorities = nextPriorities(set, priorities, setOf(next))
            reference.elect()
            reference.change(membersOf(next))
            expect(priorities).toEqual(Object.keys(next).map((name) => reference.priorityOf(name)))
          }
        }
      }),
      { numRuns: 60 },
    )
  })
})

describe('fairness through changes of the set', () => {
  const HEIGHTS = 10_000
  const ERA = 100

  /** By how many turns each got more than the share of its power, summed over the heights at which it was a member. */
  function deviations(powersOf: (era: number) => Record<string, number>): Map<string, number> {
    const deviation = new Map<string, number>()
    const change = (name: string, turns: number) => deviation.set(name, (deviation.get(name) ?? 0) + turns)
    let set = setOf(powersOf(0))
    let priorities: readonly bigint[] = zeros(set)
    for (let era = 0; era < HEIGHTS / ERA; era++) {
      const powers = powersOf(era)
      const nextSet = setOf(powersOf(era + 1))
      for (let height = 1; height <= ERA; height++) {
        change(nameOf(powers, proposerAt(set, priorities, 0))!, 1)
        priorities = nextPriorities(set, priorities, height === ERA ? nextSet : set)
      }
      for (const [name, power] of Object.entries(powers)) {
        change(name, (-ERA * power) / Number(set.totalPower))
      }
      set = nextSet
    }
    return deviation
  }

  it('powers that move: everyone has its share to within one turn after 10,000 heights', () => {
    const deviation = deviations((era) => ({ a: 10 + (era % 7), b: 20 + ((era * 5) % 11), c: 30, d: 5 }))
    for (const turns of deviation.values()) expect(Math.abs(turns)).toBeLessThanOrEqual(1)
  })

  it('members that come and go: nobody loses more than a turn at a change, who leaves never gains', () => {
    const deviation = deviations((era) => {
      return { a: 10, b: 20, c: 30, ...(era % 2 ? { d: 15 } : {}), ...(era % 3 ? { e: 8 } : {}) }
    })
    for (const turns of deviation.values()) expect(Math.abs(turns)).toBeLessThanOrEqual(HEIGHTS / ERA)
    for (const name of ['d', 'e']) expect(deviation.get(name)).toBeLessThanOrEqual(0)
    for (const name of ['a', 'b', 'c']) expect(deviation.get(name)).toBeGreaterThanOrEqual(-1)
  })

  it('one that turns large and small: the others wait for no more than a turn at a change', () => {
    const deviation = deviations((era) => ({ a: 10, b: 20, c: era % 2 ? 100_000 : 1, d: 7 }))
    for (const turns of deviation.values()) expect(Math.abs(turns)).toBeLessThanOrEqual(HEIGHTS / ERA)
  })
})
