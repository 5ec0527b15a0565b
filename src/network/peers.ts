import { limits } from '../config/limits.ts'
import { isNodeError, messageOf, NodeError } from '../errors/errors.ts'
import type { Cancel, Clock } from '../runtime/clock.ts'
import type { Logger } from '../runtime/logger.ts'
import type { PeerScores, ScoredOffence } from './peerScores.ts'
import type {
  Head,
  NetworkMetrics,
  Offence,
  Peer,
  PeerId,
  PeersPort,
  RequestPort,
  Unsubscribe,
} from './ports.ts'
import {
  checkStatus,
  decodeStatus,
  encodeStatus,
  STATUS_PROTOCOL,
  type Status,
  WIRE_VERSION,
} from './status.ts'
import type { ChainIdentity } from './topics.ts'
import type { Link, Transport, TransportEvents } from './transport.ts'

interface Entry {
  readonly link: Link
  /** Known as soon as either side's status arrived. */
  peer: Peer | undefined
  /** The own status was answered: only then do others learn of the peer, so that it is ready to serve us. */
  announced: boolean
  failedExchanges: number
  exchanging: boolean
  refusal: Cancel | undefined
}

export interface PeerServiceOptions {
  readonly chain: ChainIdentity
  readonly agent: string
}

export interface PeerServiceModules {
  readonly transport: Transport
  readonly requests: RequestPort
  readonly scores: PeerScores
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: NetworkMetrics
  /** The head of this node, asked for whenever a status is sent. */
  readonly head: () => Head
}

/** Failed status exchanges in a row after which a peer is taken for dead. */
const FAILED_EXCHANGES = 3

/** Who is connected: status handshake, heads of peers, offences and bans. */
export class PeerService implements PeersPort, TransportEvents {
  readonly #options: PeerServiceOptions
  readonly #modules: PeerServiceModules
  readonly #entries = new Map<PeerId, Entry>()
  readonly #onConnect = new Set<(peer: Peer) => void>()
  readonly #onDisconnect = new Set<(peer: PeerId) => void>()
  readonly #onHead = new Set<(peer: Peer) => void>()
  #push: Cancel | undefined
  #lastPushMs: number
  #stopped = false

