import type { Address, Hash } from '../../src/primitives/hex.ts'
import type { Seat } from '../shared/audit.ts'
import { hasBit } from '../shared/bits.ts'
import { readPacked } from '../shared/layout.ts'
import { type AttributionCall, type AuditRef, auditAt, auditorById, blockOf } from './call.ts'
import { AUDITOR_FIELDS, DIGEST_BITS, VERDICT_BITS } from './layout.ts'

/** An open or finished audit as its seats see it. */
export interface Committee {
  readonly audit: AuditRef
  /** Accounts, by seat. */
  readonly accounts: readonly Address[]
}

export function committeeOf(call: AttributionCall, receiptId: Hash): Committee {
  const audit = auditAt(call, receiptId)
  const fields = AUDITOR_FIELDS.slice(0, audit.get('seats'))
  return { audit, accounts: fields.map((field) => auditorById(call, audit.get(field)).get('account')) }
}

export function seatsOf({ store }: AttributionCall, { audit, accounts }: Committee): readonly Seat[] {
  const verdicts = audit.get('verdicts')
  return accounts.map((_, seat) => ({
    verdict: (verdicts >> (seat * VERDICT_BITS)) & ((1 << VERDICT_BITS) - 1),
    digest: readPacked(store, audit.at('digests'), seat, DIGEST_BITS),
  }))
}

/** No more commits can come: every seat has committed, or the time for it is over. */
export function commitsClosed(call: AttributionCall, { audit, accounts }: Committee): boolean {
  if (blockOf(call) > audit.get('commitEndBlock')) return true
  const committed = BigInt(audit.get('committed'))
  return accounts.every((_, seat) => hasBit(committed, seat))
}

/** Last block in which the committee's finding can be appealed with a bond, once no more reveals can come. */
export function appealEndBlock({ parameters }: AttributionCall, { audit }: Committee): number {
  const { committed, revealed, commitEndBlock, revealEndBlock, lastRevealBlock } = audit.values()
  const hasRevealed = committed === 0 ? commitEndBlock : lastRevealBlock
  return (revealed === committed ? hasRevealed : revealEndBlock) + parameters.appealBlocks
}

/** No more reveals can come. */
export function revealsClosed(call: AttributionCall, committee: Committee): boolean {
  const { audit } = committee
  if (blockOf(call) > audit.get('revealEndBlock')) return true
  return commitsClosed(call, committee) && audit.get('revealed') === audit.get('committed')
}
