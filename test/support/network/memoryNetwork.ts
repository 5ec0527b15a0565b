import { limits } from '../../../src/config/limits.ts'
import { NodeError } from '../../../src/errors/errors.ts'
import { Network, type NetworkModules, type NetworkOptions } from '../../../src/network/network.ts'
import type { PeerId } from '../../../src/network/ports.ts'
import { topicTable } from '../../../src/network/topics.ts'
import type { Channel, Link, Transport, TransportEvents } from '../../../src/network/transport.ts'
import { type Clock, sleep } from '../../../src/runtime/clock.ts'
import { memoryChannels } from './memoryChannel.ts'
import { MemoryGossipWire } from './memoryGossipWire.ts'

/** A network inside one process. Everything that travels waits for `latencyMs` on the hub's clock. */
export class MemoryHub {
  readonly clock: Clock
  readonly latencyMs: number
  readonly nodes = new Map<string, MemoryTransport>()
  readonly #cut = new Set<string>()
  #created = 0

  constructor(options: { clock: Clock; latencyMs?: number }) {
    this.clock = options.clock
    this.latencyMs = options.latencyMs ?? 0
  }

  /** A network with an address of its own; give `peer` and `address` to restart an earlier one. */
  create(
    options: NetworkOptions & { readonly peer?: PeerId; readonly address?: string },
    modules: Omit<NetworkModules, 'transport' | 'wire' | 'clock'>,
  ): { readonly network: Network; readonly wire: MemoryGossipWire; readonly transport: MemoryTransport } {
    this.#created += 1
    const peer = options.peer ?? `peer-${String(this.#created).padStart(3, '0')}`
    const transport = new MemoryTransport(this, peer, options.address ?? `/memory/${this.#created}`)
    const wire = new MemoryGossipWire(this, transport, topicTable(options.chain))
    transport.wire = wire
    return {
      transport,
      wire,
      network: new Network(options, { ...modules, transport, wire, clock: this.clock }),
    }
  }

  /** Ends the connection of two peers and lets them have no other. */
  async cut(a: PeerId, b: PeerId): Promise<void> {
    this.#cut.add(pairKey(a, b))
    for (const node of this.nodes.values()) if (node.localPeer === a) await node.disconnect(b)
  }

  heal(a: PeerId, b: PeerId): void {
    this.#cut.delete(pairKey(a, b))
  }

  isCut(a: PeerId, b: PeerId): boolean {
    return this.#cut.has(pairKey(a, b))
  }

  travel(): Promise<void> {
    return sleep(this.clock, this.latencyMs)
  }
}

