import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { privateKeyFromProtobuf } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import type { PeerDiscovery, PeerInfo } from '@libp2p/interface'
import { type MulticastDNSComponents, mdns } from '@libp2p/mdns'
import { peerIdFromString } from '@libp2p/peer-id'
import { ping } from '@libp2p/ping'
import { preSharedKey } from '@libp2p/pnet'
import { tcp } from '@libp2p/tcp'
import { createLibp2p, type Libp2p } from 'libp2p'
import { limits } from '../../config/limits.ts'
import { messageOf, NodeError } from '../../errors/errors.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { Random } from '../../runtime/random.ts'
import { Access, type AccessOptions, openAccess } from '../access.ts'
import { loadAddressBook, saveAddressBook } from '../addressFile.ts'
import type { KnownAddress } from '../dialer.ts'
import { Network } from '../network.ts'
import type { Head, NetworkMetrics, PeerId } from '../ports.ts'
import { type ChainIdentity, topicTable } from '../topics.ts'
import type { GossipWire, Transport } from '../transport.ts'
import { isLoopback, parseAddress, parseKnownAddress } from './addresses.ts'
import { connectionGater } from './gater.ts'
import { GossipsubWire } from './gossipsubWire.ts'
import { Libp2pTransport } from './libp2pTransport.ts'
import type { NodeKey } from './nodeKey.ts'

export interface Libp2pNetworkOptions {
  readonly chain: ChainIdentity
  readonly agent: string
  readonly nodeKey: NodeKey
  /** Multiaddrs to listen on, such as `/ip4/127.0.0.1/tcp/30303`; none for a node that only dials. */
  readonly listen: readonly string[]
  /** Multiaddrs to tell others instead, behind a port mapping. */
  readonly announce?: readonly string[]
  /** Multiaddrs to stay connected to, with `/p2p/<peer id>` or without. */
  readonly bootstrap: readonly string[]
  /**
   * Multiaddrs with `/p2p/<peer id>` of peers that always get every message: other validators, or the own sentries.
   * Both sides must list each other; a one-sided listing keeps the pair out of each other's mesh.
   */
  readonly direct: readonly string[]
  /** Refuse connections that leave or enter this machine. */
  readonly loopbackOnly: boolean
  readonly access?: AccessOptions
  /** Where the addresses of found peers are kept; absent: none are looked for. */
  readonly addressBookFile?: string
  /** Look for nodes of this chain in the own network segment (multicast DNS); needs discovery. */
  readonly mdns?: boolean
  /** Key of a private network, as `readSwarmKey` gives it. */
  readonly swarmKey?: Uint8Array
}

export interface Libp2pNetworkModules {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly metrics: NetworkMetrics
  readonly head: () => Head
}

/** A network over TCP with noise, yamux and gossipsub. Errors: BAD_CONFIG. */
export async function createLibp2pNetwork(
  options: Libp2pNetworkOptions,
  modules: Libp2pNetworkModules,
): Promise<Network> {
  const { chain, agent, addressBookFile: file } = options
  const { known, access, ...parts } = await createLibp2pParts(options, modules)
  const { only } = options.access ?? openAccess
  if (file === undefined || only) return new Network({ chain, agent, known }, { ...modules, ...parts })
  const book = await loadAddressBook(file, modules.logger)
  const ids = new Set(known.map(({ peer }) => peer))
  const discovery = {
    listenPort: () => listenPort(options, parts.transport),
    isPrivate: (peer: PeerId) => access.isPrivate(peer),
    isConfigured: (peer: PeerId) => ids.has(peer),
  }
  const addresses = { book, save: () => saveAddressBook(file, book) }
  return new Network({ chain, agent, known, discovery }, { ...modules, ...parts, addresses })
}

/** The TCP port under which others reach this node: the announced one first. */
function listenPort({ announce = [], listen }: Libp2pNetworkOptions, transport: Transport): number {
  const [address] = announce.length > 0 ? announce : listen.length === 0 ? [] : transport.listenAddresses()
  const port = address === undefined ? 0 : Number(address.split('/')[4])
  return Number.isInteger(port) ? port : 0
}

export interface Libp2pParts {
  readonly transport: Transport
  readonly wire: GossipWire
  readonly known: readonly KnownAddress[]
  readonly access: Access
  readonly onHeard: (listener: (address: string) => void) => () => void
}

