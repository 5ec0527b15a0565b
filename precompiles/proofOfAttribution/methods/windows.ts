import { invariant } from '../../../src/errors/errors.ts'
import { writeBlob } from '../../shared/blobs.ts'
import type { Methods } from '../../shared/dispatch.ts'
import { perEight } from '../../shared/gas.ts'
import { refOf } from '../../shared/money.ts'
import { bpsOf, minimum } from '../../shared/shares.ts'
import {
  type AttributionAbi,
  type AttributionCall,
  adapterWindowsAt,
  blockOf,
  emit,
  fail,
  type WindowRef,
  windowAt,
} from '../call.ts'
import { creditReason, queryBlobs, scoreBlobs, windowState } from '../layout.ts'
import { encodeInt16s, encodeScores, shiftToInt16 } from '../vectors.ts'
import {
  rowsPerPiece,
  scoreRows,
  type WindowVersion,
  windowAllocation,
  windowQuery,
  windowSum,
  windowVersion,
} from '../windowReader.ts'

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

export const windowMethods: Methods<AttributionAbi, AttributionCall, 'closeWindow'> = {
  closeWindow: {
    gas: 0n,
    run(call, { adapterId, maxWork }) {
      if (maxWork === 0) fail('ZeroWork')
      if (call.adapters.adapter(adapterId) === undefined) fail('UnknownAdapter', { adapterId })
      const windows = adapterWindowsAt(call, adapterId)
      const windowIndex = windows.get('closed') + 1n
      const window = windowAt(call, adapterId, windowIndex)
      if (window.get('state') === windowState.none) fail('WindowNotReady', { adapterId, windowIndex })
      const of = windowVersion(call, adapterId, window)
      const closing = { call, adapterId, of, windowIndex, window, rows: of.view.get('rowCount') }
      if (window.get('state') === windowState.open) begin(closing)
      work(closing, maxWork)
      const state = window.get('state')
      if (state === windowState.closed) windows.set('closed', windowIndex)
      return { windowIndex, state }
    },
  },
}

/** Full or old, and every receipt in it has ended. */
function isReady({ call, window }: Closing): boolean {
  const { parameters } = call
  const { settled, finished, openedBlock } = window.values()
  if (finished !== settled) return false
  return settled >= parameters.windowReceipts || blockOf(call) >= openedBlock + parameters.windowAgeBlocks
}

/** Fixes the window's query and what its closers get. A window without a pot closes at once. */
function begin(closing: Closing): void {
  const { call, adapterId, of, windowIndex, window, rows } = closing
  if (!isReady(closing)) fail('WindowNotReady', { adapterId, windowIndex })
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
  const { closeGasPerRow, closerCapBps } = call.parameters
  const costWei = call.host.block.baseFeeWei * closeGasPerRow * BigInt(rows)
  const closersWei = minimum(costWei, bpsOf(potWei, closerCapBps))
  window.update({ state: windowState.scoring, shift, closersWei })
  emit(call.host, 'WindowSummed', { adapterId, windowIndex, shift, potWei, closersWei })
}

/** Scores and pays until the work is done or `maxWork` is reached, and pays the caller for its part of it. */
function work(closing: Closing, maxWork: number): void {
  const { window, rows } = closing
  if (window.get('state') === windowState.closed) return
  const before = doneBy(window)
  let left = maxWork
  if (window.get('state') === windowState.scoring) left -= score(closing, left)
  // the closer is paid out of the pot before the last member is, while the pot is still there
  const isScored = window.get('state') === windowState.paying
  const toPay = isScored && left > 0 ? Math.min(left, rows - window.get('paidMembers')) : 0
  payCloser(closing, before, doneBy(window) + toPay)
  if (toPay > 0) payMembers(closing, toPay)
}

function doneBy(window: WindowRef): number {
  return window.get('scoredRows') + window.get('paidMembers')
}

function score({ call, adapterId, of, windowIndex, window, rows }: Closing, atMost: number): number {
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
  return row - start
}

/** The closers' part is paid in proportion to the work done so far, so that any number of calls gets it all. */
function payCloser({ call, adapterId, window, rows }: Closing, before: number, after: number): void {
  const closersWei = window.get('closersWei')
  const total = BigInt(2 * rows)
  const earned = (done: number) => (closersWei * BigInt(done)) / total
  const amountWei = earned(after) - earned(before)
  call.money.credit('potsWei', call.host.caller, creditReason.closer, refOf(adapterId), amountWei)
}

function payMembers(closing: Closing, count: number): void {
  const { call, adapterId, of, windowIndex, window, rows } = closing
  const { members, amountsWei, attributed } = windowAllocation(call, of, windowIndex, window)
  invariant(members.length === rows, 'a row for each member')
  const start = window.get('paidMembers')
  const end = start + count
  for (let index = start; index < end; index++) {
    const member = members[index]
    const amountWei = amountsWei[index] ?? 0n
    if (member === undefined || amountWei === 0n) continue
    const { contributionId } = member
    const contributor = call.money.creditQuietly('potsWei', member.contributor, amountWei)
    emit(call.host, 'ContributionPaid', { contributionId, contributor, adapterId, windowIndex, amountWei })
  }
  window.set('paidMembers', end)
  if (end < rows) return
  window.set('state', windowState.closed)
  const paidWei = window.get('potWei') - window.get('closersWei')
  emit(call.host, 'WindowClosed', { adapterId, windowIndex, paidWei, attributed })
}
