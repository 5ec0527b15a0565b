import { limits } from '../config/limits.ts'
import { invariant, messageOf, NodeError } from '../errors/errors.ts'
import { type Clock, every } from '../runtime/clock.ts'
import type { Service } from '../runtime/lifecycle.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Random } from '../runtime/random.ts'
import type { AddressBook } from './addressBook.ts'
import { Dialer, type KnownAddress } from './dialer.ts'
import { Discovery, type DiscoveryOptions } from './discovery.ts'
import { GossipService } from './gossip.ts'
import { PeerScores } from './peerScores.ts'
import { PeerService } from './peers.ts'
import type { GossipPort, Head, NetworkMetrics, PeerId, PeersPort, RequestPort } from './ports.ts'
import { RequestService } from './requests.ts'
import { STATUS_PROTOCOL } from './status.ts'
import { type ChainIdentity, protocolId, topicTable } from './topics.ts'
import type { GossipWire, Transport } from './transport.ts'

export interface NetworkOptions {
  readonly chain: ChainIdentity
  /** Name and version of this program, for other operators; printable ASCII. */
  readonly agent: string
  /** Peers to stay connected to. */
  readonly known: readonly KnownAddress[]
  /** Absent: no peers beyond the known ones are looked for. */
  readonly discovery?: DiscoveryOptions
}

export interface NetworkModules {
  readonly transport: Transport
  readonly wire: GossipWire
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly metrics: NetworkMetrics
  readonly head: () => Head
  /** Where discovery keeps addresses, and what makes them last. */
  readonly addresses?: { readonly book: AddressBook; readonly save: () => Promise<void> }
  /** Calls back for each address that the transport heard of by itself; returns what ends that. */
  readonly onHeard?: (listener: (address: string) => void) => () => void
}

export interface NetworkLoad {
  /** Requests of peers that are being answered. */
  readonly serving: number
  /** Memory of request and answer frames that are being read. */
  readonly readingBytes: number
  /** Gossip messages under validation, and their bytes. */
  readonly judging: number
  readonly judgingBytes: number
  /** Memory of gossip frames that are not whole yet. */
  readonly bufferedBytes: number
}

const AGENT = /^[\x20-\x7e]+$/

/** The network of a node over some transport: three ports and a life from one start to one stop. */
export class Network implements Service {
  readonly name = 'network'
  readonly gossip: GossipPort
  readonly requests: RequestPort
  readonly peers: PeersPort
  readonly #gossip: GossipService
  readonly #requests: RequestService
  readonly #peers: PeerService
  readonly #dialer: Dialer
  readonly #discovery: Discovery | undefined
  readonly #undo: (() => void)[] = []
  readonly #modules: NetworkModules
  #state: 'new' | 'started' | 'stopped' = 'new'

  constructor(options: NetworkOptions, modules: NetworkModules) {
    const { chain, agent } = options
    if (!AGENT.test(agent) || agent.length > limits.agentBytes) {
      throw new NodeError('BAD_CONFIG', `The agent name is printable ASCII of ${limits.agentBytes} at most.`)
    }
    const { transport, wire, clock, logger, metrics } = modules
    this.#modules = modules
    this.#requests = new RequestService(
      { wireName: (protocol) => (protocol === STATUS_PROTOCOL ? protocol : protocolId(chain, protocol)) },
      {
        transport,
        clock,
        logger,
        metrics,
        maySpeak: (peer, protocol) => this.#peers.maySpeak(peer, protocol),
        blame: (peer, offence, reason) => this.#peers.blame(peer, offence, reason),
      },
    )
    this.#peers = new PeerService(
      { chain, agent },
      { ...modules, requests: this.#requests, scores: new PeerScores(clock) },
    )
    this.#gossip = new GossipService(
      { topics: topicTable(chain) },
      {
        wire,
        clock,
        logger,
        metrics,
        blame: (peer, offence, reason) => this.#peers.blame(peer, offence, reason),
      },
    )
    this.#dialer = new Dialer({ addresses: options.known }, modules)
    const book = modules.addresses?.book
    this.#discovery =
      options.discovery === undefined || book === undefined
        ? undefined
        : new Discovery(options.discovery, {
            ...modules,
            requests: this.#requests,
            peers: this.#peers,
            book,
          })
    this.gossip = this.#gossip
    this.requests = this.#requests
    this.peers = this.#peers
  }

  get peerId(): PeerId {
    return this.#modules.transport.localPeer
  }

  /** Where this node can be reached, with its peer id; empty before the start. */
  listenAddresses(): readonly string[] {
    return this.#modules.transport.listenAddresses()
  }

  /** What peers have this node hold at the moment; each is bounded. */
  load(): NetworkLoad {
    return { ...this.#requests.load, ...this.#gossip.load }
  }

  /** How a peer's gossip is thought of; see `gossipsubOptions`. */
  gossipScore(peer: PeerId): number {
    return this.#modules.wire.scoreOf(peer)
  }

  /** Errors: PORT_IN_USE, BAD_CONFIG. */
  async start(): Promise<void> {
    invariant(this.#state === 'new', 'A network starts once.')
    this.#state = 'started'
    try {
      await this.#modules.transport.start({
        admits: (peer) => this.#peers.admits(peer),
        connected: (link) => {
          this.#dialer.linkUp(link.peer)
          this.#peers.connected(link)
        },
        disconnected: (peer) => {
          this.#peers.disconnected(peer)
          this.#dialer.linkDown(peer)
        },
      })
      await this.#gossip.start()
    } catch (error) {
      await this.stop()
      throw error
    }
    this.#dialer.start()
    this.#startDiscovery()
    const addresses = this.listenAddresses()
    this.#modules.logger.info({ peer: this.peerId, addresses }, 'network started')
  }

  async stop(): Promise<void> {
    if (this.#state !== 'started') return
    this.#state = 'stopped'
    for (const undo of this.#undo.splice(0)) undo()
    this.#dialer.stop()
    this.#discovery?.stop()
    this.#peers.stop()
    this.#requests.stop()
    await this.#gossip.stop()
    await this.#modules.transport.stop()
    await this.#saveAddresses()
  }

  #startDiscovery(): void {
    const discovery = this.#discovery
    if (discovery === undefined) return
    discovery.start()
    const { clock, onHeard } = this.#modules
    this.#undo.push(
      every(clock, limits.addressBookSaveMs, () => {
        this.#saveAddresses().catch(() => undefined)
      }),
    )
    if (onHeard !== undefined) this.#undo.push(onHeard((address) => discovery.heardOf(address)))
  }

  async #saveAddresses(): Promise<void> {
    try {
      await this.#modules.addresses?.save()
    } catch (error) {
      this.#modules.logger.warn({ error: messageOf(error) }, 'the addresses of peers were not saved')
    }
  }
}
