/** Numbers that follow from a seed (mulberry32): a failing input is made again from its seed and its number. */
export class SeededRandom {
  #state: number

  constructor(...seeds: readonly number[]) {
    this.#state = 0x9e37_79b9
    for (const seed of seeds) {
      this.#state = (this.#state ^ seed) >>> 0
      this.#next()
    }
  }

  /** From 0 to `below` − 1. */
  below(below: number): number {
    return Math.floor((this.#next() / 2 ** 32) * below)
  }

  oneIn(count: number): boolean {
    return this.below(count) === 0
  }

  pick<T>(list: readonly T[]): T {
    const chosen = list[this.below(list.length)]
    if (chosen === undefined) throw new Error('nothing to choose from')
    return chosen
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256))
  }

  #next(): number {
    this.#state = (this.#state + 0x6d2b_79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
}
