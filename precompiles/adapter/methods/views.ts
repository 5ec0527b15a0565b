import { bounds } from '../../bounds.ts'
import type { Methods } from '../../shared/dispatch.ts'
import {
  type AdapterAbi,
  type AdapterCall,
  blockOf,
  checkCount,
  existingAdapter,
  existingVersion,
  versionAt,
} from '../call.ts'
import { adapterStatus } from '../layout.ts'
import { nextPrice, priceAt, versionStatusAt } from '../read.ts'

const NO_PRICE = { baseWei: 0n, perThousandInputWei: 0n, perThousandOutputWei: 0n }

export const viewMethods: Methods<
  AdapterAbi,
  AdapterCall,
  'getAdapter' | 'getVersion' | 'versionsOf' | 'parentsOf' | 'priceOf' | 'isActive' | 'acceptsVersion'
> = {
  getAdapter: {
    gas: 0n,
    run(call, { adapterId }) {
      const adapter = existingAdapter(call, adapterId)
      const block = blockOf(call)
      return {
        ...adapter.values(),
        status: call.reader.statusAt(adapter, block),
        version: call.reader.currentVersion(adapter, block),
        licence: adapter.text('licence'),
        metadataCid: adapter.text('metadataCid'),
      }
    },
  },

  getVersion: {
    gas: 0n,
    run(call, { adapterId, version }) {
      const view = existingVersion(call, adapterId, version)
      const status = versionStatusAt(view, blockOf(call))
      return { ...view.values(), status, datanets: call.reader.datanets(view) }
    },
  },

  versionsOf: {
    gas: 0n,
    run(call, { adapterId, start, count }) {
      checkCount(count, 1, bounds.pageItems)
      const adapter = existingAdapter(call, adapterId)
      const first = Math.max(1, start)
      const left = Math.max(0, adapter.get('newestVersion') + 1 - first)
      return Array.from({ length: Math.min(count, left) }, (_, index) =>
        versionStatusAt(versionAt(call, adapter, first + index), blockOf(call)),
      )
    },
  },

  parentsOf: {
    gas: 0n,
    run: (call, { adapterId }) => call.reader.parents(existingAdapter(call, adapterId)),
  },

  priceOf: {
    gas: 0n,
    run(call, { adapterId }) {
      const adapter = existingAdapter(call, adapterId)
      const block = blockOf(call)
      const nextFromBlock = adapter.get('nextPriceBlock')
      const pending = nextFromBlock > block
      return {
        price: priceAt(adapter, block),
        nextPrice: pending ? nextPrice(adapter) : NO_PRICE,
        nextFromBlock: pending ? nextFromBlock : 0,
      }
    },
  },

  isActive: {
    gas: 0n,
    run(call, { adapterId }) {
      const adapter = call.reader.adapter(adapterId)
      return adapter !== undefined && call.reader.statusAt(adapter, blockOf(call)) === adapterStatus.active
    },
  },

  acceptsVersion: {
    gas: 0n,
    run: (call, { adapterId, version }) => call.reader.acceptsVersion(adapterId, version, blockOf(call)),
  },
}
