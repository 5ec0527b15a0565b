import type { Connection, PeerId as Libp2pPeerId, MultiaddrConnection } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { beforeAll, describe, expect, it } from 'vitest'
import { limits } from '../../../src/config/limits.ts'
import { Access, openAccess } from '../../../src/network/access.ts'
import { connectionGater } from '../../../src/network/libp2p/gater.ts'
import { createNodeKey } from '../../../src/network/libp2p/nodeKey.ts'

const at = (address: string) => ({ remoteAddr: multiaddr(address) }) as MultiaddrConnection
const inbound = (remotePeer: Libp2pPeerId, address: string) =>
  ({ direction: 'inbound', remotePeer, remoteAddr: multiaddr(address) }) as Connection

describe('the connection gater', () => {
  let stranger: Libp2pPeerId
  let friend: Libp2pPeerId
  let banned: Libp2pPeerId
  let known: Libp2pPeerId

  beforeAll(async () => {
    const ids = await Promise.all(
      [1, 2, 3, 4].map(async () => peerIdFromString((await createNodeKey()).peerId)),
    )
    ;[stranger, friend, banned, known] = ids as [Libp2pPeerId, Libp2pPeerId, Libp2pPeerId, Libp2pPeerId]
  })

  const gater = (connections: readonly Connection[] = [], loopbackOnly = false) =>
    connectionGater({
      loopbackOnly,
      access: new Access(
        { ...openAccess, deny: ['192.0.2.66'], reserved: [known.toString()] },
        new Set([friend.toString()]),
      ),
      configured: new Set([friend.toString()]),
      admits: (peer) => peer !== banned.toString(),
      connections: () => connections,
    })

  it('keeps to this machine when told to', () => {
    const home = gater([], true)
    const world = gater([], false)
    for (const [address, leaves] of [
      ['/ip4/127.0.0.1/tcp/1', false],
      ['/ip4/192.0.2.1/tcp/1', true],
      ['/dns4/example.org/tcp/1', true],
    ] as const) {
      expect(home.denyDialMultiaddr?.(multiaddr(address))).toBe(leaves)
      expect(world.denyDialMultiaddr?.(multiaddr(address))).toBe(false)
    }
    expect(home.denyInboundConnection?.(at('/ip4/192.0.2.1/tcp/1'))).toBe(true)
    expect(home.denyInboundConnection?.(at('/ip4/127.0.0.1/tcp/1'))).toBe(false)
  })

  it('refuses banned peers in both directions', () => {
    const place = at('/ip4/127.0.0.1/tcp/1')
    expect(gater().denyInboundEncryptedConnection?.(banned, place)).toBe(true)
    expect(gater().denyOutboundEncryptedConnection?.(banned, place)).toBe(true)
    expect(gater().denyInboundEncryptedConnection?.(stranger, place)).toBe(false)
  })

  it('refuses hosts that the operator denies, in both directions', () => {
    const denied = at('/ip4/192.0.2.66/tcp/1')
    expect(gater().denyInboundConnection?.(denied)).toBe(true)
    expect(gater().denyInboundConnection?.(at('/ip4/192.0.2.67/tcp/1'))).toBe(false)
    expect(gater().denyDialMultiaddr?.(denied.remoteAddr)).toBe(true)
  })

  it('limits the connections of strangers, not those of configured peers', () => {
    const place = at('/ip4/127.0.0.1/tcp/1')
    const full = Array.from({ length: limits.inboundConnections }, () =>
      inbound(stranger, '/ip4/127.0.0.1/tcp/1'),
    )
    expect(gater(full).denyInboundEncryptedConnection?.(stranger, place)).toBe(true)
    expect(gater(full).denyInboundEncryptedConnection?.(friend, place)).toBe(false)
    expect(gater(full).denyInboundEncryptedConnection?.(known, place)).toBe(false)
    const ofFriends = full.map(() => inbound(friend, '/ip4/127.0.0.1/tcp/1'))
    expect(gater(ofFriends).denyInboundEncryptedConnection?.(stranger, place)).toBe(false)
  })

  it('limits the connections of one peer, whoever it is', () => {
    const place = at('/ip4/127.0.0.1/tcp/1')
    for (const peer of [stranger, friend]) {
      const few = Array.from({ length: limits.inboundConnectionsPerPeer - 1 }, () =>
        inbound(peer, '/ip4/127.0.0.1/tcp/1'),
      )
      expect(gater(few).denyInboundEncryptedConnection?.(peer, place)).toBe(false)
      expect(gater([...few, ...few.slice(0, 1)]).denyInboundEncryptedConnection?.(peer, place)).toBe(true)
    }
  })

  it('limits the connections of one host, save this machine', () => {
    const many = (address: string) =>
      Array.from({ length: limits.inboundConnectionsPerHost }, () => inbound(stranger, address))
    const crowded = gater(many('/ip4/192.0.2.1/tcp/1'))
    expect(crowded.denyInboundConnection?.(at('/ip4/192.0.2.1/tcp/9'))).toBe(true)
    expect(crowded.denyInboundConnection?.(at('/ip4/192.0.2.2/tcp/9'))).toBe(false)
    expect(gater(many('/ip4/127.0.0.1/tcp/1')).denyInboundConnection?.(at('/ip4/127.0.0.1/tcp/9'))).toBe(
      false,
    )
  })

  it('remembers the addresses of configured peers only', async () => {
    const address = multiaddr('/ip4/192.0.2.1/tcp/1')
    expect(await gater().filterMultiaddrForPeer?.(friend, address)).toBe(true)
    expect(await gater().filterMultiaddrForPeer?.(stranger, address)).toBe(false)
  })
})
