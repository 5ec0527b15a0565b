import { IndexedHeap } from './indexedHeap.ts'
import type { Entry, SenderQueue, SettleFacts } from './senderQueue.ts'

export interface Newcomer {
  readonly queue: SenderQueue
  readonly isExecutable: boolean
  /** Lowest effective tip of the newcomer and of all that must be included before it. */
  readonly floorTipWei: bigint
}

export interface Shortage {
  readonly slots: number
  /** Gapped transactions over their bound. */
  readonly gapped: number
}

/**
 * Who gives way when the pool is full. Only the last transaction of a sender ever goes, so that no eviction opens
 * a gap, and it is ranked by the lowest tip of its chain: a cheap parent is not shielded by a dear child. Gapped
 * ones go first, and never push out an executable one.
 */
export class EvictionOrder {
  readonly #withGap = new IndexedHeap<SenderQueue>(isCheaper)
  readonly #executable = new IndexedHeap<SenderQueue>(isCheaper)
  readonly #gappedOf = new Map<SenderQueue, number>()
  #gapped = 0

  /** Gapped transactions of all queues. */
  get gapped(): number {
    return this.#gapped
  }

  /** To be called after every change of a queue. */
  update(queue: SenderQueue): void {
    this.#gapped += queue.gapped - (this.#gappedOf.get(queue) ?? 0)
    if (queue.length === 0) {
      this.#gappedOf.delete(queue)
      this.#unrank(queue)
      return
    }
    this.#gappedOf.set(queue, queue.gapped)
    const hasGap = queue.gapped > 0
    const [home, other] = hasGap ? [this.#withGap, this.#executable] : [this.#executable, this.#withGap]
    other.delete(queue)
    home.set(queue)
  }

  /** After the tips of all transactions changed. */
  reorder(): void {
    this.#withGap.reorder()
    this.#executable.reorder()
  }

  /**
   * Takes out transactions that pay less than the newcomer until the shortage is met, and returns them. All or
   * nothing: undefined when too few pay less. The newcomer's own queue is spared: what stands before the newcomer
   * carries it, what stands behind waits for it.
   */
  makeRoom(newcomer: Newcomer, shortage: Shortage, facts: SettleFacts): Entry[] | undefined {
    let { slots, gapped } = shortage
    if (slots <= 0 && gapped <= 0) return []
    const taken: { queue: SenderQueue; entry: Entry }[] = []
    this.#unrank(newcomer.queue)
    while (slots > 0 || gapped > 0) {
      const queue = this.#victimFor(newcomer)
      const wasGapped = (queue?.gapped ?? 0) > 0
      const entry = queue?.takeTail()
      if (queue === undefined || entry === undefined) break
      this.update(queue)
      taken.push({ queue, entry })
      slots -= entry.slots
      if (wasGapped) gapped--
    }
    const isMet = slots <= 0 && gapped <= 0
    if (!isMet) {
      for (const { queue, entry } of taken.reverse()) {
        const { position } = queue.put(entry)
        queue.settle(facts, position)
        this.update(queue)
      }
    }
    this.update(newcomer.queue)
    return isMet ? taken.map(({ entry }) => entry) : undefined
  }

  /** Takes out the worst gapped transaction. */
  takeGapped(): Entry | undefined {
    const queue = this.#withGap.peek()
    const entry = queue?.takeTail()
    if (queue !== undefined) this.update(queue)
    return entry
  }

  #victimFor(newcomer: Newcomer): SenderQueue | undefined {
    const gapped = this.#withGap.peek()
    if (gapped !== undefined) {
      return newcomer.isExecutable || paysLess(gapped, newcomer) ? gapped : undefined
    }
    const executable = this.#executable.peek()
    const mayPush = newcomer.isExecutable && executable !== undefined && paysLess(executable, newcomer)
    return mayPush ? executable : undefined
  }

  #unrank(queue: SenderQueue): void {
    this.#withGap.delete(queue)
    this.#executable.delete(queue)
  }
}

function paysLess(queue: SenderQueue, newcomer: Newcomer): boolean {
  return queue.tail !== undefined && queue.tail.floorTipWei < newcomer.floorTipWei
}

function isCheaper(a: SenderQueue, b: SenderQueue): boolean {
  const [first, second] = [a.tail, b.tail]
  if (first === undefined || second === undefined) return false
  if (first.floorTipWei !== second.floorTipWei) return first.floorTipWei < second.floorTipWei
  return first.sequence > second.sequence
}
