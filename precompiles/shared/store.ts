import { invariant } from '../../src/errors/errors.ts'
import type { Address, Hash } from '../../src/primitives/hex.ts'
import type { PrecompileHost } from '../host.ts'
import { gasPrices } from './gas.ts'

/** Slots that can be read, and the metered hash that finds them. */
export interface SlotReader {
  load(slot: bigint): bigint
  hash(data: Uint8Array): Hash
}

/**
 * The precompile's own storage during one call. Each slot is read from the host once and written once, at the end, in
 * the order of first writing. So a batch pays once for what its parts share.
 */
export class Store implements SlotReader {
  readonly #host: PrecompileHost
  readonly #loaded = new Map<bigint, bigint>()
  readonly #written = new Map<bigint, bigint>()

  constructor(host: PrecompileHost) {
    this.#host = host
  }

  get isDirty(): boolean {
    return this.#written.size > 0
  }

  load(slot: bigint): bigint {
    const known = this.#written.get(slot) ?? this.#loaded.get(slot)
    if (known !== undefined) {
      this.#host.useGas(gasPrices.cachedSlot)
      return known
    }
    const value = this.#host.sload(slot)
    this.#loaded.set(slot, value)
    return value
  }

  save(slot: bigint, value: bigint): void {
    invariant(value >= 0n && value >> 256n === 0n, 'a slot holds 256 bits')
    this.#host.useGas(gasPrices.cachedSlot)
    this.#written.set(slot, value)
  }

  hash(data: Uint8Array): Hash {
    return this.#host.keccak(data)
  }

  /** Writes what changed; a slot that holds its old value again costs nothing. */
  flush(): void {
    for (const [slot, value] of this.#written) {
      if (this.#loaded.get(slot) === value) continue
      this.#host.sstore(slot, value)
      this.#loaded.set(slot, value)
    }
    this.#written.clear()
  }
}

/** Another account's storage during one call, read only. */
export class ForeignStore implements SlotReader {
  readonly #host: PrecompileHost
  readonly account: Address
  readonly #loaded = new Map<bigint, bigint>()

  constructor(host: PrecompileHost, account: Address) {
    this.#host = host
    this.account = account
  }

  load(slot: bigint): bigint {
    const known = this.#loaded.get(slot)
    if (known !== undefined) {
      this.#host.useGas(gasPrices.cachedSlot)
      return known
    }
    const value = this.#host.sloadOf(this.account, slot)
    this.#loaded.set(slot, value)
    return value
  }

  hash(data: Uint8Array): Hash {
    return this.#host.keccak(data)
  }
}
