import { limits } from '../config/limits.ts'
import { isNodeError, messageOf } from '../errors/errors.ts'
import { type Cancel, type Clock, every } from '../runtime/clock.ts'
import { deadline } from '../runtime/deadline.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Random } from '../runtime/random.ts'
import type { AddressBook } from './addressBook.ts'
import {
  formatPeerAddress,
  hostOfLink,
  mayTellOf,
  type PeerAddress,
  parsePeerAddress,
} from './peerAddress.ts'
import {
  decodePeersAnswer,
  decodePeersRequest,
  encodePeersAnswer,
  encodePeersRequest,
  PEERS_ANSWER_BYTES,
  PEERS_PROTOCOL,
  PEERS_REQUEST_BYTES,
} from './peerExchange.ts'
import type { Peer, PeerId, PeersPort, RequestPort } from './ports.ts'
import { BoundedMap } from './quota.ts'
import type { Transport } from './transport.ts'

export interface DiscoveryOptions {
  /** Where this node listens, for others; 0 when it shall not be told of. */
  readonly listenPort: () => number
  /** Peers of which nobody is told: validators behind this node. */
  readonly isPrivate: (peer: PeerId) => boolean
  /** Peers that the dialer keeps connected. */
  readonly isConfigured: (peer: PeerId) => boolean
}

export interface DiscoveryModules {
  readonly transport: Pick<Transport, 'dial' | 'localPeer'>
  readonly requests: RequestPort
  readonly peers: PeersPort
  readonly book: AddressBook
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

/** Of nodes that start together each has to say where it listens before another can be told of it. */
const FIRST_TICKS_MS = [1_000, 3_000]

/**
 * Finds peers beyond the configured ones: asks each new peer, and one peer after another on a timer, whom it is
 * connected to, and keeps some connections to what it heard of. An address is a hint: the id in it is proven by the
 * encrypted connection, the chain by the handshake.
 */
export class Discovery {
  readonly #options: DiscoveryOptions
  readonly #modules: DiscoveryModules
  /** The port that each inbound peer said it listens on. */
  readonly #ports = new BoundedMap<PeerId, number>(limits.connections)
  readonly #dialing = new Set<PeerId>()
  readonly #undo: Cancel[] = []
  readonly #stopping = new AbortController()
  #turn = 0

  constructor(options: DiscoveryOptions, modules: DiscoveryModules) {
    this.#options = options
    this.#modules = modules
  }

  start(): void {
    const { requests, peers, clock } = this.#modules
    this.#undo.push(
      requests.handle(PEERS_PROTOCOL, (peer, bytes) => this.#answer(peer, bytes), {
        maxRequestBytes: PEERS_REQUEST_BYTES,
        maxConcurrentPerPeer: 1,
        maxConcurrent: 16,
        burst: 6,
        requestsPerSecond: 0.5,
      }),
      peers.onConnect((peer) => {
        this.#noteConnected(peer)
        this.#ask(peer)
      }),
      every(clock, limits.discoveryMs, () => this.#tick()),
      ...FIRST_TICKS_MS.map((delayMs) => clock.after(delayMs, () => this.#tick())),
    )
  }

  stop(): void {
    this.#stopping.abort()
    for (const undo of this.#undo.splice(0)) undo()
  }

  /** An address from elsewhere, as multicast in the own network. */
  heardOf(text: string): void {
    const address = parsePeerAddress(text)
    if (address !== undefined && this.#isWanted(address.peer)) this.#modules.book.told(address)
    this.#dialSome()
  }

  #tick(): void {
    const list = this.#modules.peers.list()
    const peer = list[this.#turn++ % Math.max(1, list.length)]
    if (peer !== undefined) this.#ask(peer)
    this.#dialSome()
  }

  #noteConnected({ id, direction, address }: Peer): void {
    const { book } = this.#modules
    if (direction !== 'outbound' || this.#options.isConfigured(id)) return
    const known = parsePeerAddress(address.includes('/p2p/') ? address : `${address}/p2p/${id}`)
    if (known !== undefined) book.worked(known)
  }

  #ask(peer: Peer): void {
    this.#askFor(peer).catch((error: unknown) => {
      // one that does not speak of peers may be an honest node of another kind
      this.#modules.logger.debug({ peer: peer.id, error: messageOf(error) }, 'a peer told of no others')
    })
  }