function pairKey(a: PeerId, b: PeerId): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`
}

interface MemoryLink {
  readonly remote: MemoryTransport
  readonly channels: Set<Channel>
}

interface Handled {
  readonly maxStreamsPerPeer: number
  readonly accept: (peer: PeerId, channel: Channel) => void
  readonly openByPeer: Map<PeerId, number>
}

export class MemoryTransport implements Transport {
  readonly localPeer: PeerId
  wire: MemoryGossipWire | undefined
  readonly #hub: MemoryHub
  readonly #address: string
  readonly #links = new Map<PeerId, MemoryLink>()
  readonly #handled = new Map<string, Handled>()
  #events: TransportEvents | undefined

  constructor(hub: MemoryHub, localPeer: PeerId, address: string) {
    this.#hub = hub
    this.localPeer = localPeer
    this.#address = address
  }

  get linkedPeers(): readonly PeerId[] {
    return [...this.#links.keys()]
  }

  remote(peer: PeerId): MemoryTransport | undefined {
    return this.#links.get(peer)?.remote
  }

  async start(events: TransportEvents): Promise<void> {
    if (this.#hub.nodes.has(this.#address)) throw new NodeError('PORT_IN_USE', 'The address is taken.')
    this.#hub.nodes.set(this.#address, this)
    this.#events = events
  }

  async stop(): Promise<void> {
    this.#hub.nodes.delete(this.#address)
    await Promise.all(this.linkedPeers.map((peer) => this.disconnect(peer)))
    this.#events = undefined
  }

  listenAddresses(): readonly string[] {
    return this.#events === undefined ? [] : [this.#address]
  }

  async dial(address: string, signal: AbortSignal): Promise<PeerId> {
    await this.#hub.travel()
    if (signal.aborted) throw signal.reason
    const remote = this.#hub.nodes.get(address)
    if (remote === this) throw new NodeError('BAD_CONFIG', 'This is the own address.')
    if (remote === undefined || this.#hub.isCut(this.localPeer, remote.localPeer)) {
      throw new NodeError('PEER_UNREACHABLE', 'Nobody listens there.')
    }
    if (this.#links.has(remote.localPeer)) return remote.localPeer
    if (!this.#admits(remote.localPeer) || !remote.#admits(this.localPeer)) {
      throw new NodeError('PEER_UNREACHABLE', 'The connection was refused.')
    }
    this.#link(remote, 'outbound')
    remote.#link(this, 'inbound')
    return remote.localPeer
  }

  async disconnect(peer: PeerId): Promise<void> {
    const link = this.#links.get(peer)
    if (link === undefined) return
    // what was written before still arrives
    await this.#hub.travel()
    await this.#hub.travel()
    this.#unlink(peer, link)
    const back = link.remote.#links.get(this.localPeer)
    if (back?.remote === this) link.remote.#unlink(this.localPeer, back)
  }

  async open(peer: PeerId, protocol: string, signal: AbortSignal): Promise<Channel> {
    const link = this.#links.get(peer)
    await this.#hub.travel()
    if (signal.aborted) throw signal.reason
    if (link === undefined || this.#links.get(peer) !== link) {
      throw new NodeError('PEER_UNREACHABLE', 'The peer is not connected.')
    }
    const handled = link.remote.#handled.get(protocol)
    if (handled === undefined)
      throw new NodeError('PROTOCOL_UNSUPPORTED', `The peer does not speak ${protocol}.`)
    const open = handled.openByPeer.get(this.localPeer) ?? 0
    if (open >= handled.maxStreamsPerPeer) throw new NodeError('PEER_UNREACHABLE', 'Too many streams.')
    handled.openByPeer.set(this.localPeer, open + 1)
    const back = link.remote.#links.get(this.localPeer)
    const [near, far] = memoryChannels(this.#hub, () => {
      handled.openByPeer.set(this.localPeer, (handled.openByPeer.get(this.localPeer) ?? 1) - 1)
      link.channels.delete(near)
      back?.channels.delete(far)
    })
    link.channels.add(near)
    back?.channels.add(far)
    handled.accept(this.localPeer, far)
    return near
  }

  handle(
    protocol: string,
    maxStreamsPerPeer: number,
    accept: (peer: PeerId, channel: Channel) => void,
  ): void {
    this.#handled.set(protocol, { maxStreamsPerPeer, accept, openByPeer: new Map() })
  }

  unhandle(protocol: string): void {
    this.#handled.delete(protocol)
  }

  /** Streams that are not closed yet, of all peers. */
  get openChannels(): number {
    return [...this.#links.values()].reduce((sum, { channels }) => sum + channels.size, 0)
  }

  #admits(peer: PeerId): boolean {
    return (this.#events?.admits(peer) ?? false) && this.#links.size < limits.connections
  }

  #link(remote: MemoryTransport, direction: Link['direction']): void {
    this.#links.set(remote.localPeer, { remote, channels: new Set() })
    this.#events?.connected({ peer: remote.localPeer, direction, address: remote.#address })
  }

  #unlink(peer: PeerId, link: MemoryLink): void {
    if (this.#links.get(peer) !== link) return
    this.#links.delete(peer)
    for (const channel of [...link.channels]) channel.abort(new Error('the connection closed'))
    this.#events?.disconnected(peer)
  }
}
