import { type ChildProcess, spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createPublicClient, createWalletClient, defineChain, http, webSocket } from 'viem'
import { mnemonicToAccount } from 'viem/accounts'

const root = join(import.meta.dirname, '..', '..', '..')
const script = join(root, 'scripts', 'devnet')

export const devnetChain = defineChain({
  id: 161212,
  name: 'openledger devnet',
  nativeCurrency: { name: 'OPEN', symbol: 'OPEN', decimals: 18 },
  rpcUrls: { default: { http: [] } },
})

export interface DevnetEvent {
  readonly event: string
  readonly name?: string
  readonly pid?: number
  readonly rpc?: readonly string[]
  readonly webSocket?: readonly string[]
  readonly [key: string]: unknown
}

export interface CommandResult {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs `scripts/devnet` to its end. */
export function runDevnet(args: readonly string[]): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = spawn(script, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk) => {
      stdout += chunk
    })
    child.stderr.on('data', (chunk) => {
      stderr += chunk
    })
    child.once('close', (exitCode) => resolve({ exitCode, stdout, stderr }))
  })
}

/** A devnet as a user starts it, on ports that were free a moment ago. */
export class RunningDevnet {
  readonly rpc: readonly string[]
  readonly webSocket: readonly string[]
  readonly events: DevnetEvent[]
  readonly #child: ChildProcess
  readonly #listeners: Set<() => void>

  private constructor(
    child: ChildProcess,
    events: DevnetEvent[],
    listeners: Set<() => void>,
    ready: DevnetEvent,
  ) {
    this.#child = child
    this.events = events
    this.#listeners = listeners
    this.rpc = ready.rpc ?? []
    this.webSocket = ready.webSocket ?? []
  }

  static async start(args: readonly string[]): Promise<RunningDevnet> {
    const base = await freePortBase()
    const child = spawn(script, ['--json', '--port-base', String(base), ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const events: DevnetEvent[] = []
    const listeners = new Set<() => void>()
    if (child.stdout === null) throw new Error('the devnet has no output')
    createInterface({ input: child.stdout }).on('line', (line) => {
      events.push(JSON.parse(line) as DevnetEvent)
      for (const listener of listeners) listener()
    })
    const ready = await new Promise<DevnetEvent>((resolve, reject) => {
      const look = () => {
        const found = events.find((event) => event.event === 'ready')
        if (found !== undefined) resolve(found)
      }
      listeners.add(look)
      child.once('exit', (code) =>
        reject(new Error(`the devnet ended with code ${code} before it was ready`)),
      )
    })
    return new RunningDevnet(child, events, listeners, ready)
  }

  /** The newest process id of a part. */
  pidOf(name: string): number {
    const started = this.events.filter((event) => event.event === 'started' && event.name === name).at(-1)
    if (started?.pid === undefined) throw new Error(`${name} has not started`)
    return started.pid
  }

  /** Resolves when such an event has come, counted from the start of the network. */
  waitFor(matches: (event: DevnetEvent) => boolean, count = 1): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (this.events.filter(matches).length < count) return
        this.#listeners.delete(look)
        resolve()
      }
      this.#listeners.add(look)
      look()
    })
  }

  client(validator = 0) {
    return createPublicClient({
      chain: devnetChain,
      transport: http(this.rpc[validator]),
      pollingInterval: 200,
    })
  }

  socketClient(validator = 0) {
    return createPublicClient({ chain: devnetChain, transport: webSocket(this.webSocket[validator]) })
  }

  wallet(account = 0, validator = 0) {
    const key = mnemonicToAccount('test test test test test test test test test test test junk', {
      addressIndex: account,
    })
    return createWalletClient({ account: key, chain: devnetChain, transport: http(this.rpc[validator]) })
  }

  /** Ctrl-C; returns the exit code. */
  stop(): Promise<number | null> {
    const child = this.#child
    if (child.exitCode !== null) return Promise.resolve(child.exitCode)
    return new Promise((resolve) => {
      child.once('exit', (code) => resolve(code))
      child.kill('SIGINT')
    })
  }
}

/** A base from which all ports of a devnet of a few validators are free. */
export async function freePortBase(): Promise<number> {
  for (let base = 20_005 + 100 * (process.pid % 300); base < 60_000; base += 100) {
    const offsets = [0, 1, 10, 11, 20, 21, 30, 31, 55, 56, 57]
    const free = await Promise.all(offsets.map((offset) => isFree(base + offset)))
    if (free.every(Boolean)) return base
  }
  throw new Error('no free ports')
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

/** True while a process with this id exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
