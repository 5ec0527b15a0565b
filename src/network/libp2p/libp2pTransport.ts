import type { Connection, Libp2p, PeerId as Libp2pPeerId } from '@libp2p/interface'
import { messageOf, NodeError } from '../../errors/errors.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { PeerId } from '../ports.ts'
import type { Channel, Transport, TransportEvents } from '../transport.ts'
import { parseAddress } from './addresses.ts'
import { Libp2pChannel } from './channel.ts'

interface Handled {
  readonly maxStreamsPerPeer: number
  readonly accept: (peer: PeerId, channel: Channel) => void
}

export interface Libp2pTransportModules {
  readonly libp2p: Libp2p
  readonly logger: Logger
  /** Peers of the configuration: what is known of them outlives their connections. */
  readonly configured: ReadonlySet<PeerId>
}

/** Links and streams over libp2p. */
export class Libp2pTransport implements Transport {
  readonly localPeer: PeerId
  readonly #modules: Libp2pTransportModules
  readonly #handled = new Map<string, Handled>()
  readonly #links = new Map<PeerId, Libp2pPeerId>()
  #events: TransportEvents | undefined

  constructor(modules: Libp2pTransportModules) {
    this.#modules = modules
    this.localPeer = modules.libp2p.peerId.toString()
  }

  /** Whether a connection to this peer may stand; before the start none may. */
  admits(peer: PeerId): boolean {
    return this.#events?.admits(peer) ?? false
  }

  async start(events: TransportEvents): Promise<void> {
    const { libp2p } = this.#modules
    this.#events = events
    libp2p.addEventListener('peer:connect', this.#onConnect)
    libp2p.addEventListener('peer:disconnect', this.#onDisconnect)
    for (const [protocol, handled] of this.#handled) await this.#register(protocol, handled)
    try {
      await libp2p.start()
    } catch (error) {
      const inUse = messageOf(error).includes('EADDRINUSE')
      throw new NodeError(
        inUse ? 'PORT_IN_USE' : 'BAD_CONFIG',
        inUse
          ? 'The network port is taken by another program. Stop it, or listen on another port.'
          : `The network cannot listen: ${messageOf(error)}`,
        {},
        error,
      )
    }
  }

  async stop(): Promise<void> {
    const { libp2p } = this.#modules
    await libp2p.stop()
    libp2p.removeEventListener('peer:connect', this.#onConnect)
    libp2p.removeEventListener('peer:disconnect', this.#onDisconnect)
  }

  listenAddresses(): readonly string[] {
    return this.#modules.libp2p.getMultiaddrs().map((address) => address.toString())
  }

  async dial(address: string, signal: AbortSignal): Promise<PeerId> {
    try {
      const connection = await this.#modules.libp2p.dial(parseAddress(address), { signal })
      return connection.remotePeer.toString()
    } catch (error) {
      if (error instanceof NodeError) throw error
      const self = messageOf(error).includes('dial self')
      throw new NodeError(self ? 'BAD_CONFIG' : 'PEER_UNREACHABLE', messageOf(error), { address }, error)
    }
  }

  async disconnect(peer: PeerId): Promise<void> {
    const id = this.#links.get(peer)
    if (id !== undefined) await this.#modules.libp2p.hangUp(id)
  }

  async open(peer: PeerId, protocol: string, signal: AbortSignal): Promise<Channel> {
    const connection = this.#connection(peer)
    if (connection === undefined)
      throw new NodeError('PEER_UNREACHABLE', 'The peer is not connected.', { peer })
    try {
      return new Libp2pChannel(await connection.newStream(protocol, { signal }))
    } catch (error) {
      if (signal.aborted) throw signal.reason
      const unsupported = error instanceof Error && error.name === 'UnsupportedProtocolError'
      throw new NodeError(
        unsupported ? 'PROTOCOL_UNSUPPORTED' : 'PEER_UNREACHABLE',
        unsupported ? `The peer does not speak ${protocol}.` : `No stream to the peer: ${messageOf(error)}`,
        { peer, protocol },
        error,
      )
    }
  }

  handle(
    protocol: string,
    maxStreamsPerPeer: number,
    accept: (peer: PeerId, channel: Channel) => void,
  ): void {
    const handled = { maxStreamsPerPeer, accept }
    this.#handled.set(protocol, handled)
    if (this.#events !== undefined) this.#logFailure(this.#register(protocol, handled))
  }

  unhandle(protocol: string): void {
    this.#handled.delete(protocol)
    if (this.#events !== undefined) this.#logFailure(this.#modules.libp2p.unhandle(protocol))
  }

  #register(protocol: string, { maxStreamsPerPeer, accept }: Handled): Promise<void> {
    return this.#modules.libp2p.handle(
      protocol,
      ({ stream, connection }) => accept(connection.remotePeer.toString(), new Libp2pChannel(stream)),
      { maxInboundStreams: maxStreamsPerPeer },
    )
  }

  #connection(peer: PeerId): Connection | undefined {
    const id = this.#links.get(peer)
    if (id === undefined) return undefined
    return this.#modules.libp2p.getConnections(id).find(({ status }) => status === 'open')
  }

  readonly #onConnect = ({ detail: id }: CustomEvent<Libp2pPeerId>) => {
    const peer = id.toString()
    this.#links.set(peer, id)
    const connection = this.#connection(peer)
    this.#events?.connected({
      peer,
      direction: connection?.direction ?? 'inbound',
      address: connection?.remoteAddr.toString() ?? '',
    })
  }

  readonly #onDisconnect = ({ detail: id }: CustomEvent<Libp2pPeerId>) => {
    const peer = id.toString()
    this.#links.delete(peer)
    this.#events?.disconnected(peer)
    // the peer store would grow with every stranger that ever connected
    if (!this.#modules.configured.has(peer)) this.#logFailure(this.#modules.libp2p.peerStore.delete(id))
  }

  #logFailure(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      this.#modules.logger.warn({ error: messageOf(error) }, 'the network failed to tidy up')
    })
  }
}
