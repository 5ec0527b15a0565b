import {
  isOpen,
  receiptFlag,
  receiptStatus,
  windowState,
} from '../../../precompiles/proofOfAttribution/layout.ts'
import { limits } from '../../config/limits.ts'
import type { Hash } from '../../primitives/hex.ts'
import type { Logger } from '../../runtime/logger.ts'
import { closeWindowCall, drawAuditsCall, finalizeCall, findQueryRow, openAppealCall } from './calls.ts'
import type { LocatedEvent } from './events.ts'
import { gasOf } from './gas.ts'
import {
  isAppealDue,
  isCloseDue,
  isDrawDue,
  isEndDue,
  isRowNeeded,
  type OpenReceipt,
  type OpenWindow,
} from './openReceipt.ts'
import type { Outbox } from './outbox.ts'
import type { BlockFollower, BlockSource, HeadReader, ReceiptRules, Turn } from './ports.ts'
import type { Tracker } from './tracker.ts'
import { UnderWay } from './underWay.ts'
import type { AdapterVersionView, ReceiptViews } from './views.ts'

export interface KeeperModules {
  readonly tracker: Tracker
  readonly views: ReceiptViews
  readonly blocks: BlockSource
  readonly outbox: Outbox
  readonly turn: Turn
  readonly head: HeadReader
  readonly logger: Logger
}

interface Ending {
  readonly facts: OpenReceipt['facts']
  readonly queryRow: Uint8Array | undefined
  readonly electors: number
}

const drawKey = (receiptId: Hash) => `draw/${receiptId}`
const appealKey = (receiptId: Hash) => `appeal/${receiptId}`
const endKey = (receiptId: Hash) => `end/${receiptId}`
const closeKey = (adapterId: bigint) => `close/${adapterId}`

/**
 * Does what is due and anyone may do: draws audits, opens appeals, finalises receipts, closes windows in pieces. It keeps nothing:
 * what is due follows from the chain, so that it goes on after a restart and does not repeat what another node did.
 */
export class Keeper implements BlockFollower {
  readonly #rules: ReceiptRules
  readonly #modules: KeeperModules
  readonly #underWay = new UnderWay()

  constructor(options: { rules: ReceiptRules }, modules: KeeperModules) {
    this.#rules = options.rules
    this.#modules = modules
  }

  follow(events: readonly LocatedEvent[]): void {
    for (const { event } of events) this.#follow(event)
  }

  act(): void {
    const { head, turn } = this.#modules
    this.#underWay.advance(head.height)
    if (!turn.isOurs()) return
    const nextBlock = head.height + 1
    this.#draw(nextBlock)
    this.#appeal(nextBlock)
    this.#end(nextBlock)
    this.#close(nextBlock)
  }