  async #askFor(peer: Peer): Promise<void> {
    const { requests, peers, book } = this.#modules
    const answer = await requests.request(
      peer.id,
      PEERS_PROTOCOL,
      encodePeersRequest(this.#options.listenPort()),
      {
        timeoutMs: limits.discoveryTimeoutMs,
        maxResponseBytes: PEERS_ANSWER_BYTES,
        signal: this.#stopping.signal,
      },
    )
    const teller = hostOfLink(peer.address)
    let told: PeerAddress[]
    try {
      told = decodePeersAnswer(answer)
    } catch (error) {
      if (isNodeError(error)) peers.report(peer.id, 'misbehaved', `malformed addresses: ${error.code}`)
      throw error
    }
    for (const address of told) {
      if (teller === undefined || !mayTellOf(teller, address.host)) continue
      if (this.#isWanted(address.peer)) book.told(address)
    }
    this.#dialSome()
  }

  #answer(peer: PeerId, bytes: Uint8Array): Uint8Array {
    const port = decodePeersRequest(bytes)
    this.#ports.set(peer, port)
    return encodePeersAnswer(this.#addressesFor(peer))
  }

  /** Some of the connected peers, others each time, where they can be reached. */
  #addressesFor(asker: PeerId): PeerAddress[] {
    const known: PeerAddress[] = []
    const askerHost = hostOfLink(this.#modules.peers.get(asker)?.address ?? '')
    for (const peer of this.#modules.peers.list()) {
      if (peer.id === asker || this.#options.isPrivate(peer.id)) continue
      const address = this.#addressOf(peer)
      // nobody can use an address that is nearer to this node than the asker is
      if (address !== undefined && askerHost !== undefined && mayTellOf(askerHost, address.host))
        known.push(address)
    }
    const [draw = 0] = this.#modules.random.bytes(1)
    const from = known.length === 0 ? 0 : draw % known.length
    return [...known.slice(from), ...known.slice(0, from)].slice(0, limits.exchangedPeers)
  }

  /** Host and port of a peer: what was dialled, or the host that it came from and the port that it named. */
  #addressOf({ id, direction, address }: Peer): PeerAddress | undefined {
    const host = hostOfLink(address)
    const dialled = Number(address.split('/')[4])
    const port = direction === 'outbound' ? dialled : (this.#ports.get(id) ?? 0)
    if (host === undefined || !Number.isInteger(port) || port <= 0) return undefined
    return parsePeerAddress(formatPeerAddress({ peer: id, host, port }))
  }

  #isWanted(peer: PeerId): boolean {
    return peer !== this.#modules.transport.localPeer && !this.#options.isConfigured(peer)
  }

  /** As many dials as connections of this kind are missing, a few at a time. */
  #dialSome(): void {
    const { peers, book, clock } = this.#modules
    if (this.#stopping.signal.aborted) return
    const found = peers
      .list()
      .filter(({ id, direction }) => direction === 'outbound' && !this.#options.isConfigured(id)).length
    for (const address of book.candidates(clock.nowMs())) {
      const missing = limits.discoveredPeers - found - this.#dialing.size
      if (missing <= 0 || this.#dialing.size >= limits.discoveryDials) return
      if (peers.get(address.peer) !== undefined || this.#dialing.has(address.peer)) continue
      this.#dialing.add(address.peer)
      this.#dial(address).catch((error: unknown) => {
        this.#modules.logger.error({ error: messageOf(error) }, 'discovery failed')
      })
    }
  }

  async #dial(address: PeerAddress): Promise<void> {
    const { transport, book, clock, logger } = this.#modules
    const limit = deadline(clock, limits.dialTimeoutMs, this.#stopping.signal)
    try {
      await transport.dial(formatPeerAddress(address), limit.signal)
    } catch (error) {
      logger.debug(
        { peer: address.peer, error: messageOf(error) },
        'a peer that others told of was not reached',
      )
      if (isNodeError(error, 'BAD_CONFIG')) book.forget(address.peer)
    } finally {
      limit.cancel()
      this.#dialing.delete(address.peer)
      // a connection that passes the handshake takes this back; one that does not is tried less and less
      book.failed(address.peer, clock.nowMs())
    }
  }
}