/** What a network stands on, of one libp2p node that is not started yet. */
export async function createLibp2pParts(
  options: Libp2pNetworkOptions,
  modules: Pick<Libp2pNetworkModules, 'clock' | 'logger'>,
): Promise<Libp2pParts> {
  const { chain, agent, nodeKey, loopbackOnly } = options
  const { clock, logger } = modules
  checkListen(options)
  const direct = options.direct.map(parseDirect)
  const bootstrap = options.bootstrap.map(parseKnownAddress)
  const configured = new Set<PeerId>()
  for (const { peer, address } of [...bootstrap, ...direct]) {
    if (peer !== undefined) configured.add(peer)
    else if (options.access?.only) {
      throw new NodeError('BAD_CONFIG', `With known peers only, ${address} needs its /p2p/<peer id>.`)
    }
  }
  const access = new Access(options.access ?? openAccess, configured)

  const wire = new GossipsubWire(
    {
      topics: topicTable(chain),
      direct: direct.map(({ peer, address }) => ({
        id: peerIdFromString(peer),
        addrs: [parseAddress(address)],
      })),
    },
    { clock, logger, disconnect },
  )
  let multicast: PeerDiscovery | undefined
  const libp2p: Libp2p = await createLibp2p({
    start: false,
    privateKey: privateKeyFromProtobuf(nodeKey.secret),
    nodeInfo: { name: 'openledger', version: '1', userAgent: agent },
    addresses: { listen: [...options.listen], announce: [...(options.announce ?? [])] },
    transports: [tcp({ listenOpts: { noDelay: true }, dialOpts: { noDelay: true } })],
    connectionEncrypters: [noise()],
    streamMuxers: [
      yamux({
        maxInboundStreams: limits.streamsPerConnection,
        maxStreamWindowSize: limits.streamWindowBytes,
      }),
    ],
    connectionGater: connectionGater({
      loopbackOnly,
      access,
      configured,
      admits: (peer) => transport.admits(peer),
      connections: () => libp2p.getConnections(),
    }),
    connectionManager: {
      maxConnections: limits.connections,
      maxParallelDials: limits.parallelDials,
      maxDialQueueLength: limits.configuredPeers,
      dialTimeout: limits.dialTimeoutMs,
      maxIncomingPendingConnections: limits.pendingInboundConnections,
      inboundConnectionThreshold: limits.inboundConnectionsPerSecond,
      inboundStreamProtocolNegotiationTimeout: limits.dialTimeoutMs,
      outboundStreamProtocolNegotiationTimeout: limits.dialTimeoutMs,
      // the dialer does this, with its own pauses
      reconnectRetries: 0,
    },
    connectionMonitor: {
      pingInterval: limits.pingIntervalMs,
      pingTimeout: { minTimeout: limits.pingTimeoutMs, maxTimeout: limits.pingTimeoutMs },
    },
    ...(options.swarmKey === undefined
      ? {}
      : { connectionProtector: preSharedKey({ psk: options.swarmKey, timeout: limits.dialTimeoutMs }) }),
    ...(options.mdns === true
      ? {
          peerDiscovery: [
            (components: MulticastDNSComponents) => {
              multicast = mdns({ serviceTag: mdnsTag(chain), interval: limits.mdnsIntervalMs })(components)
              return multicast
            },
          ],
        }
      : {}),
    services: { identify: identify({ maxObservedAddresses: 1 }), ping: ping(), gossip: wire.service },
  })
  const transport = new Libp2pTransport({ libp2p, logger, configured })

  function disconnect(peer: PeerId): void {
    transport.disconnect(peer).catch((error: unknown) => {
      logger.debug({ peer, error: messageOf(error) }, 'a connection did not close cleanly')
    })
  }

  // not libp2p's own event, which has only addresses that its peer store takes
  const onHeard = (listener: (address: string) => void) => {
    const heard = ({ detail: { id, multiaddrs } }: CustomEvent<PeerInfo>) => {
      // a loopback address that is heard of may be another machine's
      for (const address of multiaddrs.filter((one) => isLoopback(one) === loopbackOnly)) {
        const text = address.toString()
        listener(text.includes('/p2p/') ? text : `${text}/p2p/${id}`)
      }
    }
    multicast?.addEventListener('peer', heard)
    return () => multicast?.removeEventListener('peer', heard)
  }
  return { transport, wire, access, onHeard, known: [...direct, ...bootstrap] }
}

/** Nodes of other chains are not heard at all. At most 15 characters name a service (RFC 6763, section 7). */
function mdnsTag({ genesisHash }: ChainIdentity): string {
  return `_ol-${genesisHash.slice(2, 14)}._udp.local`
}

function checkListen({ listen, announce = [], loopbackOnly }: Libp2pNetworkOptions): void {
  for (const text of announce) parseAddress(text)
  for (const text of listen) {
    if (loopbackOnly && !isLoopback(parseAddress(text))) {
      throw new NodeError(
        'BAD_CONFIG',
        `${text} is reachable from outside, and remote peers are not allowed.`,
      )
    }
  }
}

function parseDirect(text: string): { readonly address: string; readonly peer: PeerId } {
  const { address, peer } = parseKnownAddress(text)
  if (peer === undefined)
    throw new NodeError('BAD_CONFIG', `The direct peer ${text} needs its /p2p/<peer id>.`)
  return { address, peer }
}
