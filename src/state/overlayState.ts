import type { Address, Hash } from '../primitives/hex.ts'
import type { AccountRecord, StateDiff, StateReader } from './types.ts'

/** A parent state with a diff on top: a candidate block's state before it is decided. */
export class OverlayState implements StateReader {
  readonly #parent: StateReader
  readonly #diff: StateDiff

  /** The diff of a `StateRootResult`, whose storage roots are final, when another block is to follow. */
  constructor(parent: StateReader, diff: StateDiff) {
    this.#parent = parent
    this.#diff = diff
  }

  account(address: Address): AccountRecord | undefined {
    const changed = this.#diff.accounts.get(address)
    return changed === undefined ? this.#parent.account(address) : (changed ?? undefined)
  }

  storage(address: Address, slot: Hash): bigint {
    if (this.#diff.accounts.get(address) === null) return 0n
    const changed = this.#diff.storage.get(address)?.get(slot)
    if (changed !== undefined) return changed
    return this.#diff.clearedStorage.has(address) ? 0n : this.#parent.storage(address, slot)
  }

  code(codeHash: Hash): Uint8Array {
    return this.#diff.codes.get(codeHash) ?? this.#parent.code(codeHash)
  }
}
