import { messageOf } from '../errors/errors.ts'
import type { Logger } from '../runtime/logger.ts'
import type { DecidedBlock, DecidedListener } from './chainView.ts'

/** Who hears of decided blocks. One that fails is logged and keeps nothing from the others. */
export class DecidedListeners {
  readonly #listeners = new Set<DecidedListener>()
  readonly #logger: Logger

  constructor(modules: { logger: Logger }) {
    this.#logger = modules.logger
  }

  add(listener: DecidedListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  tell(decided: DecidedBlock): void {
    for (const listener of this.#listeners) {
      try {
        listener(decided)
      } catch (error) {
        this.#logger.error({ error: messageOf(error) }, 'a listener of decided blocks failed')
      }
    }
  }
}
