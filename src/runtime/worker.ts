import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { type ResourceLimits, Worker } from 'node:worker_threads'
import { messageOf, NodeError } from '../errors/errors.ts'
import type { Cancel, Clock } from './clock.ts'
import {
  CLOSE,
  CLOSING,
  cancelled,
  fromWire,
  GIVEN_UP,
  type Reply,
  type Request,
  type ThreadData,
  type WorkerCalls,
} from './workerProtocol.ts'

// Worker threads and the calls to them. The only place that starts one: it knows that the same module is TypeScript
// when run from source (tests, scripts) and JavaScript in `dist`. The other end is workerThread.ts.

export interface CallOptions<Progress> {
  /** Gives up the call; one that has not begun is never run. */
  readonly signal?: AbortSignal | undefined
  /** Longest time from the call to its answer, waiting included. */
  readonly timeoutMs?: number | undefined
  readonly onProgress?: ((progress: Progress) => void) | undefined
}

export interface WorkerOptions {
  readonly name: string
  /** The module to run, as `new URL('./x.ts', import.meta.url)`. */
  readonly module: URL
  /** Handed to the worker's module, which reads it with `workerInput`. */
  readonly input?: unknown
  /** Calls that may wait for the one that runs. */
  readonly queueLength: number
  /**
   * What closing does to the call that runs. `finish`: it ends by itself, at its next report at the latest; a thread
   * that is cut off inside native code takes the whole process with it. `terminate`: cut off at once; for plain
   * JavaScript only.
   */
  readonly onClose: 'finish' | 'terminate'
  readonly resourceLimits?: ResourceLimits
  /** How much the thread stands back for others where cores are few, as nice(2) counts; on Linux, 0 unless given. */
  readonly niceness?: number
}

export interface WorkerModules {
  readonly clock: Clock
  /** Told when the thread ends by itself. Calls that come then or wait are rejected as well. */
  readonly onFailure?: (error: NodeError) => void
}

interface PendingCall {
  readonly request: Request
  readonly onProgress: ((progress: unknown) => void) | undefined
  readonly resolve: (output: unknown) => void
  readonly reject: (error: unknown) => void
}

/** Calls run one at a time in order; answers to calls that were given up are dropped. */
export class WorkerClient<Calls extends WorkerCalls<Calls>> {
  readonly #options: WorkerOptions
  readonly #clock: Clock
  readonly #worker: Worker
  readonly #waiting: PendingCall[] = []
  readonly #ready: Promise<void>
  readonly #exited: Promise<void>
  readonly #stop = new Int32Array(new SharedArrayBuffer(8))
  #running: PendingCall | undefined
  /** The worker is busy with this request, though nobody may wait for it any more. */
  #busyWith: number | undefined
  #nextId = 1
  #closed = false

