import { createCipheriv } from 'node:crypto'
import { invariant } from '../errors/errors.ts'
import { type Hash, hexToBytes } from '../primitives/hex.ts'

const BLOCK_BYTES = 4096

/**
 * The ChaCha20 keystream (RFC 8439, section 2.4) with the seed as key, a zero nonce and a block counter that starts
 * at 0. Bytes are the same on every machine, in every language that has the cipher.
 */
export function keystream(seed: Hash, length: number): Uint8Array {
  return Uint8Array.from(cipherOf(seed).update(new Uint8Array(length)))
}

/** Numbers drawn from the keystream of a seed. Pure: the same seed and the same calls give the same draws. */
export class SeededStream {
  readonly #cipher: ReturnType<typeof createCipheriv>
  #block: Uint8Array = new Uint8Array(0)
  #at = 0

  constructor(seed: Hash) {
    this.#cipher = cipherOf(seed)
  }

  /** Four keystream bytes, little endian. */
  uint32(): number {
    if (this.#at === this.#block.length) {
      this.#block = this.#cipher.update(new Uint8Array(BLOCK_BYTES))
      this.#at = 0
    }
    const value = new DataView(this.#block.buffer, this.#block.byteOffset + this.#at, 4).getUint32(0, true)
    this.#at += 4
    return value
  }

  /** An integer from 0 to `bound` − 1, all equally likely: draws beyond the last whole multiple are thrown away. */
  below(bound: number): number {
    invariant(Number.isInteger(bound) && bound >= 1 && bound <= 0x1_0000_0000, 'a bound from 1 to 2^32')
    const limit = 0x1_0000_0000 - (0x1_0000_0000 % bound)
    for (;;) {
      const draw = this.uint32()
      if (draw < limit) return draw % bound
    }
  }

  /** At least 0, below 1, in steps of 2^−32. */
  fraction(): number {
    return this.uint32() / 0x1_0000_0000
  }

  /** A shuffled copy (Fisher and Yates, from the last place to the first). */
  shuffle<Item>(items: readonly Item[]): Item[] {
    const shuffled = [...items]
    for (let last = shuffled.length - 1; last > 0; last--) {
      const pick = this.below(last + 1)
      const moved = shuffled[last]
      const picked = shuffled[pick]
      if (moved === undefined || picked === undefined) continue
      shuffled[last] = picked
      shuffled[pick] = moved
    }
    return shuffled
  }
}

function cipherOf(seed: Hash): ReturnType<typeof createCipheriv> {
  // OpenSSL's 16 bytes are a little-endian counter of 4 bytes and the nonce of 12
  return createCipheriv('chacha20', hexToBytes(seed), new Uint8Array(16))
}
