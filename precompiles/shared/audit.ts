import { invariant } from '../../src/errors/errors.ts'
import { concatBytes } from '../../src/primitives/bytes.ts'
import { type Hash, hexToBytes } from '../../src/primitives/hex.ts'
import { bitsIn } from './bits.ts'

/** Lottery, committee and verdict of an audit, without any state. */

export const verdict = { none: 0, ok: 1, outputMismatch: 2, rowMismatch: 3, unavailable: 4 } as const
export const VERDICT_MAX = verdict.unavailable

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

export type Outcome = 'ok' | 'against' | 'noQuorum'

/** The verdict of more than half of all seats. */
export function outcomeOf(seats: readonly Seat[]): Outcome {
  const ok = seats.filter((seat) => seat.verdict === verdict.ok).length
  const against = seats.filter((seat) => seat.verdict > verdict.ok).length
  if (ok * 2 > seats.length) return 'ok'
  return against * 2 > seats.length ? 'against' : 'noQuorum'
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
 * Seats that are paid: those with the majority, and among them, where two or more digests agree, those that agree with
 * another. A digest shows that the work was done. A committee in which no two agree is paid for its verdict.
 */
export function paidSeats(seats: readonly Seat[]): readonly number[] {
  const outcome = outcomeOf(seats)
  if (outcome === 'noQuorum') return []
  const won = seats.flatMap((seat, index) => {
    const sides = outcome === 'ok' ? seat.verdict === verdict.ok : seat.verdict > verdict.ok
    return sides ? [{ index, digest: seat.digest }] : []
  })
  const shared = won.filter(({ index, digest }) =>
    won.some((other) => other.index !== index && digestsAgree(other.digest, digest)),
  )
  return (shared.length > 0 ? shared : won).map(({ index }) => index)
}