  constructor(options: WorkerOptions, modules: WorkerModules) {
    this.#options = options
    this.#clock = modules.clock
    this.#worker = startThread(options, this.#stop)
    this.#exited = new Promise((resolve) => this.#worker.on('exit', () => resolve()))
    this.#ready = new Promise((resolve, reject) => {
      this.#worker.on('message', (reply: Reply) => {
        if (reply.kind === 'ready') resolve()
        else this.#onReply(reply)
      })
      this.#worker.on('error', (error) => {
        const failure = asNodeError(error, options.name)
        reject(failure)
        this.#end(failure, modules)
      })
      this.#worker.on('exit', () => {
        const failure = new NodeError('INTERNAL', `The worker ${options.name} ended by itself.`)
        reject(failure)
        this.#end(failure, modules)
      })
    })
    // whoever does not wait for `ready` hears of the failure from the first call
    this.#ready.catch(() => undefined)
  }

  /** Resolves when the worker's module has loaded; rejects when loading fails. */
  ready(): Promise<void> {
    return this.#ready
  }

  call<Method extends keyof Calls & string>(
    method: Method,
    input: Calls[Method]['input'],
    options: CallOptions<NonNullable<Calls[Method]['progress']>> = {},
  ): Promise<Calls[Method]['output']> {
    const { name, queueLength } = this.#options
    if (this.#closed) return Promise.reject(new NodeError('CANCELLED', `The worker ${name} has ended.`))
    if (options.signal?.aborted === true) return Promise.reject(cancelled(name))
    if (this.#waiting.length >= queueLength) {
      return Promise.reject(new NodeError('LIMIT_EXCEEDED', `${queueLength} calls already wait for ${name}.`))
    }
    const request: Request = { id: this.#nextId++, method, input }
    return new Promise((resolve, reject) => {
      const settle = this.#watch(request.id, options, reject)
      this.#waiting.push({
        request,
        onProgress: options.onProgress as ((progress: unknown) => void) | undefined,
        resolve: (output) => {
          settle()
          resolve(output as Calls[Method]['output'])
        },
        reject: (error) => {
          settle()
          reject(error)
        },
      })
      this.#next()
    })
  }

  /** Tells the call that runs, and those that still come, that they are not wanted any more. */
  interrupt(): void {
    Atomics.store(this.#stop, CLOSING, 1)
  }

  /** Ends the thread; calls that wait or run are cancelled. */
  async close(): Promise<void> {
    this.#fail(new NodeError('CANCELLED', `The worker ${this.#options.name} was closed.`))
    if (this.#options.onClose === 'terminate') {
      await this.#worker.terminate()
      return
    }
    this.interrupt()
    this.#worker.postMessage(CLOSE)
    await this.#exited
  }

  /** Arms deadline and signal; the returned function disarms both. */
  #watch(id: number, options: CallOptions<never>, reject: (error: unknown) => void): Cancel {
    const { name } = this.#options
    const giveUp = (error: NodeError) => {
      disarm()
      this.#forget(id)
      reject(error)
    }
    const onAbort = () => giveUp(cancelled(name))
    options.signal?.addEventListener('abort', onAbort, { once: true })
    const cancelTimer =
      options.timeoutMs === undefined
        ? undefined
        : this.#clock.after(options.timeoutMs, () =>
            giveUp(new NodeError('TIMEOUT', `${name} took too long.`)),
          )
    const disarm = () => {
      options.signal?.removeEventListener('abort', onAbort)
      cancelTimer?.()
    }
    return disarm
  }

  #forget(id: number): void {
    const at = this.#waiting.findIndex((call) => call.request.id === id)
    if (at >= 0) this.#waiting.splice(at, 1)
    if (this.#running?.request.id !== id) return
    this.#running = undefined
    Atomics.store(this.#stop, GIVEN_UP, id)
  }

  #next(): void {
    if (this.#busyWith !== undefined) return
    const call = this.#waiting.shift()
    if (call === undefined) return
    this.#running = call
    this.#busyWith = call.request.id
    this.#worker.postMessage(call.request)
  }

  #onReply(reply: Exclude<Reply, { kind: 'ready' }>): void {
    const call = this.#running?.request.id === reply.id ? this.#running : undefined
    if (reply.kind === 'progress') {
      call?.onProgress?.(reply.progress)
      return
    }
    this.#running = undefined
    this.#busyWith = undefined
    if (reply.kind === 'done') call?.resolve(reply.output)
    else call?.reject(fromWire(reply.error))
    this.#next()
  }

  #end(failure: NodeError, { onFailure }: WorkerModules): void {
    if (this.#closed) return
    this.#fail(failure)
    onFailure?.(failure)
  }

  #fail(error: NodeError): void {
    this.#closed = true
    const calls = [...(this.#running === undefined ? [] : [this.#running]), ...this.#waiting.splice(0)]
    this.#running = undefined
    for (const call of calls) call.reject(error)
  }
}

/** Runs one call in a worker of its own and ends it; aborting ends the thread at once. */
export async function runInWorker<Calls extends WorkerCalls<Calls>, Method extends keyof Calls & string>(
  options: Omit<WorkerOptions, 'queueLength'>,
  modules: { clock: Clock },
  call: { readonly method: Method; readonly input: Calls[Method]['input'] } & CallOptions<
    NonNullable<Calls[Method]['progress']>
  >,
): Promise<Calls[Method]['output']> {
  const client = new WorkerClient<Calls>({ ...options, queueLength: 1 }, modules)
  try {
    return await client.call(call.method, call.input, call)
  } finally {
    await client.close()
  }
}

function startThread(options: WorkerOptions, stop: Int32Array): Worker {
  const fromSource = import.meta.url.endsWith('.ts')
  const path = options.module.href.replace(/\.[jt]s$/, fromSource ? '.ts' : '.js')
  return new Worker(new URL(path), {
    name: options.name,
    workerData: { input: options.input, stop, niceness: options.niceness ?? 0 } satisfies ThreadData,
    // the loader that runs TypeScript in the worker as well
    execArgv: fromSource ? ['--import', typescriptLoader()] : [],
    ...(options.resourceLimits === undefined ? {} : { resourceLimits: options.resourceLimits }),
  })
}

/** tsx registers itself in the main thread only, so its own call is made in the worker. */
function typescriptLoader(): string {
  const commonJs = createRequire(import.meta.url).resolve('tsx/esm/api')
  const api = pathToFileURL(commonJs.replace(/\.cjs$/, '.mjs')).href
  return `data:text/javascript,import { register } from ${JSON.stringify(api)}; register()`
}

function asNodeError(error: unknown, name: string): NodeError {
  return error instanceof NodeError
    ? error
    : new NodeError('INTERNAL', `The worker ${name} failed: ${messageOf(error)}`, {}, error)
}
