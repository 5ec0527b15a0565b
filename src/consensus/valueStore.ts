import type { Hash } from '../primitives/hex.ts'

/** Envelopes of the height in work, by block hash; when full, the oldest that nobody needs makes room. */
export class ValueStore {
  readonly #max: number
  readonly #envelopes = new Map<Hash, Uint8Array>()

  constructor(max: number) {
    this.#max = max
  }

  get(blockHash: Hash): Uint8Array | undefined {
    return this.#envelopes.get(blockHash)
  }

  has(blockHash: Hash): boolean {
    return this.#envelopes.has(blockHash)
  }

  hashes(): Hash[] {
    return [...this.#envelopes.keys()]
  }

  /** `needed`: hashes that must stay. */
  put(blockHash: Hash, envelope: Uint8Array, needed: ReadonlySet<Hash>): void {
    this.#envelopes.set(blockHash, envelope)
    for (const old of this.#envelopes.keys()) {
      if (this.#envelopes.size <= this.#max) return
      if (old !== blockHash && !needed.has(old)) this.#envelopes.delete(old)
    }
  }

  clear(): void {
    this.#envelopes.clear()
  }
}
