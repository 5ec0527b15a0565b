import { invariant } from '../../src/errors/errors.ts'
import { writeBlob } from '../shared/blobs.ts'
import { perEight } from '../shared/gas.ts'
import { refOf } from '../shared/money.ts'
import { bpsOf, minimum } from '../shared/shares.ts'
import { type AttributionCall, adapterWindowsAt, blockOf, emit, type WindowRef, windowAt } from './call.ts'
import { creditReason, queryBlobs, scoreBlobs, windowState } from './layout.ts'
import { addRemainder } from './remainders.ts'
import { encodeInt16s, encodeScores, shiftToInt16 } from './vectors.ts'
import {
  rowsPerPiece,
  scoreRows,
  type WindowAllocation,
  type WindowVersion,
  windowAllocation,
  windowQuery,
  windowSum,
  windowVersion,
} from './windowReader.ts'
import { keepTombstones } from './windowTombstones.ts'

/** A window that is being closed. */
interface Closing {
  readonly call: AttributionCall
  readonly adapterId: bigint
  readonly of: WindowVersion
  readonly windowIndex: bigint
  readonly window: WindowRef
  /** Rows to score, and as many members to pay. */
  readonly rows: number
}

/** What one call did to a window. */
export interface ClosingStep {
  readonly windowIndex: bigint
  readonly state: number
  /** Rows scored and members paid. */
  readonly work: number
}

/** Works on the adapter's oldest window that is not closed; undefined when there is none, or it is not ready. */
export function closeOldest(
  call: AttributionCall,
  adapterId: bigint,
  maxWork: number,
): ClosingStep | undefined {
  const windows = adapterWindowsAt(call, adapterId)
  const windowIndex = windows.get('closed') + 1n
  const window = windowAt(call, adapterId, windowIndex)
  if (window.get('state') === windowState.none) return undefined
  const of = windowVersion(call, adapterId, window)
  const closing: Closing = { call, adapterId, of, windowIndex, window, rows: of.view.get('rowCount') }
  if (window.get('state') === windowState.open) {
    if (!isReady(closing)) return undefined
    begin(closing)
  }
  const work = window.get('state') === windowState.closed ? 0 : scoreAndPay(closing, maxWork)
  const state = window.get('state')
  if (state === windowState.closed) windows.set('closed', windowIndex)
  return { windowIndex, state, work }
}

/** Full or old, and every receipt in it has ended. */
function isReady({ call, window }: Closing): boolean {
  const { windowReceipts, windowAgeBlocks } = call.governed.settling()
  const { settled, finished, openedBlock } = window.values()
  if (finished !== settled) return false
  return settled >= windowReceipts || blockOf(call) >= openedBlock + windowAgeBlocks
}

/** Fixes the window's query and what its closers get. A window without a pot closes at once. */
function begin(closing: Closing): void {
  const { call, adapterId, of, windowIndex, window, rows } = closing
  const potWei = window.get('potWei')
  if (potWei === 0n) {
    window.set('state', windowState.closed)
    emit(call.host, 'WindowClosed', { adapterId, windowIndex, paidWei: 0n, attributed: false })
    return
  }
  const k = of.view.get('k')
  const sum = windowSum(call, adapterId, windowIndex, window, k)
  call.host.useGas(perEight(k * 16))
  const { query, shift } = shiftToInt16(sum)
  writeBlob(call.host, queryBlobs, encodeInt16s(query), adapterId, windowIndex)
  const { closerCapBps } = call.governed.settling()
  const costWei = call.host.block.baseFeeWei * call.parameters.closeGasPerRow * BigInt(rows)
  const closersWei = minimum(costWei, bpsOf(potWei, closerCapBps))
  window.update({ state: windowState.scoring, shift, closersWei })
  emit(call.host, 'WindowSummed', { adapterId, windowIndex, shift, potWei, closersWei })
}

/** Scores and pays until the work is done or `maxWork` is reached, and pays the caller for its part of it. */
function scoreAndPay(closing: Closing, maxWork: number): number {
  const { call, of, windowIndex, window, rows } = closing
  const before = doneBy(window)
  if (window.get('state') === windowState.scoring) score(closing, maxWork)
  const left = maxWork - (doneBy(window) - before)
  if (window.get('state') === windowState.paying && left > 0) {
    const allocation = windowAllocation(call, of, windowIndex, window)
    invariant(allocation.members.length === rows, 'a row for each member')
    const isFirst = window.get('paidMembers') === 0
    if (isFirst) keepTombstones(call, { ...closing, members: allocation.members }, allocation.tombstoned)
    // a pot that nobody earned leaves whole, with the first call
    const end = allocation.attributed ? Math.min(rows, window.get('paidMembers') + left) : rows
    if (allocation.attributed) payMembers(closing, allocation, end)
    else addRemainder(call, of, windowIndex, allocation.members, potOf(window))
    window.set('paidMembers', end)
    if (end === rows) finish(closing, allocation.attributed)
  }
  const after = doneBy(window)
  payCloser(closing, before, after)
  return after - before
}

function doneBy(window: WindowRef): number {
  return window.get('scoredRows') + window.get('paidMembers')
}

/** What is divided: the pot without what its closers get. */
function potOf(window: WindowRef): bigint {
  return window.get('potWei') - window.get('closersWei')
}

function score({ call, adapterId, of, windowIndex, window, rows }: Closing, atMost: number): void {
  const start = window.get('scoredRows')
  const perPiece = rowsPerPiece(of.view.get('k'))
  const query = windowQuery(call, adapterId, windowIndex)
  let row = start
  while (row < rows && row - start < atMost) {
    const end = Math.min(row + perPiece, rows)
    const scores = scoreRows(call, of, query, row, end)
    writeBlob(call.host, scoreBlobs, encodeScores(scores), adapterId, windowIndex, Math.floor(row / perPiece))
    row = end
  }
  window.set('scoredRows', row)
  if (row === rows) window.set('state', windowState.paying)
  emit(call.host, 'WindowScored', { adapterId, windowIndex, scoredRows: row })
}

/** The closers' part is paid in proportion to the work done so far, so that any number of calls gets it all. */
function payCloser({ call, adapterId, window, rows }: Closing, before: number, after: number): void {
  const closersWei = window.get('closersWei')
  const total = BigInt(2 * rows)
  const earned = (done: number) => (closersWei * BigInt(done)) / total
  const amountWei = earned(after) - earned(before)
  call.money.credit('potsWei', call.host.caller, creditReason.closer, refOf(adapterId), amountWei)
}

function payMembers(closing: Closing, { members, amountsWei }: WindowAllocation, end: number): void {
  const { call, adapterId, windowIndex, window } = closing
  for (let index = window.get('paidMembers'); index < end; index++) {
    const member = members[index]
    const amountWei = amountsWei[index] ?? 0n
    if (member === undefined || amountWei === 0n) continue
    const { contributionId } = member
    const contributor = call.money.creditQuietly('potsWei', member.contributor, amountWei)
    emit(call.host, 'ContributionPaid', { contributionId, contributor, adapterId, windowIndex, amountWei })
  }
}

function finish({ call, adapterId, windowIndex, window }: Closing, attributed: boolean): void {
  window.set('state', windowState.closed)
  emit(call.host, 'WindowClosed', { adapterId, windowIndex, paidWei: potOf(window), attributed })
}
