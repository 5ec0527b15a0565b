import { type ChildProcess, spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { NodeError } from '../../errors/errors.ts'
import type { Clock } from '../../runtime/clock.ts'

/** What a supervised node tells the process that started it. */
export type ChildMessage = { readonly kind: 'ready' } | { readonly kind: 'failed'; readonly message: string }

export interface ProcessSpec {
  readonly name: string
  readonly script: string
  readonly args: readonly string[]
}

/** How long a node may take to stop by itself before it is killed. */
const STOP_GRACE_MS = 8_000

/** One node in a process of its own. It ends when this process ends, however that comes about. */
export class NodeProcess {
  readonly name: string
  readonly #spec: ProcessSpec
  #child: ChildProcess | undefined
  #stopping = false

  constructor(spec: ProcessSpec) {
    this.name = spec.name
    this.#spec = spec
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Resolves when the node says that it is ready; rejects with its own sentence when it cannot start. */
  start(onUnexpectedExit: (exitCode: number | null) => void): Promise<void> {
    this.#stopping = false
    const child = spawn(process.execPath, [this.#spec.script, ...this.#spec.args], {
      // the channel is also the leash: the node stops when it closes
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    this.#child = child
    return new Promise((resolve, reject) => {
      let started = false
      child.on('message', (message: ChildMessage) => {
        started = message.kind === 'ready'
        if (message.kind === 'ready') resolve()
        else reject(new NodeError('BAD_CONFIG', `${this.name}: ${message.message}`))
      })
      child.once('exit', (code) => {
        if (this.#child === child) this.#child = undefined
        reject(new NodeError('INTERNAL', `${this.name} ended with code ${code} before it was ready.`))
        if (started && !this.#stopping) onUnexpectedExit(code)
      })
    })
  }

  /** Ends the node at once, as a crash would. */
  async kill(): Promise<void> {
    this.#stopping = true
    await this.#end('SIGKILL')
  }

  /** Asks the node to stop, and kills it when it does not. */
  async stop(clock: Clock): Promise<void> {
    this.#stopping = true
    const cancel = clock.after(STOP_GRACE_MS, () => {
      void this.#end('SIGKILL')
    })
    await this.#end('SIGTERM')
    cancel()
  }

  #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null) return Promise.resolve()
    return new Promise((resolve) => {
      child.once('exit', () => resolve())
      child.kill(signal)
    })
  }
}

/** Refuses with PORT_IN_USE, naming the port, before anything has started. */
export async function requireFreePorts(ports: readonly number[]): Promise<void> {
  for (const port of ports) await requireFreePort(port)
}

function requireFreePort(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', () => {
      reject(
        new NodeError('PORT_IN_USE', `Port ${port} is in use. Free it, or choose others with --port-base.`, {
          port,
        }),
      )
    })
    server.listen(port, '127.0.0.1', () => server.close(() => resolve()))
  })
}
