import { writeBlob } from '../shared/blobs.ts'
import {
  type AttributionCall,
  adapterWindowsAt,
  batchAt,
  blockOf,
  displacedWindowSlot,
  emit,
  windowAt,
} from './call.ts'
import { sumBlobs, windowState } from './layout.ts'
import { encodeInt32s } from './vectors.ts'

/** What the receipts of one batch have in common. */
export interface BatchKind {
  readonly adapterId: bigint
  readonly version: number
  readonly baseModelId: bigint
  readonly k: number
}

/** The receipts of one version of an adapter in one settle call, before they are written. */
export interface Batch {
  readonly batchId: bigint
  readonly adapterId: bigint
  readonly windowIndex: bigint
  /** The weighted sum of their query rows. */
  readonly sum: Int32Array
  receipts: number
}

/** Opens a batch in the version's newest window. All of its receipts fall into that window. */
export function openBatch(call: AttributionCall, { adapterId, version, baseModelId, k }: BatchKind): Batch {
  const batchId = call.root.get('batchCount') + 1n
  call.root.set('batchCount', batchId)
  const windowIndex = openWindow(call, adapterId, version)
  batchAt(call, batchId).update({ adapterId, windowIndex, baseModelId, settledBlock: blockOf(call) })
  return { batchId, adapterId, windowIndex, sum: new Int32Array(k), receipts: 0 }
}

/** The version's newest window, or a new one when that is full, too old, or being closed. */
function openWindow(call: AttributionCall, adapterId: bigint, version: number): bigint {
  const windows = adapterWindowsAt(call, adapterId)
  const newest = windows.get('opened')
  const isOfVersion = newest > 0n && windowAt(call, adapterId, newest).get('version') === version
  // while two versions are in use, each goes on in its own window
  const own = isOfVersion ? newest : call.store.load(displacedWindowSlot(call, adapterId, version))
  if (own > 0n && takesReceipts(call, adapterId, own)) return own
  if (newest > 0n && !isOfVersion) displace(call, adapterId, newest)
  const windowIndex = newest + 1n
  windows.set('opened', windowIndex)
  windowAt(call, adapterId, windowIndex).update({
    state: windowState.open,
    openedBlock: blockOf(call),
    version,
  })
  emit(call.host, 'WindowOpened', { adapterId, windowIndex, version })
  return windowIndex
}

function takesReceipts(call: AttributionCall, adapterId: bigint, windowIndex: bigint): boolean {
  const { windowReceipts, windowAgeBlocks } = call.governed.settling()
  const { state, settled, openedBlock } = windowAt(call, adapterId, windowIndex).values()
  return (
    state === windowState.open && settled < windowReceipts && blockOf(call) < openedBlock + windowAgeBlocks
  )
}

/** Notes the newest window for its version, because one of another version follows. */
function displace(call: AttributionCall, adapterId: bigint, newest: bigint): void {
  const version = windowAt(call, adapterId, newest).get('version')
  call.store.save(displacedWindowSlot(call, adapterId, version), newest)
}

/** Writes the batch's sum and counts its receipts into the window. */
export function recordBatch(call: AttributionCall, batch: Batch): void {
  const { batchId, adapterId, windowIndex, receipts, sum } = batch
  const window = windowAt(call, adapterId, windowIndex)
  const index = window.get('batches')
  window.update({ batches: index + 1, settled: window.get('settled') + receipts })
  writeBlob(call.host, sumBlobs, encodeInt32s(sum), adapterId, windowIndex, index)
  emit(call.host, 'BatchRecorded', { batchId, adapterId, windowIndex, receipts })
}
