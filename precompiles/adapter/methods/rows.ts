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
      const rowCount = view.get('rowCount')
      if (startRow !== rowCount) fail('WrongStartRow', { expected: rowCount })
      const count = countRows(view, rows)
      checkRows(call, view, startRow, count, rows)
      writeChunks(call, adapterId, version, view, rows)
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

/** Rows that come: whole chunks, only the draft's last may be shorter. */
function countRows(view: VersionRef, rows: Uint8Array): number {
  const { rowCount, memberCount, k } = view.values()
  const perChunk = rowsPerChunk(k)
  const left = memberCount - rowCount
  const count = Math.floor(rows.length / rowBytes(k))
  const isWhole = count * rowBytes(k) === rows.length && (count % perChunk === 0 || count === left)
  if (count === 0 || count > left || !isWhole) {
    const expected = Math.min(perChunk, left) * rowBytes(k)
    fail('WrongChunkLength', { length: BigInt(rows.length), expected: BigInt(expected) })
  }
  checkCount(Math.ceil(count / perChunk), 1, bounds.rowChunksPerCall)
  return count
}

function writeChunks(
  { host }: AdapterCall,
  adapterId: bigint,
  version: number,
  view: VersionRef,
  rows: Uint8Array,
): void {
  const { rowCount, k } = view.values()
  const chunkBytes = rowsPerChunk(k) * rowBytes(k)
  // every chunk before was whole
  const first = Math.floor(rowCount / rowsPerChunk(k))
  for (let at = 0; at < rows.length; at += chunkBytes) {
    const chunk = rows.subarray(at, at + chunkBytes)
    writeBlob(host, rowBlobs, chunk, adapterId, version, first + at / chunkBytes)
  }
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
  reader.members(view, start, count).forEach(({ recordCount, flags }, index) => {
    const row = rowAt(rows, k, index)
    if (!isValidRow(row, recordCount, parameters.rowNormPerRecord)) fail('InvalidRow', { row: start + index })
    // zero has one form, in which the scale is zero
    if (flags !== 0 && row.scale !== 0) fail('RowMustBeZero', { row: start + index })
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
