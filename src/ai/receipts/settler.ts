import { limits } from '../../config/limits.ts'
import { settleCall } from './calls.ts'
import type { LocatedEvent } from './events.ts'
import { gasOf } from './gas.ts'
import type { Outbox } from './outbox.ts'
import type { ReceiptPool } from './pool.ts'
import type { BlockFollower, HeadReader, Turn } from './ports.ts'
import { type ReceiptDomain, receiptIdOf, type SignedReceipt } from './typedData.ts'
import { UnderWay } from './underWay.ts'

export interface SettlerModules {
  readonly pool: ReceiptPool
  readonly outbox: Outbox
  readonly turn: Turn
  readonly head: HeadReader
}

/** Settles pooled receipts by an ordinary transaction when it is this node's turn; the settler is paid out of the fees. */
export class Settler implements BlockFollower {
  readonly #domain: ReceiptDomain
  readonly #modules: SettlerModules
  readonly #underWay = new UnderWay()

  constructor(options: { domain: ReceiptDomain }, modules: SettlerModules) {
    this.#domain = options.domain
    this.#modules = modules
  }

  follow(events: readonly LocatedEvent[]): void {
    for (const { event } of events) {
      if (event.type === 'settled') this.#underWay.done(event.facts.receiptId)
      if (event.type === 'notSettled') this.#underWay.done(event.receiptId)
    }
  }

  act(): void {
    const { pool, outbox, turn, head } = this.#modules
    this.#underWay.advance(head.height)
    if (!turn.isOurs()) return
    const batch = fitting(pool.next(limits.settledPerCall, (receiptId) => this.#underWay.has(receiptId)))
    if (batch.length === 0) return
    // later than that the receipts may have been sent anew
    const lastBlock = head.height + limits.resendBlocks
    if (outbox.send('settle', settleCall(batch, lastBlock)) === undefined) return
    for (const { request } of batch) this.#underWay.sent(receiptIdOf(this.#domain, request), head.height)
  }
}

/** ABI encoding of a receipt beside its row: 22 words, two signatures and paddings. */
const RECEIPT_CALL_BYTES = 1_000

/** The first ones, as many as one transaction carries; at least one. */
function fitting(receipts: readonly SignedReceipt[]): readonly SignedReceipt[] {
  const versions = new Set<string>()
  let bytes = 0
  let rowBytes = 0
  const end = receipts.findIndex(({ queryRow, request }, index) => {
    versions.add(`${request.adapterId}/${request.adapterVersion}`)
    bytes += queryRow.length + RECEIPT_CALL_BYTES
    rowBytes = Math.max(rowBytes, queryRow.length)
    const gas = gasOf.settle(index + 1, versions.size, rowBytes)
    return index > 0 && (bytes > limits.serviceCallBytes || gas > limits.serviceCallGas)
  })
  return end < 0 ? receipts : receipts.slice(0, end)
}
