import { pino } from 'pino'
import { createLibp2pParts, type Libp2pNetworkOptions } from '../../../src/network/libp2p/libp2pNetwork.ts'
import { createNodeKey, type NodeKey } from '../../../src/network/libp2p/nodeKey.ts'
import { Network } from '../../../src/network/network.ts'
import { type Head, noMetrics, type PeerId } from '../../../src/network/ports.ts'
import { type ChainIdentity, type TopicName, topicTable } from '../../../src/network/topics.ts'
import type { GossipWire } from '../../../src/network/transport.ts'
import type { Hash } from '../../../src/primitives/hex.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import type { Logger } from '../../../src/runtime/logger.ts'
import { systemRandom } from '../../../src/runtime/random.ts'
import { MemoryHub } from './memoryNetwork.ts'

export const testChain: ChainIdentity = { chainId: 161_299n, genesisHash: `0x${'ab'.repeat(32)}` }

export const testHash = (height: number): Hash => `0x${height.toString(16).padStart(64, '0')}`

export interface TestNodeOptions {
  readonly chain?: ChainIdentity
  /** Addresses to stay connected to. */
  readonly known?: readonly string[]
  readonly head?: () => Head
  /** Takes the identity and the address of a node that was stopped. */
  readonly instead?: TestNode
}

export interface TestNode {
  readonly network: Network
  readonly id: PeerId
  /** The wire below, which takes any bytes. */
  readonly wire: Pick<GossipWire, 'publish' | 'neighbours'>
  readonly logs: readonly Readonly<Record<string, unknown>>[]
  /** Where it listens, also once it stopped. */
  address(): string
  /** The topic's name on the wire. */
  topicId(name: TopicName): string
}

export interface TestCluster {
  readonly name: string
  /** A node that is started. */
  start(options?: TestNodeOptions): Promise<TestNode>
  stopAll(): Promise<void>
}

/** A logger that keeps its lines. */
export function recordingLogger(): { logger: Logger; logs: Record<string, unknown>[] } {
  const logs: Record<string, unknown>[] = []
  const logger = pino(
    { level: 'debug', base: {} },
    { write: (line: string) => logs.push(JSON.parse(line) as Record<string, unknown>) },
  )
  return { logger, logs }
}

const startHead = (): Head => ({ height: 0, hash: testChain.genesisHash })

export function memoryCluster(): TestCluster {
  const hub = new MemoryHub({ clock: systemClock })
  const nodes: Network[] = []
  return {
    name: 'in memory',
    start: async (options = {}) => {
      const { chain = testChain, known = [], head = startHead, instead } = options
      const { logger, logs } = recordingLogger()
      const created = hub.create(
        {
          chain,
          agent: 'test/1',
          known: known.map((address) => ({ address, peer: undefined })),
          ...(instead === undefined ? {} : { peer: instead.id, address: instead.address() }),
        },
        { random: systemRandom, logger, metrics: noMetrics, head },
      )
      nodes.push(created.network)
      await created.network.start()
      return testNode(created.network, created.wire, chain, logs)
    },
    stopAll: async () => {
      await Promise.all(nodes.map((node) => node.stop()))
    },
  }
}

export function libp2pCluster(): TestCluster {
  const nodes: Network[] = []
  const keys = new Map<PeerId, NodeKey>()
  return {
    name: 'libp2p',
    start: async (options = {}) => {
      const { chain = testChain, known = [], head = startHead, instead } = options
      const { logger, logs } = recordingLogger()
      const nodeKey = keys.get(instead?.id ?? '') ?? (await createNodeKey())
      keys.set(nodeKey.peerId, nodeKey)
      const settings: Libp2pNetworkOptions = {
        chain,
        agent: 'test/1',
        nodeKey,
        listen: [instead?.address().replace(/\/p2p\/.*/, '') ?? '/ip4/127.0.0.1/tcp/0'],
        bootstrap: known,
        direct: [],
        loopbackOnly: true,
      }
      const parts = await createLibp2pParts(settings, { clock: systemClock, logger })
      const network = new Network(
        { chain, agent: settings.agent, known: parts.known },
        { ...parts, clock: systemClock, random: systemRandom, logger, metrics: noMetrics, head },
      )
      nodes.push(network)
      await network.start()
      return testNode(network, parts.wire, chain, logs)
    },
    stopAll: async () => {
      await Promise.all(nodes.map((node) => node.stop()))
    },
  }
}

function testNode(
  network: Network,
  wire: GossipWire,
  chain: ChainIdentity,
  logs: readonly Record<string, unknown>[],
): TestNode {
  const [address = ''] = network.listenAddresses()
  return {
    network,
    id: network.peerId,
    wire,
    logs,
    address: () => address,
    topicId: (name) => topicTable(chain)[name].id,
  }
}
