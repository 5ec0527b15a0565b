import { limits } from '../../config/limits.ts'

/**
 * Work that was sent and whose effect has not shown yet. It counts as under way for some blocks; then the transaction
 * is taken for lost, and the work may be sent again.
 */
export class UnderWay {
  readonly #sentAt = new Map<string, number>()

  has(key: string): boolean {
    return this.#sentAt.has(key)
  }

  sent(key: string, height: number): void {
    this.#sentAt.set(key, height)
  }

  done(key: string): void {
    this.#sentAt.delete(key)
  }

  /** Forgets what was sent too long ago. Call it at every block. */
  advance(height: number): void {
    for (const [key, sentAt] of this.#sentAt) {
      if (height >= sentAt + limits.resendBlocks) this.#sentAt.delete(key)
    }
  }
}
