import { limits } from '../config/limits.ts'
import { invariant, NodeError } from '../errors/errors.ts'
import { bigIntToBytes, concatBytes } from '../primitives/bytes.ts'
import { bytesToHex, type Hash, hexToBytes } from '../primitives/hex.ts'
import { keccak256 } from '../primitives/keccak.ts'
import type { Logger } from '../runtime/logger.ts'

/** Blocks that one hash chain lasts for, unless a key file says otherwise. */
export const REVEAL_CHAIN_LENGTH = 65_536
/** Hashes between two values that are kept: a reveal costs at most this many hashes. */
const SEGMENT = 256
/** The operator is reminded when this part of a chain is left, and at each SEGMENT of reveals from then on. */
const LOW_PART = 8

/** One hash chain: value 0 is secret, value i + 1 = keccak256(value i), the last is the tip that Staking holds. */
class HashChain {
  readonly tip: Hash
  readonly #kept: Uint8Array[] = []
  readonly #indexOf = new Map<Hash, number>()

  constructor(seed: Uint8Array, length: number) {
    let value = keccak256(seed)
    for (let index = 0; index < length; index++) {
      if (index % SEGMENT === 0) this.#keep(index, value)
      value = keccak256(value)
    }
    this.tip = bytesToHex(value)
    this.#indexOf.set(this.tip, length)
  }

  #keep(index: number, value: Uint8Array): void {
    this.#kept.push(value)
    this.#indexOf.set(bytesToHex(value), index)
  }

  /** Where in the chain a value is: hashed on, it meets one that was kept. */
  find(wanted: Hash): number | undefined {
    let value = hexToBytes(wanted)
    for (let step = 0; step < SEGMENT; step++) {
      const index = this.#indexOf.get(bytesToHex(value))
      if (index !== undefined) return index - step
      value = keccak256(value)
    }
    return undefined
  }

  valueAt(index: number): Uint8Array {
    const kept = this.#kept[Math.floor(index / SEGMENT)]
    invariant(kept !== undefined, 'A value lies within its chain.')
    let value = kept
    for (let step = 0; step < index % SEGMENT; step++) value = keccak256(value)
    return value
  }
}

export interface RevealChainOptions {
  readonly length?: number | undefined
  readonly logger?: Logger
}

/**
 * What a validator reveals, block by block: the preimage of the tip in Staking, which becomes the next tip. One seed
 * gives many hash chains, its generations. Before one is used up the operator registers the tip of the next
 * (`openledger validator set-randomness`); the node, which knows the seed, finds by the tip alone which one holds, so it
 * needs neither the operator's key nor a restart.
 */
export class RevealChain {
  readonly #seed: Uint8Array
  readonly #length: number
  readonly #logger: Logger | undefined
  /** By generation, made when they are first looked at. */
  readonly #chains = new Map<number, HashChain>()
  #remaining: number

  constructor(seed: Uint8Array, options: RevealChainOptions = {}) {
    this.#seed = seed
    this.#length = options.length ?? REVEAL_CHAIN_LENGTH
    this.#logger = options.logger
    this.#remaining = this.#length
  }

  /** The tip of the first generation. */
  get tip(): Hash {
    return this.tipOf(0)
  }

  /** The tip of a generation; BAD_CONFIG for one that a validator would not look for. */
  tipOf(generation: number): Hash {
    if (generation >= limits.revealGenerations) {
      throw new NodeError(
        'BAD_CONFIG',
        'The seed has no further hash chain: give the node a new reveal seed.',
      )
    }
    return this.#chain(generation).tip
  }

  /** The generation and what is left of it after a tip; undefined for a tip that is not of this seed. */
  find(tip: Hash): { readonly generation: number; readonly remaining: number } | undefined {
    // those that were made already first: making one is what takes time
    for (const [generation, chain] of this.#chains) {
      const remaining = chain.find(tip)
      if (remaining !== undefined) return { generation, remaining }
    }
    for (let generation = 0; generation < limits.revealGenerations; generation++) {
      if (this.#chains.has(generation)) continue
      const remaining = this.#chain(generation).find(tip)
      if (remaining !== undefined) return { generation, remaining }
    }
    return undefined
  }

  /** The preimage of the tip that the chain's state holds. */
  revealFor(tip: Hash): Uint8Array {
    const found = this.find(tip)
    if (found === undefined) {
      throw new NodeError('BAD_CONFIG', 'The randomness tip in Staking is not of this validator’s seed.')
    }
    const { generation, remaining } = found
    if (remaining === 0) {
      throw new NodeError('BAD_CONFIG', 'The hash chain is used up: register a new randomness tip.')
    }
    this.#remaining = remaining
    if (remaining < this.#length / LOW_PART && remaining % SEGMENT === 0) {
      this.#logger?.warn(
        { remaining },
        'the hash chain ends soon; the operator shall run: openledger validator set-randomness',
      )
    }
    return this.#chain(generation).valueAt(remaining - 1)
  }

  /** Reveals left of the chain that was used last. */
  get remaining(): number {
    return this.#remaining
  }

  #chain(generation: number): HashChain {
    let chain = this.#chains.get(generation)
    if (chain === undefined) {
      chain = new HashChain(this.#seedOf(generation), this.#length)
      this.#chains.set(generation, chain)
    }
    return chain
  }

  #seedOf(generation: number): Uint8Array {
    if (generation === 0) return this.#seed
    return keccak256(concatBytes(this.#seed, bigIntToBytes(BigInt(generation), 32)))
  }
}
