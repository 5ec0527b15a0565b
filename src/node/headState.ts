import { limits } from '../config/limits.ts'
import type { ChainView } from '../execution/chainView.ts'
import type { Cancel, Clock } from '../runtime/clock.ts'
import { FlatState } from '../state/flatState.ts'
import type { StateReader } from '../state/types.ts'
import type { KvSnapshot, KvStore } from '../storage/kv.ts'

interface Held {
  readonly snapshot: KvSnapshot
  cancel: Cancel | undefined
}

/**
 * The head's state for readers beside the writer: a snapshot a block, so that no reader sees two blocks mixed. A
 * snapshot outlives its block by `limits.headStateMs`, longer than any call may take.
 */
export class HeadState {
  readonly #kv: KvStore
  readonly #clock: Clock
  readonly #held: Held[] = []
  #state: StateReader
  #height: number

  constructor(modules: { chain: ChainView; kv: KvStore; clock: Clock }) {
    this.#kv = modules.kv
    this.#clock = modules.clock
    this.#height = modules.chain.head.height
    this.#state = this.#take()
  }

  get height(): number {
    return this.#height
  }

  get state(): StateReader {
    return this.#state
  }

  /** To be called first of all listeners of a decided block. */
  advance(height: number): void {
    this.#height = height
    this.#state = this.#take()
    for (const held of this.#held.slice(0, -1)) {
      held.cancel ??= this.#clock.after(limits.headStateMs, () => this.#release(held))
    }
    const oldest = this.#held[0]
    if (oldest !== undefined && this.#held.length > limits.headStates) this.#release(oldest)
  }

  async close(): Promise<void> {
    const held = this.#held.splice(0)
    for (const { cancel } of held) cancel?.()
    await Promise.all(held.map(({ snapshot }) => snapshot.close()))
  }

  #take(): StateReader {
    const snapshot = this.#kv.snapshot()
    this.#held.push({ snapshot, cancel: undefined })
    return new FlatState(snapshot)
  }

  #release(held: Held): void {
    const index = this.#held.indexOf(held)
    if (index < 0) return
    this.#held.splice(index, 1)
    held.cancel?.()
    void held.snapshot.close()
  }
}
