import { invariant } from '../errors/errors.ts'
import type { Address, Hash } from '../primitives/hex.ts'
import { EMPTY_CODE_HASH, EMPTY_TRIE_ROOT, keccakHex } from '../primitives/keccak.ts'
import { ReadCache } from './readCache.ts'
import type { AccountRecord, StateDiff, StateReader } from './types.ts'

/** What execution sets; the journal itself keeps the storage root. */
export type AccountFields = Omit<AccountRecord, 'storageRoot'>

type Slots = Map<Hash, bigint>

/** What takes one change back. */
type Undo =
  | {
      readonly kind: 'account'
      readonly address: Address
      readonly previous: AccountRecord | null | undefined
    }
  | {
      readonly kind: 'slot'
      readonly slots: Slots
      readonly slot: Hash
      readonly previous: bigint | undefined
    }
  | { readonly kind: 'clear'; readonly address: Address; readonly slots: Slots; readonly wasCleared: boolean }
  | { readonly kind: 'code'; readonly codeHash: Hash }

/** An account's storage as it stood before its first clear in a transaction. */
interface BeforeClear {
  readonly slots: Slots
  readonly wasCleared: boolean
}

const WORD_LIMIT = 1n << 256n
const NONCE_LIMIT = 1n << 64n

/**
 * A mutable state on top of a parent that does not change meanwhile. A revert walks an undo log backwards: its cost
 * is that of the changes it takes back. Storage belongs to an account that exists; deleting the account deletes it.
 */
export class StateJournal implements StateReader {
  readonly #parent: StateReader
  readonly #reads: ReadCache
  /** Null: deleted. */
  readonly #accounts = new Map<Address, AccountRecord | null>()
  readonly #storage = new Map<Address, Slots>()
  readonly #cleared = new Set<Address>()
  readonly #codes = new Map<Hash, Uint8Array>()

  readonly #undo: Undo[] = []
  /** Length of the undo log at each open checkpoint. */
  readonly #checkpoints: number[] = []

  /** Values at the start of the transaction of slots written since. */
  readonly #originals = new Map<Address, Slots>()
  readonly #beforeClear = new Map<Address, BeforeClear>()

  constructor(parent: StateReader) {
    this.#parent = parent
    this.#reads = new ReadCache(parent)
  }

  account(address: Address): AccountRecord | undefined {
    const changed = this.#accounts.get(address)
    return changed === undefined ? this.#reads.account(address) : (changed ?? undefined)
  }

  storage(address: Address, slot: Hash): bigint {
    const changed = this.#storage.get(address)?.get(slot)
    if (changed !== undefined) return changed
    return this.#cleared.has(address) ? 0n : this.#reads.storage(address, slot)
  }

  code(codeHash: Hash): Uint8Array {
    return this.#codes.get(codeHash) ?? this.#reads.code(codeHash)
  }

  /** Creates the account or changes it. An account that is empty by EIP-161 stays until it is deleted. */
  setAccount(address: Address, fields: AccountFields): void {
    const { nonce, balanceWei, codeHash } = fields
    invariant(nonce >= 0n && nonce < NONCE_LIMIT, 'A nonce has 64 bits (EIP-2681).')
    invariant(balanceWei >= 0n && balanceWei < WORD_LIMIT, 'A balance has 256 bits.')
    const storageRoot = this.account(address)?.storageRoot ?? EMPTY_TRIE_ROOT
    this.#putAccount(address, { nonce, balanceWei, codeHash, storageRoot })
  }

  /** Deletes the account with its storage; of one that does not exist, does nothing. */
  deleteAccount(address: Address): void {
    if (this.account(address) === undefined) return
    this.#clear(address)
    this.#putAccount(address, null)
  }

  /** A value of zero deletes the slot. The account must exist. */
  setStorage(address: Address, slot: Hash, value: bigint): void {
    invariant(value >= 0n && value < WORD_LIMIT, 'A slot has 256 bits.')
    invariant(this.account(address) !== undefined, 'Storage belongs to an account that exists.')
    this.#keepOriginal(address, slot)
    let slots = this.#storage.get(address)
    if (slots === undefined) {
      slots = new Map()
      this.#storage.set(address, slots)
    }
    this.#log({ kind: 'slot', slots, slot, previous: slots.get(slot) })
    slots.set(slot, value)
  }

  /** Empties the account's storage; of one that does not exist, does nothing. */
  clearStorage(address: Address): void {
    const account = this.account(address)
    if (account === undefined) return
    this.#clear(address)
    if (account.storageRoot !== EMPTY_TRIE_ROOT) {
      this.#putAccount(address, { ...account, storageRoot: EMPTY_TRIE_ROOT })
    }
  }

  /** Gives the account this code, creates the account where it does not exist, and returns the code's hash. */
  setCode(address: Address, code: Uint8Array): Hash {
    const codeHash = keccakHex(code)
    if (codeHash !== EMPTY_CODE_HASH && !this.#codes.has(codeHash)) {
      this.#log({ kind: 'code', codeHash })
      this.#codes.set(codeHash, code.slice())
    }
    this.setAccount(address, { ...(this.account(address) ?? { nonce: 0n, balanceWei: 0n }), codeHash })
    return codeHash
  }

  /** `originalStorage` answers with the values of now from here on. */
  beginTransaction(): void {
    this.#originals.clear()
    this.#beforeClear.clear()
  }

