/** Bytes that several holders have at a time; over the bound the one that holds most must go. */
export class FrameBudget<Holder> {
  readonly #maxBytes: number
  readonly #held = new Map<Holder, number>()
  #totalBytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get totalBytes(): number {
    return this.#totalBytes
  }

  /** What `holder` holds from now on. Returns who must go so that all fits again; it holds nothing any more. */
  set(holder: Holder, bytes: number): Holder | undefined {
    this.#totalBytes += bytes - (this.#held.get(holder) ?? 0)
    if (bytes === 0) this.#held.delete(holder)
    else this.#held.set(holder, bytes)
    if (this.#totalBytes <= this.#maxBytes) return undefined
    let largest = holder
    for (const [other, held] of this.#held) if (held > (this.#held.get(largest) ?? 0)) largest = other
    this.set(largest, 0)
    return largest
  }
}
