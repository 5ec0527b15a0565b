import { limits } from '../../config/limits.ts'
import type { SyncRequests } from '../ports.ts'
import { decodeEpochRequest, EPOCH_PROTOCOL, EPOCH_REQUEST_BYTES, encodeEpochResponse } from './codec.ts'
import type { EpochStore } from './epochStore.ts'

/** Serves epoch records to peers, within quotas. Returns how to stop it. */
export function serveEpochs(store: EpochStore, requests: SyncRequests): () => void {
  const answer = async (_peer: string, bytes: Uint8Array) => {
    const { fromEpoch, count } = decodeEpochRequest(bytes)
    const epochs = store.latest === undefined ? 0 : store.latest + 1
    return encodeEpochResponse({ epochs, records: store.range(fromEpoch, count) })
  }
  return requests.handle(EPOCH_PROTOCOL, answer, {
    maxRequestBytes: EPOCH_REQUEST_BYTES,
    maxConcurrentPerPeer: limits.syncServedPerPeer,
    maxConcurrent: limits.syncServedTotal,
    burst: limits.syncRequestsBurst,
    requestsPerSecond: limits.syncRequestsPerSecond,
  })
}
