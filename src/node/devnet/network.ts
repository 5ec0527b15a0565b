import { join } from 'node:path'
import { NodeError } from '../../errors/errors.ts'
import { loadOrCreateNodeKey } from '../../network/libp2p/nodeKey.ts'
import { type Clock, sleep } from '../../runtime/clock.ts'
import type { Random } from '../../runtime/random.ts'
import { type DevnetFolder, hostDir, hostKeyPath, validatorDir, validatorKeyPath } from './folder.ts'
import { NodeProcess, requireFreePorts } from './processes.ts'

export const LOOPBACK = '127.0.0.1'

/** Where the parts of a devnet listen: validator i has JSON-RPC at base + 10·i and peers at the port after it. */
export interface DevnetPorts {
  readonly rpc: readonly number[]
  readonly p2p: readonly number[]
  readonly inference: number
  readonly hostRpc: number
  readonly hostP2p: number
}

export function devnetPorts(base: number, validators: number): DevnetPorts {
  const at = (offset: number) => Array.from({ length: validators }, (_, index) => base + 10 * index + offset)
  // base 8545 gives 8600; the last digits differ from those of the validators, so no two meet
  return { rpc: at(0), p2p: at(1), inference: base + 55, hostRpc: base + 56, hostP2p: base + 57 }
}

export const allPorts = (ports: DevnetPorts): number[] => [
  ...ports.rpc,
  ...ports.p2p,
  ports.inference,
  ports.hostRpc,
  ports.hostP2p,
]

export interface DevnetOptions {
  readonly folder: DevnetFolder
  readonly ports: DevnetPorts
  /** The compiled entry point of the node. */
  readonly script: string
  readonly logLevel: string
  readonly modelDir: string | undefined
}

export interface DevnetModules {
  readonly clock: Clock
  readonly random: Random
  readonly onEvent: (event: DevnetEvent) => void
}

/** What happens to the processes of a devnet. `lost` means that it ended too often and is not started again. */
export interface DevnetEvent {
  readonly kind: 'started' | 'exited' | 'lost'
  readonly name: string
  readonly pid?: number | undefined
  /** Null when a signal ended it. */
  readonly exitCode?: number | null
}

/** A process that ended by itself is started again after this long, so many times. */
const RESTART_DELAY_MS = 1_000
const RESTARTS = 20

/** Validators and an AI host, each in a process of its own, on loopback. */
export class DevnetNetwork {
  readonly validators: readonly NodeProcess[]
  readonly host: NodeProcess
  readonly #modules: DevnetModules
  readonly #restarts = new Map<string, number>()
  #stopping = false

  private constructor(validators: readonly NodeProcess[], host: NodeProcess, modules: DevnetModules) {
    this.validators = validators
    this.host = host
    this.#modules = modules
  }

  /** Fails with PORT_IN_USE before anything has started. */
  static async prepare(options: DevnetOptions, modules: DevnetModules): Promise<DevnetNetwork> {
    const { folder, ports } = options
    await requireFreePorts(allPorts(ports))
    const addresses = await peerAddresses(options, modules.random)
    const validators = ports.rpc.map((rpcPort, index) => {
      const dataDir = validatorDir(folder.path, index)
      return new NodeProcess({
        name: `validator-${index}`,
        script: options.script,
        args: nodeArgs(options, {
          dataDir,
          rpcPort,
          p2pPort: ports.p2p[index] ?? 0,
          bootnodes: addresses.filter((_, other) => other < index),
          more: ['--validator-key', validatorKeyPath(folder.path, index)],
        }),
      })
    })
    const host = new NodeProcess({
      name: 'host',
      script: options.script,
      args: nodeArgs(options, {
        dataDir: hostDir(folder.path),
        rpcPort: ports.hostRpc,
        p2pPort: ports.hostP2p,
        bootnodes: addresses,
        more: [
          '--host-key',
          hostKeyPath(folder.path),
          '--host-port',
          String(ports.inference),
          '--host-cors',
          '*',
        ],
      }),
    })
    return new DevnetNetwork(validators, host, modules)
  }

  async start(): Promise<void> {
    try {
      await Promise.all(this.#all().map((one) => this.#start(one)))
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  async stop(): Promise<void> {
    this.#stopping = true
    await Promise.all(this.#all().map((one) => one.stop(this.#modules.clock)))
  }

  async #start(one: NodeProcess): Promise<void> {
    const { onEvent } = this.#modules
    await one.start((exitCode) => {
      onEvent({ kind: 'exited', name: one.name, exitCode })
      void this.#restart(one)
    })
    onEvent({ kind: 'started', name: one.name, pid: one.pid })
  }

  /** A node that crashed comes back as it would under an operator's supervisor: from its folder, and catches up. */
  async #restart(one: NodeProcess): Promise<void> {
    const { clock, onEvent } = this.#modules
    const before = this.#restarts.get(one.name) ?? 0
    this.#restarts.set(one.name, before + 1)
    await sleep(clock, RESTART_DELAY_MS)
    if (this.#stopping) return
    try {
      if (before >= RESTARTS) throw new NodeError('INTERNAL', `${one.name} ended ${before} times.`)
      await this.#start(one)
    } catch {
      onEvent({ kind: 'lost', name: one.name })
    }
  }

  #all(): NodeProcess[] {
    return [...this.validators, this.host]
  }
}

interface NodeArgs {
  readonly dataDir: string
  readonly rpcPort: number
  readonly p2pPort: number
  readonly bootnodes: readonly string[]
  readonly more: readonly string[]
}

function nodeArgs(options: DevnetOptions, node: NodeArgs): string[] {
  return [
    'start',
    '--supervised',
    ...['--data-dir', node.dataDir],
    ...['--genesis', options.folder.genesisPath],
    ...['--rpc-port', String(node.rpcPort)],
    ...['--rpc-namespaces', 'eth,net,web3,txpool,openledger'],
    // browsers' wallets and pages in development connect from anywhere on this machine
    ...['--rpc-cors', '*'],
    ...['--p2p-port', String(node.p2pPort)],
    ...(node.bootnodes.length === 0 ? [] : ['--bootnodes', node.bootnodes.join(',')]),
    ...['--log-level', options.logLevel],
    ...['--log-file', join(node.dataDir, 'node.log')],
    ...(options.modelDir === undefined ? [] : ['--model-dir', options.modelDir]),
    ...node.more,
  ]
}

/** Of each validator, in their order. Each node dials those before it, so that every pair has one connection. */
async function peerAddresses(options: DevnetOptions, random: Random): Promise<string[]> {
  const { folder, ports } = options
  return Promise.all(
    ports.p2p.map(async (port, index) => {
      const { peerId } = await loadOrCreateNodeKey(join(validatorDir(folder.path, index), 'node-key'), random)
      return `/ip4/${LOOPBACK}/tcp/${port}/p2p/${peerId}`
    }),
  )
}
