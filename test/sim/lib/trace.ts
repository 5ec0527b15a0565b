/** A running 64-bit hash over everything that happens; equal runs have equal traces. */
export class Trace {
  #a = 0x9e37_79b9
  #b = 0x85eb_ca6b
  /** Bytes that many are sent are hashed once. */
  #lastBytes: Uint8Array | null = null
  #lastHash = 0
  events = 0

  add(timeMs: number, what: string, bytes: Uint8Array | null = null): void {
    this.events++
    this.#mix(timeMs % 2 ** 31)
    for (let at = 0; at < what.length; at++) this.#mix(what.charCodeAt(at))
    if (bytes !== null) this.#mix(this.#hashOf(bytes))
  }

  digest(): string {
    const word = (value: number) => (value >>> 0).toString(16).padStart(8, '0')
    return word(this.#a) + word(this.#b)
  }

  #hashOf(bytes: Uint8Array): number {
    if (this.#lastBytes === bytes) return this.#lastHash
    let hash = bytes.length
    for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x0100_0193)
    this.#lastBytes = bytes
    this.#lastHash = hash
    return hash
  }

  #mix(value: number): void {
    this.#a = Math.imul(this.#a ^ value, 0x0100_0193)
    this.#b = Math.imul((this.#b << 13) | (this.#b >>> 19), 5) ^ this.#a
  }
}
