import { isOpen, receiptStatus, windowState } from '../../../precompiles/proofOfAttribution/layout.ts'
import { limits } from '../../config/limits.ts'
import { NodeError } from '../../errors/errors.ts'
import type { Hash } from '../../primitives/hex.ts'
import type { Logger } from '../../runtime/logger.ts'
import { yieldToEventLoop } from '../../runtime/yield.ts'
import { type AttributionEvent, attributionEvents, type LocatedEvent } from './events.ts'
import type { OpenReceipt, OpenWindow, Round } from './openReceipt.ts'
import type { BlockSource, ReceiptMetrics } from './ports.ts'
import type { ReceiptViews } from './views.ts'

export interface TrackerModules {
  readonly views: ReceiptViews
  readonly blocks: BlockSource
  readonly head: { readonly height: number }
  readonly metrics: ReceiptMetrics
  readonly logger: Logger
}

type WindowKey = `${bigint}/${bigint}`
const keyOf = (adapterId: bigint, windowIndex: bigint): WindowKey => `${adapterId}/${windowIndex}`

/**
 * The open work of the chain: receipts that have not ended, audits, windows that are not closed. Everything comes from
 * the logs of decided blocks. At start the windows that are not closed are read from the state; the oldest of them says
 * how far back the logs must be read, because a window closes only after each of its receipts has ended.
 */
export class Tracker {
  /** Receipts that are followed at a time; `limits.trackedReceipts` unless it is given. */
  readonly #maxReceipts: number
  readonly #modules: TrackerModules
  readonly #receipts = new Map<Hash, OpenReceipt>()
  readonly #windows = new Map<WindowKey, OpenWindow>()
  #height = -1
  #isLoading = false
  /** While loading: there were more receipts than there is room for. */
  #isCrowded = false
  /** Receipts were left out because there were too many. */
  #isPartial = false

  constructor(options: { maxReceipts?: number }, modules: TrackerModules) {
    this.#maxReceipts = options.maxReceipts ?? limits.trackedReceipts
    this.#modules = modules
  }

  /** The block up to which everything is followed; −1 before the first load. */
  get height(): number {
    return this.#height
  }

  receipt(receiptId: Hash): OpenReceipt | undefined {
    return this.#receipts.get(receiptId)
  }

  /** In the order of settlement. */
  receipts(): Iterable<OpenReceipt> {
    return this.#receipts.values()
  }

  /** The oldest window of each adapter: only that one can be closed. */
  oldestWindows(): readonly OpenWindow[] {
    const oldest = new Map<bigint, OpenWindow>()
    for (const window of this.#windows.values()) {
      const known = oldest.get(window.adapterId)
      if (known === undefined || window.windowIndex < known.windowIndex) oldest.set(window.adapterId, window)
    }
    return [...oldest.values()]
  }

  /** A view says that the draw is over, which has no event where the requester asked for no audit. */
  markSkipped(receiptId: Hash): void {
    const receipt = this.#receipts.get(receiptId)
    if (receipt !== undefined) receipt.isSkipped = true
  }

  /** A view says that it has ended. */
  forget(receiptId: Hash): void {
    this.#receipts.delete(receiptId)
  }