  constructor(options: PeerServiceOptions, modules: PeerServiceModules) {
    this.#options = options
    this.#modules = modules
    this.#lastPushMs = modules.clock.nowMs() - limits.statusIntervalMs
    modules.requests.handle(STATUS_PROTOCOL, (peer, bytes) => this.#serveStatus(peer, bytes), {
      maxRequestBytes: limits.statusBytes,
      maxConcurrentPerPeer: limits.statusServedPerPeer,
      maxConcurrent: limits.connections * limits.statusServedPerPeer,
      burst: limits.statusBurst,
      requestsPerSecond: limits.statusPerSecond,
    })
  }

  stop(): void {
    this.#stopped = true
    this.#push?.()
    for (const entry of this.#entries.values()) entry.refusal?.()
  }

  // --- PeersPort ---

  list(): readonly Peer[] {
    const peers: Peer[] = []
    for (const { announced, peer } of this.#entries.values())
      if (announced && peer !== undefined) peers.push(peer)
    return peers
  }

  get(id: PeerId): Peer | undefined {
    return this.#entries.get(id)?.peer
  }

  onConnect(listener: (peer: Peer) => void): Unsubscribe {
    return subscribe(this.#onConnect, listener)
  }

  onDisconnect(listener: (peer: PeerId) => void): Unsubscribe {
    return subscribe(this.#onDisconnect, listener)
  }

  onHead(listener: (peer: Peer) => void): Unsubscribe {
    return subscribe(this.#onHead, listener)
  }

  headChanged(): void {
    if (this.#stopped || this.#push !== undefined) return
    const waitMs = this.#lastPushMs + limits.statusIntervalMs - this.#modules.clock.nowMs()
    this.#push = this.#modules.clock.after(Math.max(0, waitMs), () => {
      this.#push = undefined
      this.#lastPushMs = this.#modules.clock.nowMs()
      for (const entry of this.#entries.values()) if (entry.announced) this.#startExchange(entry)
    })
  }

  report(peer: PeerId, offence: Offence, reason: string): void {
    this.blame(peer, offence, reason)
  }

  /** Counts an offence; a peer with too many is banned and disconnected. */
  blame(peer: PeerId, offence: ScoredOffence, reason: string): void {
    const { scores, logger, metrics } = this.#modules
    const banned = scores.record(peer, offence)
    logger[banned ? 'warn' : 'debug']({ peer, offence, reason }, banned ? 'peer banned' : 'peer blamed')
    if (!banned) return
    metrics.count('peers_banned', { offence })
    this.#disconnect(peer)
  }

  /** Whether requests of a peer are answered; the handshake itself always is. */
  maySpeak(peer: PeerId, protocol: string): boolean {
    return protocol === STATUS_PROTOCOL || this.#entries.get(peer)?.peer !== undefined
  }

  // --- TransportEvents ---

  admits(peer: PeerId): boolean {
    return !this.#stopped && !this.#modules.scores.isBanned(peer)
  }

  connected(link: Link): void {
    const entry: Entry = {
      link,
      peer: undefined,
      announced: false,
      failedExchanges: 0,
      exchanging: false,
      refusal: undefined,
    }
    this.#entries.set(link.peer, entry)
    if (!this.admits(link.peer)) this.#disconnect(link.peer)
    else this.#startExchange(entry)
  }

  disconnected(peer: PeerId): void {
    const entry = this.#entries.get(peer)
    if (entry === undefined) return
    this.#entries.delete(peer)
    entry.refusal?.()
    if (!entry.announced) return
    this.#modules.logger.info({ peer, peers: this.list().length }, 'peer disconnected')
    this.#notify(this.#onDisconnect, peer)
  }

  // --- the handshake ---

  #startExchange(entry: Entry): void {
    if (entry.exchanging || this.#stopped) return
    entry.exchanging = true
    this.#exchange(entry)
      .catch((error: unknown) => this.#exchangeFailed(entry, error))
      .finally(() => {
        entry.exchanging = false
      })
  }

  async #exchange(entry: Entry): Promise<void> {
    const answer = await this.#modules.requests.request(entry.link.peer, STATUS_PROTOCOL, this.#ownStatus(), {
      timeoutMs: limits.statusTimeoutMs,
      maxResponseBytes: limits.statusBytes,
    })
    const status = decodeStatus(answer)
    checkStatus(this.#options.chain, status)
    if (!this.#isCurrent(entry)) return
    entry.failedExchanges = 0
    this.#take(entry, status)
    if (entry.announced || entry.peer === undefined) return
    entry.announced = true
    const { peer } = entry
    const facts = { peer: peer.id, address: peer.address, agent: peer.agent, height: peer.head.height }
    this.#modules.logger.info({ ...facts, peers: this.list().length }, 'peer connected')
    this.#notify(this.#onConnect, peer)
  }

  #exchangeFailed(entry: Entry, error: unknown): void {
    if (!this.#isCurrent(entry) || this.#stopped) return
    const peer = entry.link.peer
    const refused = isNodeError(error, 'WRONG_CHAIN') || isNodeError(error, 'PROTOCOL_UNSUPPORTED')
    entry.failedExchanges += 1
    if (refused) {
      this.#refuse(entry, error)
      this.#disconnect(peer)
      return
    }
    if (entry.announced && entry.failedExchanges < FAILED_EXCHANGES) return
    this.#modules.metrics.count('handshakes_failed', { reason: isNodeError(error) ? error.code : 'INTERNAL' })
    this.#modules.logger.debug({ peer, error: messageOf(error) }, 'the status exchange failed')
    this.#disconnect(peer)
  }

  #serveStatus(id: PeerId, bytes: Uint8Array): Uint8Array {
    const entry = this.#entries.get(id)
    const status = decodeStatus(bytes)
    if (entry === undefined) throw new NodeError('PEER_UNREACHABLE', 'The connection is closed.')
    try {
      checkStatus(this.#options.chain, status)
      this.#take(entry, status)
    } catch (error) {
      // it gets our status and some time to read it, so that its operator learns the reason too
      this.#refuse(entry, error)
      entry.refusal = this.#modules.clock.after(limits.refusalGraceMs, () => this.#disconnect(id))
    }
    return this.#ownStatus()
  }

  #take(entry: Entry, status: Status): void {
    const { peer: id, direction, address } = entry.link
    const before = entry.peer
    // answers can overtake each other, and heads only grow
    if (before !== undefined && status.headHeight <= before.head.height) return
    const head = { height: status.headHeight, hash: status.headHash }
    entry.peer = { id, direction, address, head, agent: status.agent }
    if (entry.announced) this.#notify(this.#onHead, entry.peer)
  }

  #refuse(entry: Entry, error: unknown): void {
    if (entry.refusal !== undefined) return
    entry.refusal = () => {}
    const reason = isNodeError(error) ? error.code : 'INTERNAL'
    this.#modules.metrics.count('handshakes_failed', { reason })
    const { peer, address } = entry.link
    this.#modules.logger.warn({ peer, address, reason, detail: messageOf(error) }, 'peer refused')
  }

  #ownStatus(): Uint8Array {
    const { chainId, genesisHash } = this.#options.chain
    const { height, hash } = this.#modules.head()
    return encodeStatus({
      wireVersion: WIRE_VERSION,
      chainId,
      genesisHash,
      headHeight: height,
      headHash: hash,
      agent: this.#options.agent,
    })
  }

  #isCurrent(entry: Entry): boolean {
    return this.#entries.get(entry.link.peer) === entry
  }

  #disconnect(peer: PeerId): void {
    this.#modules.transport.disconnect(peer).catch((error: unknown) => {
      this.#modules.logger.debug({ peer, error: messageOf(error) }, 'a connection did not close cleanly')
    })
  }

  #notify<T>(listeners: ReadonlySet<(value: T) => void>, value: T): void {
    for (const listener of [...listeners]) {
      try {
        listener(value)
      } catch (error) {
        this.#modules.logger.error({ error: messageOf(error) }, 'a listener of peers threw')
      }
    }
  }
}

function subscribe<T>(listeners: Set<T>, listener: T): Unsubscribe {
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
  }
}
