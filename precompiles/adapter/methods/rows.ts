import { invariant } from '../../../src/errors/errors.ts'
import { concatBytes } from '../../../src/primitives/bytes.ts'
import { bounds } from '../../bounds.ts'
import { writeBlob } from '../../shared/blobs.ts'
import type { Methods } from '../../shared/dispatch.ts'
import { perEight } from '../../shared/gas.ts'
import {
  type AdapterAbi,
  type AdapterCall,
  checkCount,
  emit,
  existingVersion,
  fail,
  newestVersion,
  ownedAdapter,
  type VersionRef,
} from '../call.ts'
import { rowBlobs, versionStatus } from '../layout.ts'
import { isValidRow, rowAt, rowBytes, rowsPerChunk } from '../rows.ts'

export const rowMethods: Methods<AdapterAbi, AdapterCall, 'appendRows' | 'getRows'> = {
  appendRows: {
    gas: 0n,
    run(call, { adapterId, startRow, rows }) {
      const { host } = call
      const adapter = ownedAdapter(call, adapterId)
      const { version, view } = newestVersion(call, adapter, versionStatus.draft)
      const { rowCount, memberCount, k } = view.values()
      if (startRow !== rowCount) fail('WrongStartRow', { expected: rowCount })
      const count = Math.min(rowsPerChunk(k), memberCount - rowCount)
      const expected = count * rowBytes(k)
      if (count === 0 || rows.length !== expected) {
        fail('WrongChunkLength', { length: BigInt(rows.length), expected: BigInt(expected) })
      }
      checkRows(call, view, startRow, count, rows)
      writeBlob(host, rowBlobs, rows, adapterId, version, Math.floor(startRow / rowsPerChunk(k)))
      view.set('rowCount', rowCount + count)
      emit(host, 'RowsAppended', { adapterId, version, startRow, count })
      return rowCount + count
    },
  },

  getRows: {
    gas: 0n,
    run(call, { adapterId, version, start, count }) {
      checkCount(count, 1, bounds.rowsPerPage)
      return readRows(call, adapterId, version, existingVersion(call, adapterId, version), start, count)
    },
  },
}

function checkRows(
  call: AdapterCall,
  view: VersionRef,
  start: number,
  count: number,
  rows: Uint8Array,
): void {
  const { host, reader, parameters } = call
  const k = view.get('k')
  host.useGas(perEight(count * k))
  reader.members(view, start, count).forEach(({ recordCount }, index) => {
    if (!isValidRow(rowAt(rows, k, index), recordCount, parameters.rowNormPerRecord)) {
      fail('InvalidRow', { row: start + index })
    }
  })
}

function readRows(
  { reader }: AdapterCall,
  adapterId: bigint,
  version: number,
  view: VersionRef,
  start: number,
  count: number,
): Uint8Array {
  const { k, rowCount } = view.values()
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
