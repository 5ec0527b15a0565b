import type { ChainView } from '../../execution/chainView.ts'
import type { Service } from '../../runtime/lifecycle.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { KvReader } from '../../storage/kv.ts'
import { EpochRecorder } from '../../sync/epochs/epochRecorder.ts'
import { serveEpochs } from '../../sync/epochs/epochServer.ts'
import type { EpochStore } from '../../sync/epochs/epochStore.ts'
import type { SyncRequests } from '../../sync/ports.ts'

/** Makes the epoch records of this node's chain and, in a network, serves them. */
export function epochServices(
  modules: { chain: ChainView; epochs: EpochStore; kv: KvReader; logger: Logger },
  requests?: SyncRequests,
): Service {
  const { chain, epochs, kv, logger } = modules
  const recorder = new EpochRecorder(
    { epochBlocks: chain.spec.genesis.consensus.epochBlocks },
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
  let unserve: (() => void) | undefined
  return {
    name: recorder.name,
    start: async () => {
      await recorder.start()
      unserve = requests && serveEpochs(epochs, requests)
    },
    stop: async () => {
      unserve?.()
      await recorder.stop()
    },
  }
}
