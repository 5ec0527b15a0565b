import { NodeError } from '../../../src/errors/errors.ts'
import type { Chain } from '../../../src/execution/chain.ts'
import { encodeCertificate } from '../../../src/ledger/certificate.ts'
import { readDecided } from '../../../src/node/consensusApp.ts'
import type { JoinNetwork } from '../../../src/node/sync/snapshotJoin.ts'
import type { Clock } from '../../../src/runtime/clock.ts'
import { ChunkReader } from '../../../src/state/snapshot/chunkReader.ts'
import type { KvStore } from '../../../src/storage/kv.ts'
import { serveEpochs } from '../../../src/sync/epochs/epochServer.ts'
import { EpochStore } from '../../../src/sync/epochs/epochStore.ts'
import type { SyncApp, SyncRequests } from '../../../src/sync/ports.ts'
import { serveRanges } from '../../../src/sync/rangeServer.ts'
import { serveSnapshots } from '../../../src/sync/snapshot/snapshotServer.ts'

/** Time passes only while somebody waits for it. */
export class EagerClock implements Clock {
  ms: number

  constructor(ms = 0) {
    this.ms = ms
  }

  nowMs(): number {
    return this.ms
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = setImmediate(() => {
      this.ms += delayMs
      callback()
    })
    return () => clearImmediate(timer)
  }
}

type Handler = (bytes: Uint8Array) => Promise<Uint8Array>
/** What a peer makes of its honest answer. */
export type Lie = (
  protocol: string,
  request: Uint8Array,
  answer: Uint8Array,
) => Uint8Array | Promise<Uint8Array>

interface Served {
  height: () => number
  readonly handlers: Map<string, Handler>
  lie: Lie
}

export function syncAppOf(chain: Chain): SyncApp {
  return {
    headHeight: () => chain.head.height,
    firstHeight: () => Math.max(1, chain.store.firstHeight),
    readEnvelopes: (from, count) =>
      Array.from({ length: count }, (_, at) => readDecided(chain, from + at)?.envelope).filter(
        (envelope) => envelope !== undefined,
      ),
    seenCertificate: () =>
      chain.head.certificate === null ? undefined : encodeCertificate(chain.head.certificate),
    submitDecided: () => Promise.reject(new Error('serves only')),
  }
}

/** Peers in this process, reached by calls: what a node sees of a network when it joins. */
export class PeerNet {
  readonly #peers = new Map<string, Served>()
  /** Requests by protocol. */
  readonly asked: string[] = []
  readonly reports: { peer: string; offence: string; reason: string }[] = []
  /** Runs before each answer. */
  onRequest: (protocol: string, peer: string) => void = () => undefined

  /** A peer that serves this chain whole, with chunks so small that a test's state has many. */
  async add(
    id: string,
    chain: Chain,
    kv: KvStore,
    lie: Lie = (_protocol, _request, answer) => answer,
  ): Promise<void> {
    const handlers = new Map<string, Handler>()
    this.#peers.set(id, { height: () => chain.head.height, handlers, lie })
    const requests: SyncRequests = {
      request: () => Promise.reject(new Error('not used')),
      handle: (protocol, handler) => {
        handlers.set(protocol, (bytes) => handler('us', bytes))
        return () => handlers.delete(protocol)
      },
    }
    const { epochBlocks } = chain.spec.genesis.consensus
    serveRanges(syncAppOf(chain), requests)
    serveEpochs(await EpochStore.open(kv), requests)
    serveSnapshots(
      { epochBlocks },
      {
        source: { headHeight: () => chain.head.height, stateRoot: (height) => chain.store.stateRoot(height) },
        kv,
        requests,
        reader: new ChunkReader({ kv }, { maxBytes: 1_500, inlineBytes: 1_000 }),
      },
    )
  }

  remove(id: string): void {
    this.#peers.delete(id)
  }

  readonly network: JoinNetwork = {
    start: async () => undefined,
    stop: async () => undefined,
    peers: {
      list: () => [...this.#peers].map(([id, peer]) => ({ id, head: { height: peer.height() } })),
      onConnect: () => () => undefined,
      onDisconnect: () => () => undefined,
      onHead: () => () => undefined,
      report: (peer, offence, reason) => {
        this.reports.push({ peer, offence, reason })
        if (offence === 'misbehaved') this.#peers.delete(peer)
      },
    },
    requests: {
      handle: () => () => undefined,
      request: async (id, protocol, bytes, { maxResponseBytes, signal }) => {
        const peer = this.#peers.get(id)
        this.asked.push(protocol)
        this.onRequest(protocol, id)
        if (signal?.aborted) throw new NodeError('CANCELLED', 'stopped')
        const handler = peer?.handlers.get(protocol)
        if (peer === undefined || handler === undefined) throw new NodeError('PEER_UNREACHABLE', 'gone')
        const honest = await handler(bytes).catch(() => undefined)
        if (honest === undefined) throw new NodeError('PEER_FAILED', 'its handler threw')
        const answer = await peer.lie(protocol, bytes, honest)
        if (answer.length > maxResponseBytes) throw new NodeError('LIMIT_EXCEEDED', 'too large')
        return answer
      },
    },
  }
}
