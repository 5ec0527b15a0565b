import { invariant } from '../../src/errors/errors.ts'
import type { VersionView } from '../adapter/read.ts'
import { type Row, rowAt, rowsPerChunk } from '../adapter/rows.ts'
import { ATTRIBUTION_ADDRESS } from '../addresses.ts'
import { bounds } from '../bounds.ts'
import type { Member } from '../datanet/members.ts'
import { readBlob } from '../shared/blobs.ts'
import { gasPrices, perEight } from '../shared/gas.ts'
import type { AttributionCall, WindowRef } from './call.ts'
import { correctionBlobs, queryBlobs, scoreBlobs, sumBlobs } from './layout.ts'
import {
  addEncodedSum,
  decodeInt16s,
  decodeScores,
  dot,
  SCORE_BYTES,
  subtractCorrections,
} from './vectors.ts'
import { type Allocation, allocatePot } from './windowShares.ts'
import { tombstonedPlaces } from './windowTombstones.ts'

/** What reading a window takes of a call: a light client has no more. */
export type WindowReading = Pick<AttributionCall, 'host' | 'adapters' | 'datanets'>

/** The version of an adapter whose rows and members a window is closed with. */
export interface WindowVersion {
  readonly adapterId: bigint
  readonly version: number
  readonly view: VersionView
}

export function windowVersion(
  { adapters }: Pick<WindowReading, 'adapters'>,
  adapterId: bigint,
  window: Pick<WindowRef, 'get'>,
): WindowVersion {
  const version = window.get('version')
  const adapter = adapters.adapter(adapterId)
  const view = adapter && adapters.version(adapter, version)
  invariant(view !== undefined, `version ${version} of adapter ${adapterId} exists`)
  return { adapterId, version, view }
}

/** Rows that share one blob of scores: 16 chunks of rows, or as many as their scores fit into a chunk. */
export function rowsPerPiece(k: number): number {
  return Math.min(rowsPerChunk(k) * bounds.rowChunksPerPiece, Math.floor(bounds.blobBytes / SCORE_BYTES))
}

/** The weighted sum of a window's query rows that still count. */
export function windowSum(
  { host }: AttributionCall,
  adapterId: bigint,
  windowIndex: bigint,
  window: WindowRef,
  k: number,
): Int32Array {
  const sum = new Int32Array(k)
  for (let index = 0; index < window.get('batches'); index++) {
    const bytes = readBlob(host, ATTRIBUTION_ADDRESS, sumBlobs, adapterId, windowIndex, index)
    invariant(bytes !== undefined, `batch ${index} of window ${windowIndex} is missing`)
    host.useGas(perEight(k))
    addEncodedSum(sum, bytes)
  }
  for (let index = 0; index < window.get('corrections'); index++) {
    const bytes = readBlob(host, ATTRIBUTION_ADDRESS, correctionBlobs, adapterId, windowIndex, index)
    invariant(bytes !== undefined, `correction ${index} of window ${windowIndex} is missing`)
    host.useGas(perEight(bytes.length))
    subtractCorrections(sum, bytes)
  }
  return sum
}

export function windowQueryBytes(
  { host }: AttributionCall,
  adapterId: bigint,
  windowIndex: bigint,
): Uint8Array | undefined {
  return readBlob(host, ATTRIBUTION_ADDRESS, queryBlobs, adapterId, windowIndex)
}

export function windowQuery(call: AttributionCall, adapterId: bigint, windowIndex: bigint): Int16Array {
  const bytes = windowQueryBytes(call, adapterId, windowIndex)
  invariant(bytes !== undefined, `window ${windowIndex} is not summed`)
  return decodeInt16s(bytes)
}

/** Exact scores of rows `start` to `end` against a query. */
export function scoreRows(
  call: AttributionCall,
  of: WindowVersion,
  query: Int16Array | Int8Array,
  start: number,
  end: number,
): readonly bigint[] {
  const rows = Array.from({ length: Math.max(end - start, 0) }, (_, index) => start + index)
  return scoreSomeRows(call, of, query, rows)
}

/** Exact scores of these rows, which ascend. A chunk is read once. */
export function scoreSomeRows(
  { host, adapters }: AttributionCall,
  { adapterId, version, view }: WindowVersion,
  query: Int16Array | Int8Array,
  rows: readonly number[],
): readonly bigint[] {
  const k = view.get('k')
  const perChunk = rowsPerChunk(k)
  const scores: bigint[] = []
  let bytes: Uint8Array | undefined
  let chunkEnd = 0
  for (const row of rows) {
    if (row >= chunkEnd) {
      const chunk = Math.floor(row / perChunk)
      bytes = adapters.rowChunk(adapterId, version, chunk)
      chunkEnd = (chunk + 1) * perChunk
    }
    invariant(bytes !== undefined, `the chunk of row ${row} of adapter ${adapterId} is missing`)
    host.useGas(perEight(k))
    scores.push(scoreRow(query, rowAt(bytes, k, row - chunkEnd + perChunk)))
  }
  return scores
}

function scoreRow(query: Int16Array | Int8Array, { scale, values }: Row): bigint {
  return BigInt(scale) * BigInt(dot(query, values))
}

/** Stored scores of rows `start` to `end`, which are scored. */
export function storedScores(
  { host }: Pick<WindowReading, 'host'>,
  adapterId: bigint,
  windowIndex: bigint,
  k: number,
  start: number,
  end: number,
): readonly bigint[] {
  const perPiece = rowsPerPiece(k)
  const scores: bigint[] = []
  for (let row = start; row < end; ) {
    const piece = Math.floor(row / perPiece)
    const bytes = readBlob(host, ATTRIBUTION_ADDRESS, scoreBlobs, adapterId, windowIndex, piece)
    invariant(bytes !== undefined, `piece ${piece} of window ${windowIndex} is missing`)
    const to = Math.min(end, (piece + 1) * perPiece)
    scores.push(...decodeScores(bytes).slice(row - piece * perPiece, to - piece * perPiece))
    row = to
  }
  return scores
}

export interface WindowAllocation extends Allocation {
  readonly members: readonly Member[]
  /** Places of the members that are left out. */
  readonly tombstoned: ReadonlySet<number>
}

/** How the pot of a wholly scored window divides; the same in every call from the first that pays on. */
export function windowAllocation(
  call: WindowReading,
  { adapterId, view }: WindowVersion,
  windowIndex: bigint,
  window: Pick<WindowRef, 'get'>,
): WindowAllocation {
  const members = call.adapters.members(view)
  call.host.useGas((gasPrices.member + 2n * gasPrices.sharePart) * BigInt(members.length))
  const tombstoned = tombstonedPlaces(call, { adapterId, windowIndex, window, members })
  const scores = storedScores(call, adapterId, windowIndex, view.get('k'), 0, members.length)
  const potWei = window.get('potWei') - window.get('closersWei')
  return { members, tombstoned, ...allocatePot(potWei, members, scores, tombstoned) }
}