  /** Gathers the open work of the head. Blocks decided meanwhile are applied afterwards, by `apply`. */
  async load(signal?: AbortSignal): Promise<void> {
    const { head, logger } = this.#modules
    const height = head.height
    this.#receipts.clear()
    this.#windows.clear()
    this.#isPartial = false
    this.#isCrowded = false
    this.#isLoading = true
    // without a pause, so that all windows are of one state
    this.#readWindows()
    const from = [...this.#windows.values()].reduce(
      (least, { openedBlock }) => Math.min(least, openedBlock),
      height + 1,
    )
    for (let number = from; number <= height; number++) {
      if ((number - from) % limits.trackerBlocksATurn === 0) {
        signal?.throwIfAborted()
        await yieldToEventLoop()
      }
      for (const located of this.#eventsOf(number)) this.#applyToReceipts(located, number)
    }
    this.#isLoading = false
    this.#height = height
    logger.info(
      { receipts: this.#receipts.size, windows: this.#windows.size, fromBlock: from, height },
      'open receipts and windows gathered',
    )
  }

  /** Follows the next decided block. True when what was left out before fits again, and `load` should run. */
  apply(number: number, events: readonly LocatedEvent[]): boolean {
    if (number !== this.#height + 1) {
      throw new NodeError('INTERNAL', `Block ${number} does not follow ${this.#height}.`)
    }
    for (const located of events) {
      this.#applyToWindows(located.event, number)
      this.#applyToReceipts(located, number)
    }
    this.#height = number
    return this.#isPartial && this.#receipts.size < this.#maxReceipts / 2
  }

  #eventsOf(number: number): readonly LocatedEvent[] {
    const block = this.#modules.blocks.block(number)
    if (block === undefined) throw new NodeError('DATA_CORRUPT', `Block ${number} is not kept.`, { number })
    return attributionEvents(block)
  }

  #readWindows(): void {
    const { views } = this.#modules
    for (let adapterId = 1n; views.adapter(adapterId) !== undefined; adapterId++) {
      const { newest, closed } = views.windowsOf(adapterId)
      for (let windowIndex = closed + 1n; windowIndex <= newest; windowIndex++) {
        const window = views.window(adapterId, windowIndex)
        if (window === undefined) continue
        const { openedBlock, settled, finished, state } = window
        const isClosing = state > windowState.open
        this.#windows.set(keyOf(adapterId, windowIndex), {
          adapterId,
          windowIndex,
          openedBlock,
          settled,
          finished,
          isClosing,
        })
      }
    }
  }

  #applyToWindows(event: AttributionEvent, number: number): void {
    switch (event.type) {
      case 'windowOpened': {
        const { adapterId, windowIndex } = event
        const opened = {
          adapterId,
          windowIndex,
          openedBlock: number,
          settled: 0,
          finished: 0,
          isClosing: false,
        }
        this.#windows.set(keyOf(adapterId, windowIndex), opened)
        return
      }
      case 'windowClosing': {
        const window = this.#windows.get(keyOf(event.adapterId, event.windowIndex))
        if (window !== undefined) window.isClosing = true
        return
      }
      case 'windowClosed':
        this.#windows.delete(keyOf(event.adapterId, event.windowIndex))
        return
      case 'settled': {
        const window = this.#windows.get(keyOf(event.adapterId, event.windowIndex))
        if (window !== undefined) window.settled += 1
        return
      }
      case 'ended': {
        // one that was left out counts as well
        const receipt = this.#receipts.get(event.receiptId) ?? this.#modules.views.receipt(event.receiptId)
        const window = receipt && this.#windows.get(keyOf(receipt.adapterId, receipt.windowIndex))
        if (window !== undefined) window.finished += 1
        return
      }
      default:
        return
    }
  }

  #applyToReceipts({ event, transactionIndex }: LocatedEvent, number: number): void {
    switch (event.type) {
      case 'settled':
        this.#take(event, transactionIndex, number)
        return
      case 'auditOpened': {
        const receipt = this.#receipts.get(event.receiptId)
        if (receipt === undefined) return
        const { auditSeed, committee, commitEndBlock, revealEndBlock } = event
        const seats = committee.map((auditor) => ({ auditor, commitment: undefined, verdict: 0 }))
        const windows = { openedBlock: number, commitEndBlock, revealEndBlock, seats }
        receipt.audit = { auditSeed, lastRevealBlock: 0, ...windows }
        return
      }
      case 'appealOpened': {
        const receipt = this.#receipts.get(event.receiptId)
        if (receipt === undefined) return
        const { electors, commitEndBlock, revealEndBlock } = event
        const seats = electors.map((auditor) => ({ auditor, commitment: undefined, verdict: 0 }))
        receipt.appeal = { openedBlock: number, commitEndBlock, revealEndBlock, seats }
        return
      }
      case 'challenged': {
        const receipt = this.#receipts.get(event.receiptId)
        if (receipt === undefined) return
        receipt.challengedBlock = number
        receipt.isSkipped = false
        return
      }
      case 'auditSkipped':
        this.markSkipped(event.receiptId)
        return
      case 'auditCommitted':
      case 'appealCommitted':
        for (const receiptId of event.receiptIds) {
          const round = this.#roundOf(event.type === 'auditCommitted' ? 'audit' : 'appeal', receiptId)
          const seat = round?.seats.find(({ auditor }) => auditor === event.auditor)
          if (seat !== undefined) seat.commitment = event.commitment
        }
        return
      case 'auditRevealed':
      case 'appealRevealed': {
        const round = this.#roundOf(event.type === 'auditRevealed' ? 'audit' : 'appeal', event.receiptId)
        const seat = round?.seats.find(({ auditor }) => auditor === event.auditor)
        if (seat !== undefined) seat.verdict = event.verdict
        const audit = this.#receipts.get(event.receiptId)?.audit
        if (audit !== undefined && event.type === 'auditRevealed') audit.lastRevealBlock = number
        return
      }
      case 'markedWrong': {
        const receipt = this.#receipts.get(event.receiptId)
        if (receipt !== undefined) receipt.isMarkedWrong = true
        return
      }
      case 'ended':
        this.#receipts.delete(event.receiptId)
        return
      case 'notSettled':
      case 'windowOpened':
      case 'windowClosing':
      case 'windowClosed':
        return
    }
  }

  #take(event: AttributionEvent & { type: 'settled' }, transactionIndex: number, number: number): void {
    // at load: a receipt of a window that is closed by now has long ended
    if (!this.#windows.has(keyOf(event.adapterId, event.windowIndex))) return
    if (this.#isLoading && !this.#isWorthRoom(event.facts.receiptId)) return
    if (this.#receipts.size >= this.#maxReceipts) {
      if (!this.#isPartial)
        this.#modules.logger.error('too many open receipts; further ones are not followed')
      this.#isPartial = true
      this.#modules.metrics.count('receipts_untracked')
      return
    }
    const { facts, host, adapterId, windowIndex, feeWei } = event
    this.#receipts.set(facts.receiptId, {
      facts,
      host,
      adapterId,
      windowIndex,
      settledBlock: number,
      transactionIndex,
      feeWei,
      isSkipped: false,
      isMarkedWrong: false,
      challengedBlock: undefined,
      audit: undefined,
      appeal: undefined,
    })
  }

  /**
   * While old blocks are read, receipts that have long ended come first. Once they take all the room, the state tells
   * which are open.
   */
  #isWorthRoom(receiptId: Hash): boolean {
    if (!this.#isCrowded && this.#receipts.size < this.#maxReceipts) return true
    if (!this.#isCrowded) {
      this.#isCrowded = true
      for (const known of this.#receipts.keys()) if (!this.#isOpen(known)) this.#receipts.delete(known)
    }
    return this.#isOpen(receiptId)
  }

  #isOpen(receiptId: Hash): boolean {
    return isOpen(this.#modules.views.receipt(receiptId)?.status ?? receiptStatus.none)
  }

  #roundOf(kind: 'audit' | 'appeal', receiptId: Hash): Round | undefined {
    return this.#receipts.get(receiptId)?.[kind]
  }
}
