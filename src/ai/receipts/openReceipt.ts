import type { Address, Hash } from '../../primitives/hex.ts'
import type { ReceiptFacts } from './events.ts'
import type { ReceiptRules } from './ports.ts'

/** Verdicts as the interface numbers them; zero is none. */
export const verdicts = { none: 0, ok: 1, outputMismatch: 2, rowMismatch: 3, unavailable: 4 } as const

/** One seat of a committee, as far as its auditor has come. */
export interface Seat {
  readonly auditor: Address
  commitment: Hash | undefined
  /** Zero until it is revealed. */
  verdict: number
}

/** An audit as its events tell it. Blocks are the last ones in which a commit or reveal is taken. */
export interface OpenAudit {
  readonly auditSeed: Hash
  readonly openedBlock: number
  readonly commitEndBlock: number
  readonly revealEndBlock: number
  readonly seats: readonly Seat[]
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
  /** The draw is over and there is no audit. */
  isSkipped: boolean
  isMarkedWrong: boolean
  audit: OpenAudit | undefined
}

/** No more commits can come. */
export function commitsClosed(audit: OpenAudit, nextBlock: number): boolean {
  return nextBlock > audit.commitEndBlock || audit.seats.every((seat) => seat.commitment !== undefined)
}

/** No more reveals can come. */
export function revealsClosed(audit: OpenAudit, nextBlock: number): boolean {
  if (nextBlock > audit.revealEndBlock) return true
  const hasRevealed = (seat: Seat) => seat.verdict !== verdicts.none
  const committed = audit.seats.filter((seat) => seat.commitment !== undefined)
  return commitsClosed(audit, nextBlock) && committed.every(hasRevealed)
}

/** Whether the draw of its audit can be made and was not. */
export function isDrawDue({ settledBlock, isSkipped, audit }: OpenReceipt, nextBlock: number): boolean {
  return !isSkipped && audit === undefined && nextBlock > settledBlock
}

/** Whether `finalize` would end it. A draw that was missed is made by the same call, so that it ends in a later one. */
export function isEndDue(receipt: OpenReceipt, nextBlock: number, rules: ReceiptRules): boolean {
  if (nextBlock < receipt.settledBlock + rules.challengeWindowBlocks) return false
  return receipt.audit === undefined || revealsClosed(receipt.audit, nextBlock)
}

/** Whether the chain wants the query row, to take it out of the window: rejected, refunded, or marked wrong. */
export function isRowNeeded({ audit, isMarkedWrong }: OpenReceipt): boolean {
  if (isMarkedWrong) return true
  if (audit === undefined) return false
  const right = audit.seats.filter((seat) => seat.verdict === verdicts.ok).length
  return right * 2 <= audit.seats.length
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
