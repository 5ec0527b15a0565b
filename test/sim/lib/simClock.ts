import type { Cancel, Clock } from '../../../src/runtime/clock.ts'

interface Timer {
  readonly atMs: number
  readonly order: number
  callback: (() => void) | null
}

/** The one clock of a simulation. Time stands still while code runs and jumps to the next timer when all is quiet. */
export class SimClock implements Clock {
  readonly #settle: () => Promise<void>
  #nowMs: number
  #order = 0
  /** A binary heap by time, then by order of scheduling. */
  readonly #heap: Timer[] = []

  constructor(startMs: number, settle: () => Promise<void> = microtasksDone) {
    this.#nowMs = startMs
    this.#settle = settle
  }

  nowMs(): number {
    return this.#nowMs
  }

  after(delayMs: number, callback: () => void): Cancel {
    const timer: Timer = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, callback }
    this.#push(timer)
    return () => {
      timer.callback = null
    }
  }

  /** Lets all that was begun run on until it waits for time. */
  async settled(): Promise<void> {
    // The turn has to be asked for by a microtask; see `microtasksDone`.
    await Promise.resolve()
    await this.#settle()
  }

  /** Runs the next timer and all that follows from it without time passing; false when there is none before `untilMs`. */
  async advance(untilMs: number): Promise<boolean> {
    for (;;) {
      const timer = this.#heap[0]
      if (timer === undefined || timer.atMs > untilMs) return false
      this.#pop()
      if (timer.callback === null) continue
      this.#nowMs = timer.atMs
      timer.callback()
      await this.#settle()
      return true
    }
  }

  #push(timer: Timer): void {
    const heap = this.#heap
    let at = heap.push(timer) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(timer, heap[parent]!)) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = timer
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()!
    if (heap.length === 0) return
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
      if (!isBefore(heap[child]!, last)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = last
  }
}

/**
 * Lets every promise that is settled run on. Asked for by a microtask, the next tick comes when no other microtask is
 * left, and costs a tenth of a turn of the event loop.
 */
export function microtasksDone(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve))
}

/** As `microtasksDone`, from anywhere. */
export function quiet(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** As `microtasksDone`, and also lets pieces of work go on that gave the event loop a turn. */
export async function turnsDone(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await quiet()
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.atMs !== b.atMs ? a.atMs < b.atMs : a.order < b.order
}

/**
 * One life of a node: what it started ends with it. After `kill` none of its timers fires and nothing that it waits
 * for comes back, as when a process is gone.
 */
export class Life implements Clock {
  readonly #clock: SimClock
  readonly #skewMs: () => number
  #isAlive = true

  constructor(clock: SimClock, skewMs: () => number) {
    this.#clock = clock
    this.#skewMs = skewMs
  }

  get isAlive(): boolean {
    return this.#isAlive
  }

  nowMs(): number {
    return this.#clock.nowMs() + this.#skewMs()
  }

  after(delayMs: number, callback: () => void): Cancel {
    return this.#clock.after(delayMs, () => {
      if (this.#isAlive) callback()
    })
  }

  /** Resolves after `delayMs`, or never once killed. */
  wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve))
  }

  kill(): void {
    this.#isAlive = false
  }
}

/** What a process that is gone waits for. */
export function never(): Promise<never> {
  return new Promise(() => undefined)
}
