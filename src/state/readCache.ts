import { limits } from '../config/limits.ts'
import type { Address, Hash } from '../primitives/hex.ts'
import type { AccountRecord, StateReader } from './types.ts'

/**
 * Remembers what it read from a state that does not change meanwhile. Bounded: full, it forgets everything and
 * starts again, so an answer never depends on what is remembered.
 */
export class ReadCache implements StateReader {
  readonly #parent: StateReader
  readonly #maxEntries: number
  readonly #accounts = new Map<Address, AccountRecord | null>()
  readonly #slots = new Map<Address, Map<Hash, bigint>>()
  #entries = 0

  constructor(parent: StateReader, maxEntries: number = limits.stateReadCacheEntries) {
    this.#parent = parent
    this.#maxEntries = maxEntries
  }

  account(address: Address): AccountRecord | undefined {
    const known = this.#accounts.get(address)
    if (known !== undefined) return known ?? undefined
    const account = this.#parent.account(address)
    this.#makeRoom()
    this.#accounts.set(address, account ?? null)
    return account
  }

  storage(address: Address, slot: Hash): bigint {
    const known = this.#slots.get(address)?.get(slot)
    if (known !== undefined) return known
    const value = this.#parent.storage(address, slot)
    this.#makeRoom()
    let slots = this.#slots.get(address)
    if (slots === undefined) {
      slots = new Map()
      this.#slots.set(address, slots)
    }
    slots.set(slot, value)
    return value
  }

  /** Not remembered: codes are large, and the interpreter keeps the one that runs. */
  code(codeHash: Hash): Uint8Array {
    return this.#parent.code(codeHash)
  }

  #makeRoom(): void {
    if (this.#entries >= this.#maxEntries) {
      this.#accounts.clear()
      this.#slots.clear()
      this.#entries = 0
    }
    this.#entries++
  }
}
