import type { Address, Hash } from '../primitives/hex.ts'

export interface AccountRecord {
  readonly nonce: bigint
  readonly balanceWei: bigint
  readonly codeHash: Hash
  /** Root of the account's storage trie as of the last computed state root; stale while a block runs. */
  readonly storageRoot: Hash
}

/** The synchronous face of a state: what precompiles, calls and a faster EVM read. */
export interface StateReader {
  account(address: Address): AccountRecord | undefined
  /** Zero when never written. `slot` is the 32-byte key as Solidity computes it (not hashed again). */
  storage(address: Address, slot: Hash): bigint
  /** Empty for an account without code. */
  code(codeHash: Hash): Uint8Array
}

/**
 * All changes of a block (or of any run of execution) against its parent state. Maps are in byte order of their
 * keys. Every address with changed slots or cleared storage has a record in `accounts`, whose storage root is the
 * parent's (the empty root after a clear) until the state root is computed.
 */
export interface StateDiff {
  /** A null account is deleted, with all its storage; it has no entry in the two fields below. */
  readonly accounts: ReadonlyMap<Address, AccountRecord | null>
  /** Accounts whose storage was cleared before the slots below were written. */
  readonly clearedStorage: ReadonlySet<Address>
  /** A slot set to zero is a deletion. */
  readonly storage: ReadonlyMap<Address, ReadonlyMap<Hash, bigint>>
  readonly codes: ReadonlyMap<Hash, Uint8Array>
}
