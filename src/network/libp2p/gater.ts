import type { Connection, ConnectionGater } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { limits } from '../../config/limits.ts'
import type { Access } from '../access.ts'
import type { PeerId } from '../ports.ts'
import { hostOf, isLoopback } from './addresses.ts'

export interface GaterOptions {
  /** Refuse every connection that leaves or enters this machine. */
  readonly loopbackOnly: boolean
  /** What the operator allows. The limit of inbound connections is for peers that are not known. */
  readonly access: Pick<Access, 'admits' | 'admitsHost' | 'isKnown'>
  /** Peers of the configuration, whose addresses are kept. */
  readonly configured: ReadonlySet<PeerId>
  readonly admits: (peer: PeerId) => boolean
  readonly connections: () => readonly Connection[]
}

/** Which connections are made and taken. */
export function connectionGater(options: GaterOptions): ConnectionGater {
  const { loopbackOnly, access, configured, connections } = options
  const inbound = () => connections().filter(({ direction }) => direction === 'inbound')
  const strangers = () => inbound().filter(({ remotePeer }) => !access.isKnown(remotePeer.toString()))
  const admits = (peer: PeerId) => access.admits(peer) && options.admits(peer)
  return {
    denyDialMultiaddr: (address) =>
      (loopbackOnly && !isLoopback(address)) || !access.admitsHost(hostOf(address)),
    denyInboundConnection: ({ remoteAddr }) => {
      if (!access.admitsHost(hostOf(remoteAddr))) return true
      if (isLoopback(remoteAddr)) return false
      return loopbackOnly || fromHost(inbound(), remoteAddr) >= limits.inboundConnectionsPerHost
    },
    denyInboundEncryptedConnection: (peer) => {
      const id = peer.toString()
      return (
        !admits(id) ||
        fromPeer(inbound(), id) >= limits.inboundConnectionsPerPeer ||
        (!access.isKnown(id) && strangers().length >= limits.inboundConnections)
      )
    },
    denyOutboundEncryptedConnection: (peer) => !admits(peer.toString()),
    // what peers tell of addresses is not remembered: only configured ones are dialled
    filterMultiaddrForPeer: (peer) => configured.has(peer.toString()),
  }
}

function fromHost(connections: readonly Connection[], address: Multiaddr): number {
  const host = hostOf(address)
  return connections.filter(({ remoteAddr }) => hostOf(remoteAddr) === host).length
}

function fromPeer(connections: readonly Connection[], peer: PeerId): number {
  return connections.filter(({ remotePeer }) => remotePeer.toString() === peer).length
}
