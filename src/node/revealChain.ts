import { NodeError } from '../errors/errors.ts'
import { equalBytes } from '../primitives/bytes.ts'
import { bytesToHex, type Hash, hexToBytes } from '../primitives/hex.ts'
import { keccak256 } from '../primitives/keccak.ts'

/** Blocks that one hash chain lasts for; a validator registers a new tip before it ends. */
export const REVEAL_CHAIN_LENGTH = 65_536
const HASH_BYTES = 32

/**
 * A validator's hash chain: value 0 is the secret seed, value i+1 = keccak256(value i), the last is the tip that
 * Staking holds. Each block of the validator reveals the preimage of the current tip, which becomes the next tip.
 */
export class RevealChain {
  readonly #values: Uint8Array
  #searchFrom: number

  constructor(seed: Uint8Array, length: number = REVEAL_CHAIN_LENGTH) {
    this.#values = new Uint8Array((length + 1) * HASH_BYTES)
    let value = keccak256(seed)
    for (let index = 0; index <= length; index++) {
      this.#values.set(value, index * HASH_BYTES)
      value = keccak256(value)
    }
    this.#searchFrom = length
  }

  get tip(): Hash {
    return bytesToHex(this.#at(this.#values.length / HASH_BYTES - 1))
  }

  /** The preimage of the tip that the chain's state holds. */
  revealFor(tip: Hash): Uint8Array {
    const wanted = hexToBytes(tip)
    for (let step = 0; step < this.#values.length / HASH_BYTES; step++) {
      const index = this.#searchFrom - step
      const at = index >= 0 ? index : index + this.#values.length / HASH_BYTES
      if (!equalBytes(this.#at(at), wanted)) continue
      if (at === 0)
        throw new NodeError('BAD_CONFIG', 'The hash chain is used up: register a new randomness tip.')
      this.#searchFrom = at
      return Uint8Array.from(this.#at(at - 1))
    }
    throw new NodeError('BAD_CONFIG', 'The randomness tip in Staking is not of this validator’s hash chain.')
  }

  /** Reveals left before a new tip must be registered, counted from the last one found. */
  get remaining(): number {
    return this.#searchFrom
  }

  #at(index: number): Uint8Array {
    return this.#values.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES)
  }
}
