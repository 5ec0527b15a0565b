import { RPC } from '@chainsafe/libp2p-gossipsub/message'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2p } from 'libp2p'
import { afterEach, describe, expect, it } from 'vitest'
import { limits } from '../../../src/config/limits.ts'
import { createLibp2pNetwork } from '../../../src/network/libp2p/libp2pNetwork.ts'
import { createNodeKey } from '../../../src/network/libp2p/nodeKey.ts'
import type { Network } from '../../../src/network/network.ts'
import { noMetrics } from '../../../src/network/ports.ts'
import { STATUS_PROTOCOL } from '../../../src/network/status.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { systemRandom } from '../../../src/runtime/random.ts'
import { eventually } from '../../support/network/eventually.ts'
import { codeOf } from '../../support/network/outcome.ts'
import { recordingLogger, testChain } from '../../support/network/testNode.ts'

describe('a network over libp2p', () => {
  const stops: (() => Promise<void>)[] = []
  afterEach(async () => {
    await Promise.all(stops.splice(0).map((stop) => stop()))
  })

  type Settings = Partial<Parameters<typeof createLibp2pNetwork>[0]>

  async function create(
    settings: Settings = {},
  ): Promise<{ network: Network; logs: Record<string, unknown>[] }> {
    const { logger, logs } = recordingLogger()
    const network = await createLibp2pNetwork(
      {
        chain: testChain,
        agent: 'test/1',
        nodeKey: await createNodeKey(),
        listen: ['/ip4/127.0.0.1/tcp/0'],
        bootstrap: [],
        direct: [],
        loopbackOnly: true,
        ...settings,
      },
      {
        clock: systemClock,
        random: systemRandom,
        logger,
        metrics: noMetrics,
        head: () => ({ height: 0, hash: testChain.genesisHash }),
      },
    )
    stops.push(() => network.stop())
    return { network, logs }
  }

  /** A libp2p node that knows nothing of our protocols. */
  async function stranger(): Promise<Libp2p> {
    const node = await createLibp2p({
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
    })
    stops.push(async () => node.stop())
    return node
  }

  it('says that its port is taken', async () => {
    const { network: first } = await create()
    await first.start()
    const [address = ''] = first.listenAddresses()
    const { network: second } = await create({ listen: [address.replace(/\/p2p\/.*/, '')] })
    expect(await codeOf(second.start())).toBe('PORT_IN_USE')
  })

  it('gives its port back when it stops', async () => {
    const { network: first } = await create()
    await first.start()
    const listen = first.listenAddresses().map((address) => address.replace(/\/p2p\/.*/, ''))
    await first.stop()
    const { network: second } = await create({ listen })
    await second.start()
    expect(second.listenAddresses()[0]).toContain(listen[0])
  })

  it.each<[string, Settings]>([
    ['an address that is reachable from outside', { listen: ['/ip4/0.0.0.0/tcp/0'] }],
    ['an address that is none', { listen: ['localhost:1'] }],
    ['a bootstrap address that is none', { bootstrap: ['/ip4/127.0.0.1/udp/1'] }],
    ['a direct peer without its id', { direct: ['/ip4/127.0.0.1/tcp/1'] }],
    ['an agent that is too long', { agent: 'x'.repeat(limits.agentBytes + 1) }],
  ])('refuses %s', async (_name, settings) => {
    expect(await codeOf(create(settings))).toBe('BAD_CONFIG')
  })

  it('does not dial beyond this machine unless it may', async () => {
    const { network, logs } = await create({ bootstrap: ['/ip4/192.0.2.1/tcp/1'] })
    await network.start()
    await eventually('the dial failed', () => logs.some(({ msg }) => msg === 'dial failed'))
    expect(logs.find(({ msg }) => msg === 'dial failed')?.error).toContain('denied')
  })

  it('keeps direct peers connected and gossips with them', async () => {
    const keys = await Promise.all([createNodeKey(), createNodeKey()])
    const [a, b] = await Promise.all(keys.map((nodeKey) => create({ nodeKey })))
    await a!.network.start()
    await b!.network.start()
    const addresses = [a, b].map((node) => node!.network.listenAddresses()[0]!)
    await Promise.all([a!.network.stop(), b!.network.stop()])

    const again = await Promise.all(
      [0, 1].map(async (index) => {
        const listen = [addresses[index]!.replace(/\/p2p\/.*/, '')]
        return (await create({ nodeKey: keys[index]!, listen, direct: [addresses[1 - index]!] })).network
      }),
    )
    const [first, second] = again as [Network, Network]
    const got: string[] = []
    for (const network of again) {
      network.gossip.subscribe('vote', (bytes) => {
        got.push(Buffer.from(bytes).toString())
        return 'accept'
      })
      await network.start()
    }
    await eventually('both are connected', () => again.every(({ peers }) => peers.list().length === 1))
    expect(first.peers.list()[0]?.id).toBe(second.peerId)
    let sent = 0
    await eventually('a message arrives', () => {
      if (got.length === 0) void first.gossip.publish('vote', Buffer.from(`vote ${++sent}`))
      return got.length > 0
    })
  })

  it('parts with a peer that does not speak its protocols', async () => {
    const { network, logs } = await create()
    await network.start()
    const other = await stranger()
    await other.dial(multiaddr(network.listenAddresses()[0]!))
    await eventually('it was refused', () => logs.some(({ reason }) => reason === 'PROTOCOL_UNSUPPORTED'))
    await eventually('it is gone', () => other.getConnections().length === 0)
    expect(network.peers.list()).toEqual([])
  })

  it('bans a peer that sends a frame of countless entries as gossip', async () => {
    const { network, logs } = await create()
    network.gossip.subscribe('vote', () => 'accept')
    await network.start()
    const hostile = await stranger()
    // it keeps the handshake open, so that only its gossip can get it banned
    await hostile.handle(STATUS_PROTOCOL, () => {})
    const connection = await hostile.dial(multiaddr(network.listenAddresses()[0]!))
    const stream = await connection.newStream('/meshsub/1.1.0')
    const messageIDs = Array.from({ length: 200_000 }, () => new Uint8Array(0))
    const body = RPC.encode({
      subscriptions: [],
      messages: [],
      control: { ihave: [], iwant: [{ messageIDs }], graft: [], prune: [], idontwant: [] },
    })
    const prefix = Uint8Array.of(
      0x80 | (body.length & 0x7f),
      0x80 | ((body.length >> 7) & 0x7f),
      body.length >> 14,
    )
    void stream.sink([prefix, body]).catch(() => {})
    await eventually('it was banned', () => logs.some(({ msg }) => msg === 'peer banned'))
    expect(logs.find(({ msg }) => msg === 'peer banned')).toMatchObject({
      peer: hostile.peerId.toString(),
      offence: 'misbehaved',
    })
    await eventually('it is gone', () => hostile.getConnections().length === 0)
  })

  it('answers no request of a peer that has not shaken hands', async () => {
    const { network } = await create()
    let calls = 0
    network.requests.handle(
      'secret/1',
      () => {
        calls += 1
        return new Uint8Array(1)
      },
      { maxRequestBytes: 10, maxConcurrent: 1, maxConcurrentPerPeer: 1, burst: 10, requestsPerSecond: 1 },
    )
    await network.start()
    const other = await stranger()
    await other.handle(STATUS_PROTOCOL, () => {})
    const connection = await other.dial(multiaddr(network.listenAddresses()[0]!))
    const stream = await connection.newStream(
      `/openledger/${testChain.chainId}/abababababababab/request/secret/1`,
    )
    void stream.sink([Uint8Array.of(0, 0, 0, 1, 7)]).catch(() => {})
    const answer: number[] = []
    for await (const list of stream.source) answer.push(...list.subarray())
    // one byte long: busy
    expect(answer).toEqual([0, 0, 0, 1, 1])
    expect(calls).toBe(0)
  })
})
