import { invariant } from '../../src/errors/errors.ts'
import { concatBytes } from '../../src/primitives/bytes.ts'
import { type Hash, hexToBytes } from '../../src/primitives/hex.ts'
import { bitsIn } from './bits.ts'

/** Lottery, committee and verdict of an audit, without any state. */

export const verdict = {
  none: 0,
  ok: 1,
  outputMismatch: 2,
  rowMismatch: 3,
  unavailable: 4,
  undecided: 5,
} as const
export const VERDICT_MAX = verdict.undecided

/** The two that an audit is between; an undecided verdict is for neither, as none is. */
export type Side = 'ok' | 'against'

export function sideOf(given: number): Side | undefined {
  if (given === verdict.ok) return 'ok'
  return given > verdict.ok && given < verdict.undecided ? 'against' : undefined
}

export function isDrawn(seed: Hash, rateBps: number): boolean {
  return BigInt(seed) % 10_000n < BigInt(rateBps)
}

export interface Candidate {
  readonly id: number
  readonly bondWei: bigint
}

/** Seats different candidates, each with a chance in proportion to its bond. Undefined when there are too few. */
export function drawCommittee(
  seed: Hash,
  candidates: readonly Candidate[],
  seats: number,
  hash: (data: Uint8Array) => Hash,
): readonly number[] | undefined {
  if (candidates.length < seats) return undefined
  const left = [...candidates]
  const seated: number[] = []
  for (let seat = 0; seat < seats; seat++) {
    const total = left.reduce((sum, { bondWei }) => sum + bondWei, 0n)
    invariant(total > 0n, 'auditors have bonds')
    let ticket = BigInt(hash(concatBytes(hexToBytes(seed), Uint8Array.of(seat)))) % total
    const index = left.findIndex(({ bondWei }) => {
      if (ticket < bondWei) return true
      ticket -= bondWei
      return false
    })
    const [drawn] = left.splice(index, 1)
    invariant(drawn !== undefined, 'a ticket below the total falls on a candidate')
    seated.push(drawn.id)
  }
  return seated
}

export interface Seat {
  /** Zero until it is revealed. */
  readonly verdict: number
  /** Its first 80 bits. */
  readonly digest: bigint
}

export type Outcome = Side | 'noQuorum'

/** The verdict of more than half of all seats. */
export function outcomeOf(seats: readonly Seat[]): Outcome {
  const count = (side: Side) => seats.filter((seat) => sideOf(seat.verdict) === side).length
  if (count('ok') * 2 > seats.length) return 'ok'
  return count('against') * 2 > seats.length ? 'against' : 'noQuorum'
}

/** Some say one thing and some the other. */
export function disagrees(seats: readonly Seat[]): boolean {
  const sides = new Set(seats.map((seat) => sideOf(seat.verdict)))
  return sides.has('ok') && sides.has('against')
}

/**
 * Bits of 80 in which the digests of two honest auditors may differ. A digest is made of signs, and a sign flips only
 * where a value is nearly zero; a guess comes this close with a chance below 2^−68.
 */
export const DIGEST_TOLERANCE_BITS = 2

function digestsAgree(a: bigint, b: bigint): boolean {
  return bitsIn(a ^ b).length <= DIGEST_TOLERANCE_BITS
}

/**
 * Seats that are paid: those on the side that won, and among them, where two or more digests agree, those that agree with
 * another. A digest shows that the work was done. Where no two agree, they are paid for their verdict.
 */
export function paidSeats(seats: readonly Seat[], won: Outcome): readonly number[] {
  if (won === 'noQuorum') return []
  const winners = seats.flatMap(({ verdict: given, digest }, index) =>
    sideOf(given) === won ? [{ index, digest }] : [],
  )
  const shared = winners.filter(({ index, digest }) =>
    winners.some((other) => other.index !== index && digestsAgree(other.digest, digest)),
  )
  return (shared.length > 0 ? shared : winners).map(({ index }) => index)
}
