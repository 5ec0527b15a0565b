import type { Clock } from '../../../src/runtime/clock.ts'

interface Timer {
  readonly atMs: number
  readonly order: number
  readonly callback: () => void
}

/** Time that moves only when told to. Promises settle between timers, so that runs are the same each time. */
export class ManualClock implements Clock {
  #nowMs = 1_000_000
  #order = 0
  readonly #timers = new Set<Timer>()

  nowMs(): number {
    return this.#nowMs
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, callback }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  get pendingTimers(): number {
    return this.#timers.size
  }

  async advance(byMs: number): Promise<void> {
    const untilMs = this.#nowMs + byMs
    await settle()
    for (let timer = this.#next(untilMs); timer !== undefined; timer = this.#next(untilMs)) {
      this.#timers.delete(timer)
      this.#nowMs = Math.max(this.#nowMs, timer.atMs)
      timer.callback()
      await settle()
    }
    this.#nowMs = untilMs
  }

  #next(untilMs: number): Timer | undefined {
    let next: Timer | undefined
    for (const timer of this.#timers) {
      if (timer.atMs > untilMs) continue
      if (
        next === undefined ||
        timer.atMs < next.atMs ||
        (timer.atMs === next.atMs && timer.order < next.order)
      ) {
        next = timer
      }
    }
    return next
  }
}

/** Runs all promise callbacks that are due. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
