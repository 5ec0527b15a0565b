import type { ChainView } from '../../execution/chainView.ts'
import type { Service } from '../../runtime/lifecycle.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { KvReader } from '../../storage/kv.ts'
import { EpochRecorder } from '../../sync/epochs/epochRecorder.ts'
import { serveEpochs } from '../../sync/epochs/epochServer.ts'
import type { EpochStore } from '../../sync/epochs/epochStore.ts'
import type { SyncRequests } from '../../sync/ports.ts'
import { serveSnapshots } from '../../sync/snapshot/snapshotServer.ts'

/** Makes the epoch records of this node's chain and, in a network, serves them and the states at these ends. */
export function epochServices(
  modules: { chain: ChainView; epochs: EpochStore; kv: KvReader; logger: Logger },
  requests?: SyncRequests,
): Service {
  const { chain, epochs, kv, logger } = modules
  const { epochBlocks } = chain.spec.genesis.consensus
  const recorder = new EpochRecorder(
    { epochBlocks },
    {
      chain: {
        headHeight: () => chain.head.height,
        block: (height) => chain.store.block(height),
        certificate: (height) => chain.store.certificate(height),
        onDecided: (listener) => chain.onDecided(() => listener()),
      },
      store: epochs,
      kv,
      logger,
    },
  )
  const unserve: (() => void)[] = []
  return {
    name: recorder.name,
    start: async () => {
      await recorder.start()
      if (requests === undefined) return
      const source = {
        headHeight: () => chain.head.height,
        stateRoot: (height: number) => chain.store.stateRoot(height),
      }
      unserve.push(serveEpochs(epochs, requests), serveSnapshots({ epochBlocks }, { source, kv, requests }))
    },
    stop: async () => {
      for (const stop of unserve.splice(0)) stop()
      await recorder.stop()
    },
  }
}
