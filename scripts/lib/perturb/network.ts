import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadOrCreateNodeKey } from '../../../src/network/libp2p/nodeKey.ts'
import {
  type DevnetFolder,
  openDevnetFolder,
  validatorDir,
  validatorKeyPath,
} from '../../../src/node/devnet/folder.ts'
import { LOOPBACK } from '../../../src/node/devnet/network.ts'
import { NodeProcess } from '../../../src/node/devnet/processes.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { systemRandom } from '../../../src/runtime/random.ts'
import { Link, type LinkQuality } from './link.ts'
import { RpcNode } from './rpcNode.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const mainScript = join(root, 'dist', 'src', 'main.js')

export interface NetworkOptions {
  readonly path: string
  readonly validators: number
  readonly quality: LinkQuality
  readonly random: () => number
  /** Called with each thing that happens to a process. */
  readonly onEvent: (text: string) => void
}

/** Validators on loopback, each a process of its own; every connection between two of them goes through a link. */
export class PerturbedNetwork {
  readonly folder: DevnetFolder
  readonly nodes: readonly RpcNode[]
  readonly links: readonly Link[]
  readonly linkPorts: readonly number[]
  readonly #processes: readonly NodeProcess[]
  readonly #onEvent: (text: string) => void
  readonly #down = new Set<number>()
  unexpectedExits = 0

  private constructor(
    folder: DevnetFolder,
    nodes: readonly RpcNode[],
    processes: readonly NodeProcess[],
    links: readonly Link[],
    linkPorts: readonly number[],
    onEvent: (text: string) => void,
  ) {
    this.linkPorts = linkPorts
    this.folder = folder
    this.nodes = nodes
    this.#processes = processes
    this.links = links
    this.#onEvent = onEvent
  }

  static async start(options: NetworkOptions): Promise<PerturbedNetwork> {
    const { path, validators, quality, random, onEvent } = options
    const folder = await openDevnetFolder(
      { path, templatePath: join(root, 'genesis', 'devnet.json'), validators },
      { clock: systemClock, random: systemRandom },
    )
    const pairs = pairsOf(validators)
    const ports = await freePorts(3 * validators + pairs.length)
    const [rpc, p2p, operator] = [0, 1, 2].map((part) =>
      ports.slice(part * validators, (part + 1) * validators),
    )
    if (rpc === undefined || p2p === undefined || operator === undefined) throw new Error('no ports')
    const linkPorts = ports.slice(3 * validators)
    const links: Link[] = []
    for (const [index, [, to]] of pairs.entries()) {
      const link = new Link({ host: LOOPBACK, port: p2p[to] ?? 0 }, quality, random)
      await link.listen(linkPorts[index] ?? 0)
      links.push(link)
    }
    const peerIds = await Promise.all(
      p2p.map(async (_, index) => {
        const file = join(validatorDir(path, index), 'node-key')
        return (await loadOrCreateNodeKey(file, systemRandom)).peerId
      }),
    )
    const processes = rpc.map((rpcPort, index) => {
      // each dials those before it, through the link of the pair
      const bootnodes = pairs.flatMap(([from, to], pair) =>
        from === index ? [`/ip4/${LOOPBACK}/tcp/${linkPorts[pair]}/p2p/${peerIds[to]}`] : [],
      )
      const dataDir = validatorDir(path, index)
      return new NodeProcess({
        name: `validator-${index}`,
        script: mainScript,
        args: [
          ...['start', '--supervised', '--data-dir', dataDir, '--genesis', folder.genesisPath],
          ...['--rpc-port', String(rpcPort), '--rpc-namespaces', 'eth,net,web3,txpool,openledger'],
          ...['--p2p-port', String(p2p[index]), '--metrics-port', String(operator[index])],
          ...['--validator-key', validatorKeyPath(path, index), '--audit', 'off'],
          ...['--log-level', 'info', '--log-file', join(dataDir, 'node.log')],
          ...(bootnodes.length === 0 ? [] : ['--bootnodes', bootnodes.join(',')]),
          // a peer that was found without a link would be reached without delay and loss
          ...['--p2p-discovery', 'off'],
        ],
      })
    })
    const nodes = rpc.map((port, index) => {
      const operatorUrl = `http://${LOOPBACK}:${operator[index]}`
      return new RpcNode(`validator-${index}`, `http://${LOOPBACK}:${port}`, operatorUrl)
    })
    const network = new PerturbedNetwork(folder, nodes, processes, links, linkPorts, onEvent)
    try {
      await Promise.all(processes.map((_, index) => network.#start(index)))
    } catch (error) {
      await network.stop()
      throw error
    }
    return network
  }

  get size(): number {
    return this.nodes.length
  }

  /** Nodes that are up. */
  get live(): readonly RpcNode[] {
    return this.nodes.filter((_, index) => !this.#down.has(index))
  }

  isDown(index: number): boolean {
    return this.#down.has(index)
  }

  /** `kill -9`: nothing is flushed or said. */
  async kill(index: number): Promise<void> {
    this.#down.add(index)
    await this.#processes[index]?.kill()
    this.#onEvent(`validator-${index} killed`)
  }

  async restart(index: number): Promise<void> {
    await this.#start(index)
    this.#down.delete(index)
    this.#onEvent(`validator-${index} is back`)
  }

  lastSignedPath(index: number): string {
    return join(validatorDir(this.folder.path, index), 'consensus', 'last-signed.json')
  }

  logPath(index: number): string {
    return join(validatorDir(this.folder.path, index), 'node.log')
  }

  /** Polite; returns how long each took, in milliseconds. */
  async stop(): Promise<number[]> {
    const times = await Promise.all(
      this.#processes.map(async (one) => {
        const startMs = performance.now()
        await one.stop(systemClock)
        return performance.now() - startMs
      }),
    )
    await Promise.all(this.links.map((link) => link.close()))
    return times
  }

  #start(index: number): Promise<void> {
    const one = this.#processes[index]
    if (one === undefined) throw new Error(`no validator ${index}`)
    return one.start((code) => {
      this.#down.add(index)
      this.#onEvent(`validator-${index} ENDED BY ITSELF with code ${code}`)
      this.unexpectedExits++
    })
  }
}

/** Who dials whom: every pair once. */
function pairsOf(validators: number): [from: number, to: number][] {
  return Array.from({ length: validators }, (_, from) =>
    Array.from({ length: from }, (_unused, to): [number, number] => [from, to]),
  ).flat()
}

/** Ports that are free now; held all at once, so that no two are the same. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
          const server = createServer()
          server.once('error', reject)
          server.listen(0, LOOPBACK, () => resolve(server))
        }),
    ),
  )
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}
