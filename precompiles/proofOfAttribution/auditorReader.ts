import type { Address } from '../../src/primitives/hex.ts'
import { ATTRIBUTION_ADDRESS } from '../addresses.ts'
import type { PrecompileHost } from '../host.ts'
import { arrayDataSlot, mappingSlot, readPacked, StructView } from '../shared/layout.ts'
import { ForeignStore, type SlotReader } from '../shared/store.ts'
import { AUDITOR_ID_BITS, auditorLayout, ROOT_SLOT, rootLayout } from './layout.ts'

export interface ActiveAuditor {
  readonly account: Address
  readonly bondWei: bigint
  /** The block of the registration. */
  readonly activeBlock: number
}

/** Auditors, read from Proof of Attribution's account; the precompile itself and its siblings use the same reader. */
export class AuditorReader {
  readonly #reader: SlotReader
  readonly #root: StructView<typeof rootLayout.fields>

  constructor(host: PrecompileHost, reader: SlotReader = new ForeignStore(host, ATTRIBUTION_ADDRESS)) {
    this.#reader = reader
    this.#root = new StructView(reader, rootLayout, ROOT_SLOT)
  }

  /** Ids of the active auditors of a base model, in the order that draws use. */
  ids(baseModelId: bigint): readonly number[] {
    const list = mappingSlot(this.#reader, this.#root.at('auditorsOf'), baseModelId)
    const length = Number(this.#reader.load(list))
    const data = arrayDataSlot(this.#reader, list)
    return Array.from({ length }, (_, index) =>
      Number(readPacked(this.#reader, data, index, AUDITOR_ID_BITS)),
    )
  }

  active(baseModelId: bigint): readonly ActiveAuditor[] {
    return this.ids(baseModelId).map((auditorId) => {
      const slot = mappingSlot(this.#reader, this.#root.at('auditors'), auditorId)
      const auditor = new StructView(this.#reader, auditorLayout, slot)
      return {
        account: auditor.get('account'),
        bondWei: auditor.get('bondWei'),
        activeBlock: auditor.get('activeBlock'),
      }
    })
  }
}
