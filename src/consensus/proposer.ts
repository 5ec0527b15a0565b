import { invariant } from '../errors/errors.ts'
import type { ValidatorSet } from '../ledger/validators.ts'
import type { Address } from '../primitives/hex.ts'

/**
 * Proposer selection by priority, after CometBFT's spec (spec/consensus/proposer-selection.md): a weighted round
 * robin. Priorities stand in the order of the set and are those *before* the selection of round 0, so the first
 * set of a chain starts with zeros. Where the spec's text and its reference code differ (the average of a negative
 * sum), the code's floor division is taken.
 */
export type Priorities = readonly bigint[]

/** Distance between the largest and smallest priority is kept within this many times the total power. */
const WINDOW = 2n

/** Priorities of the first height of a chain. */
export function initialPriorities(set: ValidatorSet): Priorities {
  return set.validators.map(() => 0n)
}

/** Priorities of the next height: one selection is consumed whatever the number of rounds was. */
export function nextPriorities(set: ValidatorSet, priorities: Priorities, nextSet: ValidatorSet): bigint[] {
  const current = normalize(set, priorities)
  select(set, current)
  return transfer(set, current, nextSet)
}

export function proposerAt(set: ValidatorSet, priorities: Priorities, round: number): Address {
  return new ProposerSchedule(set, priorities).at(round)
}

/** The proposers of one height, computed once a round. Cost grows with the highest round asked for: bound it. */
export class ProposerSchedule {
  readonly #set: ValidatorSet
  readonly #priorities: bigint[]
  readonly #proposers: Address[] = []

  constructor(set: ValidatorSet, priorities: Priorities) {
    this.#set = set
    this.#priorities = normalize(set, priorities)
  }

  at(round: number): Address {
    invariant(Number.isSafeInteger(round) && round >= 0, 'A round is a natural number.')
    while (this.#proposers.length <= round) this.#proposers.push(select(this.#set, this.#priorities))
    const proposer = this.#proposers[round]
    invariant(proposer !== undefined, 'Every round has a proposer.')
    return proposer
  }
}

/** One run of the selection: everyone gains its power, the first in the queue proposes and pays the total. */
function select(set: ValidatorSet, priorities: bigint[]): Address {
  let best = 0
  for (const [index, validator] of set.validators.entries()) {
    priorities[index] = at(priorities, index) + validator.power
    if (index > 0 && isAhead(set, priorities, index, best)) best = index
  }
  priorities[best] = at(priorities, best) - set.totalPower
  const proposer = set.at(best)
  invariant(proposer !== undefined, 'The selected index is in the set.')
  return proposer.address
}

/** Ties go to the lower address, so that the order of the set does not matter. */
function isAhead(set: ValidatorSet, priorities: Priorities, index: number, best: number): boolean {
  const mine = at(priorities, index)
  const other = at(priorities, best)
  if (mine !== other) return mine > other
  const [myAddress, otherAddress] = [set.at(index)?.address, set.at(best)?.address]
  return myAddress !== undefined && otherAddress !== undefined && myAddress < otherAddress
}

/** Scaled to the window, then centred around zero. */
function normalize(set: ValidatorSet, priorities: Priorities): bigint[] {
  invariant(priorities.length === set.size, 'There is one priority per validator.')
  return centred(scaled(priorities, WINDOW * set.totalPower))
}

function scaled(priorities: Priorities, window: bigint): bigint[] {
  let low = at(priorities, 0)
  let high = low
  for (const priority of priorities) {
    if (priority < low) low = priority
    if (priority > high) high = priority
  }
  const distance = high - low
  if (window <= 0n || distance <= window) return [...priorities]
  const ratio = (distance + window - 1n) / window
  return priorities.map((priority) => priority / ratio)
}

function centred(priorities: Priorities): bigint[] {
  const sum = priorities.reduce((total, priority) => total + priority, 0n)
  const average = floorDivide(sum, BigInt(priorities.length))
  return priorities.map((priority) => priority - average)
}

/**
 * Priorities carried over to another set. Who joins starts at −1.125 × total power: leaving and joining again must
 * not be a way ahead in the queue.
 */
function transfer(set: ValidatorSet, priorities: Priorities, nextSet: ValidatorSet): bigint[] {
  const unchanged =
    set.size === nextSet.size &&
    set.validators.every((validator, index) => {
      const next = nextSet.at(index)
      return next !== undefined && next.address === validator.address && next.power === validator.power
    })
  if (unchanged) return [...priorities]
  const entry = -(nextSet.totalPower + (nextSet.totalPower >> 3n))
  const carried = nextSet.validators.map((validator) => {
    const index = set.indexOf(validator.address)
    return index === undefined ? entry : at(priorities, index)
  })
  return normalize(nextSet, carried)
}

function floorDivide(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor
  return value % divisor < 0n ? quotient - 1n : quotient
}

function at(priorities: Priorities, index: number): bigint {
  const priority = priorities[index]
  invariant(priority !== undefined, 'There is one priority per validator.')
  return priority
}
