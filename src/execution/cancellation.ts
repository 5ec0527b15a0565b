import { NodeError } from '../errors/errors.ts'

/**
 * Asked again and again while something runs; an `AbortSignal` is one, and so is a flag that another thread sets.
 * Once true it stays so.
 */
export interface Cancellation {
  readonly aborted: boolean
}

/** Throws CANCELLED once the work is no longer wanted. */
export function throwIfCancelled(signal: Cancellation | undefined): void {
  if (signal?.aborted) throw new NodeError('CANCELLED', 'The execution was cancelled.')
}

/** How long one transaction may run; whoever knows a clock makes it. */
export interface TransactionTimer {
  begin(): void
  isOver(): boolean
}

/** Asks of a running transaction between two readings of the clock: some hundred microseconds. */
const ASKS_A_READING = 64

/** Ends whatever runs when `outer` says so, and the transaction that runs when its own time is over. */
export class TransactionWatch implements Cancellation {
  readonly #outer: Cancellation | undefined
  readonly #timer: TransactionTimer | undefined
  #asks = 0
  #isRunning = false
  #isOver = false

  constructor(outer: Cancellation | undefined, timer: TransactionTimer | undefined) {
    this.#outer = outer
    this.#timer = timer
  }

  get aborted(): boolean {
    if (this.#outer?.aborted === true) return true
    if (this.#isRunning && !this.#isOver && ++this.#asks % ASKS_A_READING === 0) {
      this.#isOver = this.#timer?.isOver() === true
    }
    return this.#isOver
  }

  /** The transaction that ran last was ended because it took too long, and for no other reason. */
  get isTooSlow(): boolean {
    return this.#isOver && this.#outer?.aborted !== true
  }

  begin(): void {
    this.#isRunning = true
    this.#isOver = false
    this.#timer?.begin()
  }

  /** After the last transaction: what is left to do has all the time that it needs. */
  end(): void {
    this.#isRunning = false
    this.#isOver = false
  }
}
