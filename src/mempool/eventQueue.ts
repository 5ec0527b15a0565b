import { messageOf } from '../errors/errors.ts'
import type { Logger } from '../runtime/logger.ts'
import type { MempoolEvent } from './types.ts'

/** Events are told only when a change is complete, so that a listener never sees the pool half changed. */
export class EventQueue {
  readonly #logger: Logger
  readonly #listeners = new Set<(event: MempoolEvent) => void>()
  #untold: MempoolEvent[] = []

  constructor(logger: Logger) {
    this.#logger = logger
  }

  subscribe(listener: (event: MempoolEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  push(event: MempoolEvent): void {
    this.#untold.push(event)
  }

  tell(): void {
    const events = this.#untold
    this.#untold = []
    for (const event of events) {
      for (const listener of this.#listeners) {
        try {
          listener(event)
        } catch (error) {
          this.#logger.error({ error: messageOf(error) }, 'a mempool listener failed')
        }
      }
    }
  }
}
