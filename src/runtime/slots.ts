import { NodeError } from '../errors/errors.ts'

/** So many pieces of work at a time, so many waiting, and no more: one beyond that fails with BUSY. */
export class Slots {
  readonly #atOnce: number
  readonly #queueLength: number
  readonly #waiting: Waiter[] = []
  #running = 0

  constructor(options: { atOnce: number; queueLength: number }) {
    this.#atOnce = options.atOnce
    this.#queueLength = options.queueLength
  }

  /** Runs `work` when a slot is free, first come first served. Fails with the signal's reason if that comes first. */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    await this.#enter(signal)
    try {
      return await work()
    } finally {
      this.#leave()
    }
  }

  #enter(signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason as Error)
    if (this.#running < this.#atOnce) {
      this.#running += 1
      return Promise.resolve()
    }
    if (this.#waiting.length >= this.#queueLength) {
      return Promise.reject(new NodeError('BUSY', 'Too much work is waiting; try again later.'))
    }
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        enter: () => {
          signal?.removeEventListener('abort', giveUp)
          resolve()
        },
      }
      const giveUp = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1)
        reject(signal?.reason as Error)
      }
      signal?.addEventListener('abort', giveUp, { once: true })
      this.#waiting.push(waiter)
    })
  }

  /** The slot goes on to the next in the queue. */
  #leave(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#running -= 1
    else next.enter()
  }
}

interface Waiter {
  readonly enter: () => void
}
