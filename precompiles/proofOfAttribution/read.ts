import type { Hash } from '../../src/primitives/hex.ts'
import { ATTRIBUTION_ADDRESS } from '../addresses.ts'
import type { PrecompileHost } from '../host.ts'
import { mappingSlot, StructView } from '../shared/layout.ts'
import { ForeignStore, type SlotReader } from '../shared/store.ts'
import { batchLayout, ROOT_SLOT, receiptLayout, receiptStatus, rootLayout, windowLayout } from './layout.ts'

/** What a sibling may know of a settled receipt; the rest is in its facts, which the digest is of. */
export interface ReceiptView {
  readonly status: number
  readonly digest: Hash
  readonly adapterId: bigint
  readonly adapterVersion: number
}

/** Receipts, read from the account of Proof of Attribution by its siblings. */
export class ReceiptReader {
  readonly #reader: SlotReader
  readonly #root: StructView<typeof rootLayout.fields>

  constructor(host: PrecompileHost) {
    this.#reader = new ForeignStore(host, ATTRIBUTION_ADDRESS)
    this.#root = new StructView(this.#reader, rootLayout, ROOT_SLOT)
  }

  /** Undefined when no such receipt was settled. */
  receipt(receiptId: Hash): ReceiptView | undefined {
    const slot = mappingSlot(this.#reader, this.#root.at('receipts'), receiptId)
    const view = new StructView(this.#reader, receiptLayout, slot)
    const status = view.get('status')
    if (status === receiptStatus.none) return undefined
    const batchSlot = mappingSlot(this.#reader, this.#root.at('batches'), view.get('batchId'))
    const batch = new StructView(this.#reader, batchLayout, batchSlot)
    const adapterId = batch.get('adapterId')
    const adapterVersion = this.#window(adapterId, batch.get('windowIndex')).get('version')
    return { status, digest: view.get('digest'), adapterId, adapterVersion }
  }

  #window(adapterId: bigint, index: bigint): StructView<typeof windowLayout.fields> {
    const ofAdapter = mappingSlot(this.#reader, this.#root.at('windows'), adapterId)
    return new StructView(this.#reader, windowLayout, mappingSlot(this.#reader, ofAdapter, index))
  }
}
