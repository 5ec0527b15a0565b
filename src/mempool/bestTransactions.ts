import { IndexedHeap } from './indexedHeap.ts'
import { effectiveTipWei } from './rules.ts'
import type { Entry, SenderQueue } from './senderQueue.ts'
import type { PooledTransaction } from './transaction.ts'

interface Cursor {
  readonly entries: readonly Entry[]
  position: number
  tipWei: bigint
}

/**
 * Executable transactions for a block, the best paying first and each sender's in nonce order; ties by arrival.
 * It works on the pool as it was when the iterator was made. A sender whose next transaction cannot pay the base
 * fee is left out from there on.
 */
export class BestTransactions implements Iterable<PooledTransaction> {
  readonly #baseFeeWei: bigint
  readonly #cursors: IndexedHeap<Cursor>
  #given: Cursor | undefined

  constructor(queues: Iterable<SenderQueue>, baseFeeWei: bigint) {
    this.#baseFeeWei = baseFeeWei
    this.#cursors = new IndexedHeap<Cursor>(paysBetter)
    for (const queue of queues) {
      if (queue.executable > 0) {
        this.#rank({ entries: queue.entries.slice(0, queue.executable), position: 0, tipWei: 0n })
      }
    }
  }

  next(): PooledTransaction | undefined {
    const last = this.#given
    if (last !== undefined) {
      last.position++
      this.#rank(last)
    }
    this.#given = this.#cursors.peek()
    return this.#given?.entries[this.#given.position]?.transaction
  }

  /** Leaves out the rest of the sender of the transaction last given: it did not fit, or failed. */
  skipSender(): void {
    if (this.#given === undefined) return
    this.#cursors.delete(this.#given)
    this.#given = undefined
  }

  *[Symbol.iterator](): Generator<PooledTransaction> {
    for (let best = this.next(); best !== undefined; best = this.next()) yield best
  }

  #rank(cursor: Cursor): void {
    const entry = cursor.entries[cursor.position]
    if (entry === undefined || entry.transaction.feeCapWei < this.#baseFeeWei) {
      this.#cursors.delete(cursor)
      return
    }
    cursor.tipWei = effectiveTipWei(entry.transaction, this.#baseFeeWei)
    this.#cursors.set(cursor)
  }
}

function paysBetter(a: Cursor, b: Cursor): boolean {
  if (a.tipWei !== b.tipWei) return a.tipWei > b.tipWei
  return (a.entries[a.position]?.sequence ?? 0) < (b.entries[b.position]?.sequence ?? 0)
}
