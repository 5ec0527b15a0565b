import { writeBlob } from '../shared/blobs.ts'
import { type AttributionCall, adapterWindowsAt, batchAt, blockOf, emit, windowAt } from './call.ts'
import { sumBlobs, windowState } from './layout.ts'
import { encodeInt32s } from './vectors.ts'

/** The receipts of one adapter in one settle call, before they are written. */
export interface Batch {
  readonly batchId: bigint
  readonly adapterId: bigint
  readonly windowIndex: bigint
  /** The weighted sum of their query rows. */
  readonly sum: Int32Array
  receipts: number
}

/** Opens a batch in the adapter's newest window. All of its receipts fall into that window. */
export function openBatch(call: AttributionCall, adapterId: bigint, baseModelId: bigint, k: number): Batch {
  const batchId = call.root.get('batchCount') + 1n
  call.root.set('batchCount', batchId)
  const windowIndex = openWindow(call, adapterId)
  batchAt(call, batchId).update({ adapterId, windowIndex, baseModelId, settledBlock: blockOf(call) })
  return { batchId, adapterId, windowIndex, sum: new Int32Array(k), receipts: 0 }
}

/** The adapter's newest window, or a new one when that is full, too old, or being closed. */
function openWindow(call: AttributionCall, adapterId: bigint): bigint {
  const { parameters } = call
  const windows = adapterWindowsAt(call, adapterId)
  const newest = windows.get('opened')
  if (newest > 0n) {
    const { state, settled, openedBlock } = windowAt(call, adapterId, newest).values()
    const young = blockOf(call) < openedBlock + parameters.windowAgeBlocks
    if (state === windowState.open && settled < parameters.windowReceipts && young) return newest
  }
  const windowIndex = newest + 1n
  windows.set('opened', windowIndex)
  windowAt(call, adapterId, windowIndex).update({ state: windowState.open, openedBlock: blockOf(call) })
  emit(call.host, 'WindowOpened', { adapterId, windowIndex })
  return windowIndex
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
