import type { Address } from '../../src/primitives/hex.ts'
import { hasBit } from '../shared/bits.ts'
import { type AdapterCall, blockOf, type ChallengeRef } from './call.ts'
import { SEAT_FIELDS, VERDICT_BITS } from './layout.ts'

export interface RowSeat {
  readonly auditor: Address
  /** Zero until it is revealed. */
  readonly verdict: number
}

/** The seats of a drawn challenge. */
export function seatsOf(challenge: ChallengeRef): readonly RowSeat[] {
  const verdicts = challenge.get('verdicts')
  return SEAT_FIELDS.slice(0, challenge.get('seats')).map((field, seat) => ({
    auditor: challenge.get(field),
    verdict: (verdicts >> (seat * VERDICT_BITS)) & ((1 << VERDICT_BITS) - 1),
  }))
}

/** No more commits can come: every seat has committed, or the time for it is over. */
export function commitsClosed(call: AdapterCall, challenge: ChallengeRef): boolean {
  if (blockOf(call) > challenge.get('commitEndBlock')) return true
  const committed = BigInt(challenge.get('committed'))
  return seatsOf(challenge).every((_, seat) => hasBit(committed, seat))
}

/** No more reveals can come. */
export function revealsClosed(call: AdapterCall, challenge: ChallengeRef): boolean {
  if (blockOf(call) > challenge.get('revealEndBlock')) return true
  return commitsClosed(call, challenge) && challenge.get('revealed') === challenge.get('committed')
}