  /** The slot at the start of the transaction, whatever was set, cleared or reverted since (EIP-2200). */
  originalStorage(address: Address, slot: Hash): bigint {
    const original = this.#originals.get(address)?.get(slot)
    if (original !== undefined) return original
    const before = this.#beforeClear.get(address)
    if (before === undefined) return this.storage(address, slot)
    const written = before.slots.get(slot)
    if (written !== undefined) return written
    return before.wasCleared ? 0n : this.#reads.storage(address, slot)
  }

  /** Number of open checkpoints. */
  get depth(): number {
    return this.#checkpoints.length
  }

  checkpoint(): void {
    this.#checkpoints.push(this.#undo.length)
  }

  /** Closes the newest checkpoint and keeps the changes since; an outer checkpoint can still take them back. */
  commit(): void {
    invariant(this.#checkpoints.pop() !== undefined, 'A commit ends a checkpoint.')
    if (this.#checkpoints.length === 0) this.#undo.length = 0
  }

  /** Closes the newest checkpoint and takes back the changes since. */
  revert(): void {
    const mark = this.#checkpoints.pop()
    invariant(mark !== undefined, 'A revert ends a checkpoint.')
    while (this.#undo.length > mark) {
      const undo = this.#undo.pop()
      if (undo !== undefined) this.#takeBack(undo)
    }
  }

  /** The net changes against the parent: what ends as it began is left out. */
  diff(): StateDiff {
    const accounts = new Map<Address, AccountRecord | null>()
    const clearedStorage = new Set<Address>()
    const storage = new Map<Address, ReadonlyMap<Hash, bigint>>()
    const codes = new Map<Hash, Uint8Array>()
    const touched = new Set([...this.#accounts.keys(), ...this.#storage.keys(), ...this.#cleared])
    for (const address of [...touched].sort()) {
      const before = this.#reads.account(address)
      const after = this.account(address)
      if (after === undefined) {
        if (before !== undefined) accounts.set(address, null)
        continue
      }
      const isCleared = before !== undefined && this.#cleared.has(address)
      const slots = this.#changedSlots(address)
      if (!isCleared && slots.size === 0 && before !== undefined && isSame(before, after)) continue
      accounts.set(address, after)
      if (isCleared) clearedStorage.add(address)
      if (slots.size > 0) storage.set(address, slots)
      const code = this.#codes.get(after.codeHash)
      if (code !== undefined) codes.set(after.codeHash, code)
    }
    return { accounts, clearedStorage, storage, codes: sorted(codes) }
  }

  /** An independent journal over the same parent with all changes so far, without checkpoints, in no transaction. */
  fork(): StateJournal {
    const copy = new StateJournal(this.#parent)
    for (const [address, account] of this.#accounts) copy.#accounts.set(address, account)
    for (const [address, slots] of this.#storage) copy.#storage.set(address, new Map(slots))
    for (const address of this.#cleared) copy.#cleared.add(address)
    for (const [codeHash, code] of this.#codes) copy.#codes.set(codeHash, code)
    return copy
  }

  #putAccount(address: Address, account: AccountRecord | null): void {
    this.#log({ kind: 'account', address, previous: this.#accounts.get(address) })
    this.#accounts.set(address, account)
  }

  #clear(address: Address): void {
    const slots = this.#storage.get(address) ?? new Map<Hash, bigint>()
    const wasCleared = this.#cleared.has(address)
    if (!this.#beforeClear.has(address)) this.#beforeClear.set(address, { slots, wasCleared })
    this.#log({ kind: 'clear', address, slots, wasCleared })
    this.#storage.set(address, new Map())
    this.#cleared.add(address)
  }

  #keepOriginal(address: Address, slot: Hash): void {
    let originals = this.#originals.get(address)
    if (originals === undefined) {
      originals = new Map()
      this.#originals.set(address, originals)
    }
    if (!originals.has(slot)) originals.set(slot, this.originalStorage(address, slot))
  }

  #changedSlots(address: Address): ReadonlyMap<Hash, bigint> {
    const isCleared = this.#cleared.has(address)
    const changed = [...(this.#storage.get(address) ?? [])].filter(
      ([slot, value]) => value !== (isCleared ? 0n : this.#reads.storage(address, slot)),
    )
    return sorted(new Map(changed))
  }

  #log(undo: Undo): void {
    if (this.#checkpoints.length > 0) this.#undo.push(undo)
  }

  #takeBack(undo: Undo): void {
    switch (undo.kind) {
      case 'account':
        if (undo.previous === undefined) this.#accounts.delete(undo.address)
        else this.#accounts.set(undo.address, undo.previous)
        return
      case 'slot':
        if (undo.previous === undefined) undo.slots.delete(undo.slot)
        else undo.slots.set(undo.slot, undo.previous)
        return
      case 'clear':
        this.#storage.set(undo.address, undo.slots)
        if (!undo.wasCleared) this.#cleared.delete(undo.address)
        return
      case 'code':
        this.#codes.delete(undo.codeHash)
        return
    }
  }
}

function isSame(a: AccountRecord, b: AccountRecord): boolean {
  return (
    a.nonce === b.nonce &&
    a.balanceWei === b.balanceWei &&
    a.codeHash === b.codeHash &&
    a.storageRoot === b.storageRoot
  )
}

function sorted<K extends string, V>(map: ReadonlyMap<K, V>): Map<K, V> {
  return new Map([...map].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
}
