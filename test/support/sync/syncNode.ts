import type { Network } from '../../../src/network/network.ts'
import { noMetrics } from '../../../src/network/ports.ts'
import type { Random } from '../../../src/runtime/random.ts'
import { SYNC_PROTOCOL } from '../../../src/sync/codec.ts'
import type { SyncApp } from '../../../src/sync/ports.ts'
import { Syncer } from '../../../src/sync/syncer.ts'
import type { MemoryHub } from '../network/memoryNetwork.ts'
import { recordingLogger, testChain, testHash } from '../network/testNode.ts'
import { TestApp, type TestBlock } from './testChain.ts'

export interface SyncNodeOptions {
  readonly app?: TestApp
  readonly known?: readonly string[]
  /** What it tells others of its head; the truth if not given. */
  readonly claimedHeight?: () => number
  /** What it serves instead of what it has. */
  readonly served?: SyncApp
  /** Its answer to every request for a range, instead of a server of ranges. */
  readonly answer?: Uint8Array
}

export interface SyncNode {
  readonly app: TestApp
  readonly network: Network
  syncer: Syncer
  readonly logs: readonly Record<string, unknown>[]
  address(): string
  /** Stops sync, as a crash would leave it, and makes a new one over the same data. */
  restartSync(): Promise<void>
  stop(): Promise<void>
}

const sameEachTime: Random = { bytes: (length) => new Uint8Array(length).fill(128) }

const anyAmount = {
  maxRequestBytes: 1_000,
  maxConcurrentPerPeer: 10,
  maxConcurrent: 10,
  burst: 1_000,
  requestsPerSecond: 1_000,
}

/** A node of the in-memory network that syncs and serves. */
export async function startSyncNode(hub: MemoryHub, options: SyncNodeOptions = {}): Promise<SyncNode> {
  const app = options.app ?? new TestApp()
  const { logger, logs } = recordingLogger()
  const height = options.claimedHeight ?? (() => app.headHeight())
  const { network } = hub.create(
    {
      chain: testChain,
      agent: 'test/1',
      known: (options.known ?? []).map((address) => ({ address, peer: undefined })),
    },
    {
      random: sameEachTime,
      logger,
      metrics: noMetrics,
      head: () => ({ height: height(), hash: testHash(height()) }),
    },
  )
  const served = options.served ?? app
  const modules = { app: served, peers: network.peers, requests: network.requests, clock: hub.clock, logger }
  const node: SyncNode = {
    app,
    network,
    logs,
    syncer: new Syncer(modules),
    address: () => network.listenAddresses()[0] ?? '',
    restartSync: async () => {
      await node.syncer.stop()
      node.syncer = new Syncer(modules)
      await node.syncer.start()
    },
    stop: async () => {
      await node.syncer.stop()
      await network.stop()
    },
  }
  app.afterSubmit = () => network.peers.headChanged()
  await network.start()
  const { answer } = options
  if (answer === undefined) await node.syncer.start()
  else network.requests.handle(SYNC_PROTOCOL, () => answer, anyAmount)
  return node
}

/** The app of a peer that serves something else than it has; it never syncs itself. */
export function liar(blocks: readonly TestBlock[], changes: Partial<SyncApp>): SyncApp {
  const honest = new TestApp(blocks)
  return {
    headHeight: () => honest.headHeight(),
    firstHeight: () => honest.firstHeight(),
    readEnvelopes: (fromHeight, count, maxBytes) => honest.readEnvelopes(fromHeight, count, maxBytes),
    seenCertificate: () => honest.seenCertificate(),
    submitDecided: () => Promise.resolve(),
    ...changes,
  }
}
