import { NodeError } from '../errors/errors.ts'
import type { KvEntry, KvOp, KvRange, KvSnapshot, KvStore } from './kv.ts'

/**
 * What happens to one write:
 * - `none`: it works.
 * - `fail`: nothing is written, and the caller is told so.
 * - `fail-written`: it is written, and the caller is told that it failed, as when a sync reports an error late.
 * - `stop`: the process dies before anything is written; the caller never hears again.
 * - `stop-written`: the process dies after the write; the caller never hears again.
 */
export type WriteFault = 'none' | 'fail' | 'fail-written' | 'stop' | 'stop-written'

export interface WriteFacts {
  /** Counts all writes of this store from 1. */
  readonly number: number
  readonly ops: readonly KvOp[]
  readonly sync: boolean
}

export type FaultPlan = (write: WriteFacts) => WriteFault

/** The n-th write, counted from 1, meets `fault`; all others work. */
export function faultAt(number: number, fault: WriteFault): FaultPlan {
  return (write) => (write.number === number ? fault : 'none')
}

/**
 * A store over another one that fails and dies as a disk and a process do: for crash tests and the simulator. The
 * inner store must apply a write at once, as `MemoryStore` does.
 */
export class FaultyStore implements KvStore {
  readonly #inner: KvStore
  #plan: FaultPlan
  #writes = 0
  #isStopped = false
  #onStop: () => void = () => undefined
  #stopped = this.#nextStop()
  /** For each write since the last synced one, what undoes it. */
  #unsynced: KvOp[][] = []

  constructor(inner: KvStore, plan: FaultPlan = () => 'none') {
    this.#inner = inner
    this.#plan = plan
  }

  get writes(): number {
    return this.#writes
  }

  /** True once a plan stopped the process: writes after it neither apply nor return until `restart`. */
  get isStopped(): boolean {
    return this.#isStopped
  }

  /** Resolves when a plan stops the process, at once when it has. */
  whenStopped(): Promise<void> {
    return this.#stopped
  }

  setPlan(plan: FaultPlan): void {
    this.#plan = plan
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#inner.get(key)
  }

  async write(ops: readonly KvOp[], options: { readonly sync: boolean }): Promise<void> {
    if (this.#isStopped) return never()
    this.#writes++
    const fault = this.#plan({ number: this.#writes, ops, sync: options.sync })
    if (fault === 'fail') throw failure()
    if (fault === 'stop') return this.#stop()
    this.#remember(ops, options.sync)
    await this.#inner.write(ops, options)
    if (fault === 'fail-written') throw failure()
    if (fault === 'stop-written') return this.#stop()
  }

  iterate(range: KvRange): AsyncIterable<KvEntry> {
    return this.#inner.iterate(range)
  }

  snapshot(): KvSnapshot {
    return this.#inner.snapshot()
  }

  close(): Promise<void> {
    return this.#inner.close()
  }

  /**
   * The power fails and the machine starts again. Of the writes after the last synced one only the first
   * `keepUnsynced` reached the disk, each whole: a log is written in order, and its torn last record is dropped.
   */
  async restart(keepUnsynced = 0): Promise<void> {
    for (const undo of this.#unsynced.splice(keepUnsynced).reverse()) {
      await this.#inner.write(undo, { sync: true })
    }
    this.#unsynced = []
    if (!this.#isStopped) return
    this.#isStopped = false
    this.#stopped = this.#nextStop()
  }

  #nextStop(): Promise<void> {
    return new Promise((resolve) => {
      this.#onStop = resolve
    })
  }

  #remember(ops: readonly KvOp[], sync: boolean): void {
    if (sync) {
      this.#unsynced = []
      return
    }
    this.#unsynced.push(
      ops.map(({ key }) => {
        const value = this.#inner.get(key)
        return value === undefined ? { type: 'del', key } : { type: 'put', key, value }
      }),
    )
  }

  #stop(): Promise<never> {
    this.#isStopped = true
    this.#onStop()
    return never()
  }
}

function never(): Promise<never> {
  return new Promise(() => undefined)
}

function failure(): NodeError {
  return new NodeError('STORAGE_FAILED', 'The disk refused the write (injected fault).')
}
