import type { SyncProgress, SyncStatus } from '../rpc/ports.ts'
import { type Clock, every } from '../runtime/clock.ts'
import type { Syncer } from '../sync/syncer.ts'

const POLL_MS = 1_000

/** Sync as JSON-RPC tells it. */
export function rpcSync(syncer: Syncer, clock: Clock): SyncStatus {
  const progress = (): SyncProgress | undefined => {
    const { syncing, startingHeight, currentHeight, highestHeight } = syncer.status()
    if (!syncing) return undefined
    return {
      startingBlock: BigInt(startingHeight),
      currentBlock: BigInt(currentHeight),
      highestBlock: BigInt(highestHeight),
    }
  }
  return {
    progress,
    onChange: (listener) => {
      let last = progress()
      return every(clock, POLL_MS, () => {
        const now = progress()
        if (now?.currentBlock === last?.currentBlock && now?.highestBlock === last?.highestBlock) return
        last = now
        listener(now)
      })
    },
  }
}

/** A node that decides alone has nothing to catch up with. */
export const neverSyncing: SyncStatus = { progress: () => undefined, onChange: () => () => undefined }
