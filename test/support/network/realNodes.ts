import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { privateKeyFromProtobuf } from '@libp2p/crypto/keys'
import { tcp } from '@libp2p/tcp'
import { createLibp2p, type Libp2p } from 'libp2p'
import { createLibp2pNetwork, type Libp2pNetworkOptions } from '../../../src/network/libp2p/libp2pNetwork.ts'
import { createNodeKey, type NodeKey } from '../../../src/network/libp2p/nodeKey.ts'
import type { Network } from '../../../src/network/network.ts'
import type { NetworkCounter } from '../../../src/network/ports.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { systemRandom } from '../../../src/runtime/random.ts'
import { recordingLogger, testChain } from './testNode.ts'

export interface RealNode {
  readonly network: Network
  readonly key: NodeKey
  readonly address: string
  readonly logs: readonly Readonly<Record<string, unknown>>[]
  readonly count: (counter: NetworkCounter) => number
  /** Ids of the peers that passed the handshake, sorted. */
  readonly peers: () => string[]
}

/** Nodes over libp2p on free ports of this machine, and strangers that know nothing of our protocols. */
export class RealNodes {
  readonly #stops: (() => Promise<unknown>)[] = []

  async start(
    settings: Partial<Libp2pNetworkOptions> = {},
    prepare?: (network: Network) => void,
  ): Promise<RealNode> {
    const { logger, logs } = recordingLogger()
    const counts = new Map<NetworkCounter, number>()
    const key = settings.nodeKey ?? (await createNodeKey())
    const network = await createLibp2pNetwork(
      {
        chain: testChain,
        agent: 'test/1',
        nodeKey: key,
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
        metrics: { count: (counter) => counts.set(counter, (counts.get(counter) ?? 0) + 1) },
        head: () => ({ height: 0, hash: testChain.genesisHash }),
      },
    )
    prepare?.(network)
    this.#stops.push(() => network.stop())
    await network.start()
    return {
      network,
      key,
      address: network.listenAddresses()[0] ?? '',
      logs,
      count: (counter) => counts.get(counter) ?? 0,
      peers: () =>
        network.peers
          .list()
          .map(({ id }) => id)
          .toSorted(),
    }
  }

  /** A libp2p node of somebody else; with a key, one of several that go by one name. */
  async stranger(key?: NodeKey): Promise<Libp2p> {
    const node = await createLibp2p({
      ...(key === undefined ? {} : { privateKey: privateKeyFromProtobuf(key.secret) }),
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux({ maxOutboundStreams: 10_000 })],
      connectionManager: { maxParallelDials: 200 },
    })
    this.#stops.push(async () => node.stop())
    return node
  }

  async stopAll(): Promise<void> {
    await Promise.all(this.#stops.splice(0).map((stop) => stop()))
  }
}
