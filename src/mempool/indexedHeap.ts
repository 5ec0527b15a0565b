/** A binary heap that finds its items again, so that an item whose rank changed moves in O(log n). */
export class IndexedHeap<T> {
  readonly #isBefore: (a: T, b: T) => boolean
  readonly #items: T[] = []
  readonly #positions = new Map<T, number>()

  /** `isBefore` is a strict order; the item before all others is on top. */
  constructor(isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore
  }

  get size(): number {
    return this.#items.length
  }

  peek(): T | undefined {
    return this.#items[0]
  }

  has(item: T): boolean {
    return this.#positions.has(item)
  }

  /** Puts the item in, or moves it to where its present rank belongs. */
  set(item: T): void {
    const known = this.#positions.get(item)
    const position = known ?? this.#items.length
    if (known === undefined) this.#place(item, position)
    this.#down(this.#up(position))
  }

  delete(item: T): boolean {
    const position = this.#positions.get(item)
    if (position === undefined) return false
    const last = this.#items.pop()
    this.#positions.delete(item)
    if (last !== undefined && last !== item) {
      this.#place(last, position)
      this.#down(this.#up(position))
    }
    return true
  }

  /** Restores the order after the ranks of many items changed: O(n). */
  reorder(): void {
    for (let position = (this.#items.length >> 1) - 1; position >= 0; position--) this.#down(position)
  }

  #place(item: T, position: number): void {
    this.#items[position] = item
    this.#positions.set(item, position)
  }

  #up(start: number): number {
    let position = start
    while (position > 0) {
      const parent = (position - 1) >> 1
      if (!this.#swapIfBefore(position, parent)) break
      position = parent
    }
    return position
  }

  #down(start: number): void {
    let position = start
    for (;;) {
      const left = 2 * position + 1
      if (left >= this.#items.length) return
      const child = left + 1 < this.#items.length && this.#before(left + 1, left) ? left + 1 : left
      if (!this.#swapIfBefore(child, position)) return
      position = child
    }
  }

  #before(a: number, b: number): boolean {
    const [first, second] = [this.#items[a], this.#items[b]]
    return first !== undefined && second !== undefined && this.#isBefore(first, second)
  }

  #swapIfBefore(child: number, parent: number): boolean {
    const [lower, upper] = [this.#items[child], this.#items[parent]]
    if (lower === undefined || upper === undefined || !this.#isBefore(lower, upper)) return false
    this.#place(lower, parent)
    this.#place(upper, child)
    return true
  }
}
