import { readFile } from 'node:fs/promises'
import type { Load } from './load.ts'
import type { PerturbedNetwork } from './network.ts'
import { type BlockFacts, pause } from './rpcNode.ts'

/** What must hold whatever was done to the network. Each failure is a sentence. */
export interface Verdict {
  readonly failures: readonly string[]
  readonly head: number
  readonly transactions: number
}

interface Signed {
  readonly height: number
  readonly round: number
  readonly type: string
  readonly digest: string
}

const TYPES = ['proposal', 'prevote', 'precommit']

/** Watches what each key signed last: it may only move forward, and one place has one digest, across crashes too. */
export class SignerWatch {
  readonly failures: string[] = []
  readonly #network: PerturbedNetwork
  readonly #last = new Map<number, Signed>()
  #isRunning = true
  #done: Promise<void>

  constructor(network: PerturbedNetwork) {
    this.#network = network
    this.#done = this.#run()
  }

  async stop(): Promise<void> {
    this.#isRunning = false
    await this.#done
    await this.look()
  }

  async look(): Promise<void> {
    for (let index = 0; index < this.#network.size; index++) {
      const text = await readFile(this.#network.lastSignedPath(index), 'utf8').catch(() => null)
      if (text === null) continue
      // written by a rename, so it is whole whenever it is read
      this.#compare(index, JSON.parse(text) as Signed)
    }
  }

  #compare(index: number, now: Signed): void {
    const before = this.#last.get(index)
    this.#last.set(index, now)
    if (before === undefined) return
    const order =
      now.height - before.height ||
      now.round - before.round ||
      TYPES.indexOf(now.type) - TYPES.indexOf(before.type)
    if (order > 0 || (order === 0 && now.digest === before.digest)) return
    this.failures.push(`validator-${index} signed ${JSON.stringify(now)} after ${JSON.stringify(before)}`)
  }

  async #run(): Promise<void> {
    while (this.#isRunning) {
      await this.look()
      await pause(100)
    }
  }
}

/** To be called when all nodes are up and nothing is sent any more. */
export async function checkNetwork(
  network: PerturbedNetwork,
  load: Load,
  watch: SignerWatch,
): Promise<Verdict> {
  const failures = [...watch.failures]
  const head = Math.min(...(await Promise.all(network.nodes.map((node) => node.height()))))
  const chains = await Promise.all(network.nodes.map((node) => node.blocks(1, head)))
  const [first = []] = chains
  for (const [index, chain] of chains.entries()) {
    const at = chain.findIndex(({ hash }, height) => hash !== first[height]?.hash)
    if (at >= 0) failures.push(`validator-${index} has another block ${at + 1} than validator-0`)
  }
  failures.push(...checkTransactions(first, load), ...(await checkLogs(network)))
  if (network.unexpectedExits > 0) failures.push(`${network.unexpectedExits} processes ended by themselves`)
  failures.push(...(await checkLinks(network)))
  return { failures, head, transactions: load.sent.size }
}

/** Each transfer is in one block, once; nothing else is there, evidence least of all. */
function checkTransactions(blocks: readonly BlockFacts[], load: Load): string[] {
  const failures: string[] = []
  const counts = new Map<string, number>()
  for (const { transactions } of blocks) {
    for (const hash of transactions) counts.set(hash, (counts.get(hash) ?? 0) + 1)
  }
  const lost = [...load.sent.keys()].filter((hash) => !counts.has(hash)).length
  const twice = [...counts.values()].filter((count) => count > 1).length
  const foreign = [...counts.keys()].filter((hash) => !load.sent.has(hash as `0x${string}`)).length
  if (lost > 0) failures.push(`${lost} transfers are in no block`)
  if (twice > 0) failures.push(`${twice} transfers are in more than one block`)
  if (foreign > 0) failures.push(`${foreign} transactions are not of the load, such as evidence`)
  return failures
}

async function checkLogs(network: PerturbedNetwork): Promise<string[]> {
  const failures: string[] = []
  for (let index = 0; index < network.size; index++) {
    const log = await readFile(network.logPath(index), 'utf8')
    const bad = log.split('\n').filter((line) => /a validator signed|"level":"fatal"/.test(line))
    if (bad.length > 0)
      failures.push(`validator-${index} logged ${bad.length} times: ${bad[0]?.slice(0, 200)}`)
  }
  return failures
}

/** Everybody is connected to everybody, through links only: a way around them would make the delays a fiction. */
async function checkLinks(network: PerturbedNetwork): Promise<string[]> {
  const failures: string[] = []
  for (const node of network.nodes) {
    const response = await fetch(`${node.operator}/peers`)
    const peers = (await response.json()) as { id: string; direction: string; address: string }[]
    const around = peers.filter(({ direction, address }) => {
      const port = Number(/\/tcp\/(\d+)/.exec(address)?.[1])
      return direction === 'outbound' && !network.linkPorts.includes(port)
    })
    if (around.length > 0) failures.push(`${node.name} dialled ${around[0]?.address}, which is no link`)
    if (peers.length !== network.size - 1) failures.push(`${node.name} is connected to ${peers.length} peers`)
  }
  return failures
}
