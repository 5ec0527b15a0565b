import { type Side, sideOf } from '../../../precompiles/shared/audit.ts'
import type { Address, Hash } from '../../primitives/hex.ts'
import type { ReceiptFacts } from './events.ts'
import type { ReceiptRules } from './ports.ts'

/** Verdicts as the interface numbers them; zero is none. */
export const verdicts = {
  none: 0,
  ok: 1,
  outputMismatch: 2,
  rowMismatch: 3,
  unavailable: 4,
  undecided: 5,
} as const

/** One seat of a committee, or an elector of an appeal, as far as its auditor has come. */
export interface Seat {
  readonly auditor: Address
  commitment: Hash | undefined
  /** Zero until it is revealed. */
  verdict: number
}

/** An audit or appeal as its events tell it. Blocks are the last ones in which a commit or reveal is taken. */
export interface Round {
  readonly openedBlock: number
  readonly commitEndBlock: number
  readonly revealEndBlock: number
  readonly seats: readonly Seat[]
}

export interface OpenAudit extends Round {
  readonly auditSeed: Hash
  /** Zero before the first reveal. */
  lastRevealBlock: number
}

/** A settled receipt that has not ended. */
export interface OpenReceipt {
  readonly facts: ReceiptFacts
  readonly host: Address
  readonly adapterId: bigint
  readonly windowIndex: bigint
  readonly settledBlock: number
  /** Where the transaction lies that settled it. */
  readonly transactionIndex: number
  readonly feeWei: bigint
  /** The draw is over and there is no audit, unless it is challenged. */
  isSkipped: boolean
  isMarkedWrong: boolean
  challengedBlock: number | undefined
  audit: OpenAudit | undefined
  appeal: Round | undefined
}

/** No more commits can come. */
export function commitsClosed(round: Round, nextBlock: number): boolean {
  return nextBlock > round.commitEndBlock || round.seats.every((seat) => seat.commitment !== undefined)
}

/** No more reveals can come. */
export function revealsClosed(round: Round, nextBlock: number): boolean {
  if (nextBlock > round.revealEndBlock) return true
  return commitsClosed(round, nextBlock) && allRevealed(round)
}

function allRevealed({ seats }: Round): boolean {
  return seats.every((seat) => seat.commitment === undefined || seat.verdict !== verdicts.none)
}

/** Whether the draw of its audit can be made and was not. */
export function isDrawDue(receipt: OpenReceipt, nextBlock: number): boolean {
  const { settledBlock, challengedBlock, isSkipped, audit } = receipt
  return !isSkipped && audit === undefined && nextBlock > (challengedBlock ?? settledBlock)
}

/** Whether its committee has spoken and disagrees, so that anyone may open the appeal. */
export function isAppealDue({ audit, appeal }: OpenReceipt, nextBlock: number): boolean {
  if (audit === undefined || appeal !== undefined || !revealsClosed(audit, nextBlock)) return false
  return countOf(audit, 'ok') > 0 && countOf(audit, 'against') > 0
}

/** Whether `finalize` would end it. A draw that was missed is made by the same call, so that it ends in a later one. */
export function isEndDue(receipt: OpenReceipt, nextBlock: number, rules: ReceiptRules): boolean {
  const { audit, appeal } = receipt
  if (nextBlock < receipt.settledBlock + rules.challengeWindowBlocks) return false
  if (appeal !== undefined) return revealsClosed(appeal, nextBlock)
  // a challenge that came late is drawn first
  if (audit === undefined) return receipt.isSkipped || receipt.challengedBlock === undefined
  if (!revealsClosed(audit, nextBlock) || isAppealDue(receipt, nextBlock)) return false
  return nextBlock > appealEndBlock(audit, rules)
}

/** Last block of a bonded appeal, once no more reveals can come. */
function appealEndBlock(audit: OpenAudit, { appealBlocks }: ReceiptRules): number {
  const { commitEndBlock, revealEndBlock, lastRevealBlock, seats } = audit
  const isSilent = seats.every((seat) => seat.commitment === undefined)
  const whole = isSilent ? commitEndBlock : lastRevealBlock
  return (allRevealed(audit) ? whole : revealEndBlock) + appealBlocks
}

/**
 * Whether the chain wants the query row, to take it out of the window: rejected, refunded, or marked wrong. `tally` is
 * that of its appeal, if there is one.
 */
export function isRowNeeded(
  { audit, isMarkedWrong }: OpenReceipt,
  tally: { readonly okWei: bigint; readonly totalWei: bigint } | undefined,
): boolean {
  if (isMarkedWrong) return true
  if (tally !== undefined) return tally.okWei * 3n <= tally.totalWei * 2n
  return audit !== undefined && countOf(audit, 'ok') * 2 <= audit.seats.length
}

function countOf({ seats }: Round, side: Side): number {
  return seats.filter((seat) => sideOf(seat.verdict) === side).length
}

/** A window that is not closed. */
export interface OpenWindow {
  readonly adapterId: bigint
  readonly windowIndex: bigint
  readonly openedBlock: number
  settled: number
  finished: number
  /** Its query is fixed: rows are being scored or members paid. */
  isClosing: boolean
}

/** Whether `closeWindow` has something to do, for the oldest open window of its adapter. */
export function isCloseDue(window: OpenWindow, nextBlock: number, rules: ReceiptRules): boolean {
  if (window.isClosing) return true
  if (window.finished < window.settled) return false
  return window.settled >= rules.windowReceipts || nextBlock >= window.openedBlock + rules.windowAgeBlocks
}