  #follow(event: LocatedEvent['event']): void {
    switch (event.type) {
      case 'auditOpened':
        this.#underWay.done(drawKey(event.receiptId))
        // a finalisation that found the draw missing has made it
        this.#underWay.done(endKey(event.receiptId))
        return
      case 'auditSkipped':
        this.#underWay.done(drawKey(event.receiptId))
        return
      case 'challenged':
        // it is drawn anew, and what was sent before has not ended it
        this.#underWay.done(drawKey(event.receiptId))
        this.#underWay.done(endKey(event.receiptId))
        return
      case 'appealOpened':
        this.#underWay.done(appealKey(event.receiptId))
        this.#underWay.done(endKey(event.receiptId))
        return
      case 'ended':
        this.#underWay.done(endKey(event.receiptId))
        return
      case 'windowClosing':
      case 'windowClosed':
        this.#underWay.done(closeKey(event.adapterId))
        return
      default:
        return
    }
  }

  #draw(nextBlock: number): void {
    const { tracker, views, outbox, head } = this.#modules
    const due: Hash[] = []
    for (const receipt of tracker.receipts()) {
      const { receiptId } = receipt.facts
      if (due.length >= limits.drawnPerCall) break
      if (!isDrawDue(receipt, nextBlock) || this.#underWay.has(drawKey(receiptId))) continue
      const view = views.receipt(receiptId)
      if (view === undefined || view.status !== receiptStatus.settled) continue
      if ((view.flags & (receiptFlag.unaudited | receiptFlag.notDrawn)) !== 0) tracker.markSkipped(receiptId)
      else due.push(receiptId)
    }
    if (due.length === 0 || outbox.send('draw', drawAuditsCall(due)) === undefined) return
    for (const receiptId of due) this.#underWay.sent(drawKey(receiptId), head.height)
  }

  #appeal(nextBlock: number): void {
    const { tracker, views, outbox, head } = this.#modules
    const due: OpenReceipt[] = []
    for (const receipt of tracker.receipts()) {
      const { receiptId } = receipt.facts
      if (due.length >= limits.appealsPerCall) break
      if (!isAppealDue(receipt, nextBlock) || this.#underWay.has(appealKey(receiptId))) continue
      if (views.receipt(receiptId)?.status === receiptStatus.auditOpen) due.push(receipt)
    }
    if (due.length === 0) return
    const auditors = due.map(({ adapterId }) => this.#auditorsOf(adapterId))
    const call = openAppealCall(
      due.map(({ facts }) => facts),
      Math.max(...auditors),
    )
    if (outbox.send('appeal', call) === undefined) return
    for (const { facts } of due) this.#underWay.sent(appealKey(facts.receiptId), head.height)
  }

  #auditorsOf(adapterId: bigint): number {
    const { views } = this.#modules
    const adapter = views.adapter(adapterId)
    return adapter === undefined ? 0 : views.auditorsOf(adapter.baseModelId).length
  }

  #end(nextBlock: number): void {
    const { outbox, head } = this.#modules
    const batch = this.#endings(nextBlock)
    if (batch.length === 0 || outbox.send('finalize', finalizeCall(batch)) === undefined) return
    for (const { facts } of batch) this.#underWay.sent(endKey(facts.receiptId), head.height)
  }

  /** Receipts to finalise, as many as one transaction takes. */
  #endings(nextBlock: number): readonly Ending[] {
    const { tracker, views, head } = this.#modules
    const batch: Ending[] = []
    let rowBytes = 0
    let electors = 0
    for (const receipt of tracker.receipts()) {
      const { receiptId } = receipt.facts
      if (batch.length >= limits.finalizedPerCall) break
      if (!isEndDue(receipt, nextBlock, this.#rules) || this.#underWay.has(endKey(receiptId))) continue
      if (!isOpen(views.receipt(receiptId)?.status ?? receiptStatus.none)) continue
      const appeal = receipt.appeal && views.appeal(receiptId)
      const wantsRow = isRowNeeded(receipt, appeal)
      const queryRow = wantsRow ? this.#rowOf(receipt) : undefined
      if (wantsRow && queryRow === undefined) {
        // not to be found by looking again at each block
        this.#underWay.sent(endKey(receiptId), head.height)
        continue
      }
      rowBytes += queryRow?.length ?? 0
      electors += appeal?.electors.length ?? 0
      const isTooMuch = gasOf.finalize(batch.length + 1, rowBytes, electors) > limits.serviceCallGas
      if (batch.length > 0 && isTooMuch) break
      batch.push({ facts: receipt.facts, queryRow, electors: appeal?.electors.length ?? 0 })
    }
    return batch
  }

  #rowOf({ facts, settledBlock, transactionIndex }: OpenReceipt): Uint8Array | undefined {
    const { blocks, logger } = this.#modules
    const transaction = blocks.block(settledBlock)?.transactions[transactionIndex]
    const row = transaction && findQueryRow(transaction.input, facts.queryRowHash)
    if (row === undefined) {
      logger.warn({ receiptId: facts.receiptId }, 'the query row is not in the transaction that settled it')
    }
    return row
  }

  #close(nextBlock: number): void {
    const { tracker, outbox, head } = this.#modules
    let calls = 0
    for (const window of tracker.oldestWindows()) {
      const { adapterId } = window
      if (calls >= limits.closeCallsPerBlock) return
      if (!isCloseDue(window, nextBlock, this.#rules) || this.#underWay.has(closeKey(adapterId))) continue
      const version = this.#closeableVersion(window, nextBlock)
      if (version === undefined) continue
      const { rowCount, k } = version
      const maxWork = Math.min(2 * rowCount, limits.closeWorkPerCall)
      const call = closeWindowCall(adapterId, Math.max(1, maxWork), {
        batches: window.settled,
        rows: rowCount,
        k,
      })
      if (outbox.send('close', call) === undefined) return
      this.#underWay.sent(closeKey(adapterId), head.height)
      calls += 1
    }
  }

  /**
   * The version whose rows the window is scored with, if the chain itself says that it is due: a call that comes too
   * early is paid for and reverts.
   */
  #closeableVersion(
    { adapterId, windowIndex, openedBlock }: OpenWindow,
    nextBlock: number,
  ): AdapterVersionView | undefined {
    const { views } = this.#modules
    const view = views.window(adapterId, windowIndex)
    if (view === undefined || view.state === windowState.closed) return undefined
    const { settled, finished } = view
    const isClosing = view.state > windowState.open
    const window = { adapterId, windowIndex, openedBlock, settled, finished, isClosing }
    const isDue = isCloseDue(window, nextBlock, this.#rules)
    return isDue ? views.adapterVersion(adapterId, view.version) : undefined
  }
}
