import { invariant } from '../../../src/errors/errors.ts'
import { concatBytes } from '../../../src/primitives/bytes.ts'
import { bounds } from '../../bounds.ts'
import type { Methods } from '../../shared/dispatch.ts'
import {
  type AdapterAbi,
  type AdapterCall,
  type AdapterRef,
  blockOf,
  checkCount,
  existingAdapter,
} from '../call.ts'
import { adapterStatus } from '../layout.ts'
import { nextPrice, priceAt, statusAt } from '../read.ts'
import { rowBytes, rowsPerChunk } from '../rows.ts'

const NO_PRICE = { baseWei: 0n, perThousandInputWei: 0n, perThousandOutputWei: 0n }

export const viewMethods: Methods<
  AdapterAbi,
  AdapterCall,
  'getAdapter' | 'datanetsOf' | 'parentsOf' | 'priceOf' | 'getRows' | 'isActive'
> = {
  getAdapter: {
    gas: 0n,
    run(call, { adapterId }) {
      const adapter = existingAdapter(call, adapterId)
      return {
        ...adapter.values(),
        status: statusAt(adapter, blockOf(call)),
        licence: adapter.text('licence'),
        metadataCid: adapter.text('metadataCid'),
      }
    },
  },

  datanetsOf: {
    gas: 0n,
    run: (call, { adapterId }) => call.reader.datanets(existingAdapter(call, adapterId)),
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

  getRows: {
    gas: 0n,
    run(call, { adapterId, start, count }) {
      checkCount(count, 1, bounds.rowsPerPage)
      return readRows(call, adapterId, existingAdapter(call, adapterId), start, count)
    },
  },

  isActive: {
    gas: 0n,
    run(call, { adapterId }) {
      const adapter = call.reader.adapter(adapterId)
      return adapter !== undefined && statusAt(adapter, blockOf(call)) === adapterStatus.active
    },
  },
}

function readRows(
  { reader }: AdapterCall,
  adapterId: bigint,
  adapter: AdapterRef,
  start: number,
  count: number,
): Uint8Array {
  const { k, version, rowCount } = adapter.values()
  const perChunk = rowsPerChunk(k)
  const end = Math.min(start + count, rowCount)
  const parts: Uint8Array[] = []
  for (let row = start; row < end; ) {
    const chunk = Math.floor(row / perChunk)
    const bytes = reader.rowChunk(adapterId, version, chunk)
    invariant(bytes !== undefined, `chunk ${chunk} of adapter ${adapterId} is missing`)
    const to = Math.min(end, (chunk + 1) * perChunk)
    parts.push(bytes.subarray((row % perChunk) * rowBytes(k), (to - chunk * perChunk) * rowBytes(k)))
    row = to
  }
  return concatBytes(...parts)
}
