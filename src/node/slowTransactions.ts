import { limits } from '../config/limits.ts'
import type { Address } from '../primitives/hex.ts'
import type { Clock } from '../runtime/clock.ts'

interface Mark {
  readonly tries: number
  readonly untilMs: number
}

/**
 * Senders whose next transaction took longer than a block can wait for it. They wait, twice as long after each try, so
 * that nobody fills the time of all builders with transactions that pay nothing because they are never included; and
 * get more time at each try, so that a busy machine keeps no honest transaction out for good.
 */
export class SlowTransactions {
  readonly #marks = new Map<Address, Mark>()
  readonly #clock: Clock
  readonly #timeMs: number

  /** `timeMs`: how long a transaction may run at the first try. */
  constructor(options: { timeMs: number }, modules: { clock: Clock }) {
    this.#timeMs = options.timeMs
    this.#clock = modules.clock
  }

  mayTry(sender: Address): boolean {
    const mark = this.#markOf(sender)
    return mark === undefined || this.#clock.nowMs() >= mark.untilMs
  }

  /** How long the next transaction of the sender may run. */
  timeMs(sender: Address): number {
    return this.#timeMs * (1 + (this.#markOf(sender)?.tries ?? 0))
  }

  /** A try took too long. Returns whether the transaction is worth another. */
  note(sender: Address): boolean {
    const tries = (this.#markOf(sender)?.tries ?? 0) + 1
    this.#marks.delete(sender)
    if (tries >= limits.slowTransactionTries) return false
    const untilMs = this.#clock.nowMs() + limits.slowTransactionRestMs * 2 ** (tries - 1)
    this.#marks.set(sender, { tries, untilMs })
    const [oldest] = this.#marks.keys()
    if (this.#marks.size > limits.slowTransactionSenders && oldest !== undefined) this.#marks.delete(oldest)
    return true
  }

  #markOf(sender: Address): Mark | undefined {
    const mark = this.#marks.get(sender)
    const isCurrent =
      mark !== undefined && this.#clock.nowMs() < mark.untilMs + limits.slowTransactionMemoryMs
    return isCurrent ? mark : undefined
  }
}
