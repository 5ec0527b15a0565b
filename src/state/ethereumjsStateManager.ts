import type { AccountFields as AccountChanges, StateManagerInterface } from '@ethereumjs/common'
import {
  Account,
  bytesToBigInt,
  type Address as EvmAddress,
  KECCAK256_NULL,
  KECCAK256_RLP,
} from '@ethereumjs/util'
import { NodeError } from '../errors/errors.ts'
import { bigIntToMinimalBytes } from '../primitives/bytes.ts'
import { type Address, bytesToHex, type Hash, hexToBytes } from '../primitives/hex.ts'
import { EMPTY_CODE_HASH, EMPTY_TRIE_ROOT, keccak256 } from '../primitives/keccak.ts'
import type { KvReader } from '../storage/kv.ts'
import type { StateJournal } from './stateJournal.ts'
import { computeStateRoot } from './stateRoot.ts'
import type { AccountRecord } from './types.ts'

/** Where the journal's parent state lies; with it the manager can tell state roots. */
export interface RootSource {
  readonly kv: KvReader
  readonly parentRoot: Hash
}

const SLOT_BYTES = 32

/**
 * The face of a journal that `@ethereumjs/vm` knows; the only file that knows theirs.
 *
 * - Storage roots in accounts are those of the parent state, or empty: a journal has no others. The EVM reads them
 *   only to see whether a new contract's address has storage already (EIP-7610).
 * - The original values of EIP-2200 last until `originalStorageCache.clear`, which `runTx` calls, or until the
 *   outermost checkpoint ends. Who runs several calls under one checkpoint calls `journal.beginTransaction` between.
 * - A state root within a block costs a pass over all changes so far. `runBlock` and receipts before Byzantium ask
 *   for it; it needs a `RootSource`.
 */
export class EthereumjsStateManager implements StateManagerInterface {
  readonly journal: StateJournal
  readonly originalStorageCache: StateManagerInterface['originalStorageCache']
  readonly #roots: RootSource | undefined

  constructor(journal: StateJournal, roots?: RootSource) {
    this.journal = journal
    this.#roots = roots
    this.originalStorageCache = {
      get: async (address, key) =>
        bigIntToMinimalBytes(journal.originalStorage(nameOf(address), slotOf(key))),
      clear: () => journal.beginTransaction(),
    }
  }

  async getAccount(address: EvmAddress): Promise<Account | undefined> {
    const record = this.journal.account(nameOf(address))
    return record === undefined ? undefined : toEvmAccount(record)
  }

  async putAccount(address: EvmAddress, account?: Account): Promise<void> {
    if (account === undefined) return this.deleteAccount(address)
    this.journal.setAccount(nameOf(address), {
      nonce: account.nonce,
      balanceWei: account.balance,
      codeHash: bytesToHex(account.codeHash),
    })
  }

  async deleteAccount(address: EvmAddress): Promise<void> {
    this.journal.deleteAccount(nameOf(address))
  }

  async modifyAccountFields(address: EvmAddress, changes: AccountChanges): Promise<void> {
    const name = nameOf(address)
    const { nonce, balanceWei, codeHash } = this.journal.account(name) ?? NEW_ACCOUNT
    this.journal.setAccount(name, {
      nonce: changes.nonce ?? nonce,
      balanceWei: changes.balance ?? balanceWei,
      codeHash: changes.codeHash === undefined ? codeHash : bytesToHex(changes.codeHash),
    })
  }

  async putCode(address: EvmAddress, code: Uint8Array): Promise<void> {
    this.journal.setCode(nameOf(address), code)
  }

  async getCode(address: EvmAddress): Promise<Uint8Array> {
    const account = this.journal.account(nameOf(address))
    return this.journal.code(account?.codeHash ?? EMPTY_CODE_HASH)
  }

  async getCodeSize(address: EvmAddress): Promise<number> {
    return (await this.getCode(address)).length
  }

  /** Without leading zeros; empty for zero. */
  async getStorage(address: EvmAddress, key: Uint8Array): Promise<Uint8Array> {
    return bigIntToMinimalBytes(this.journal.storage(nameOf(address), slotOf(key)))
  }

  async putStorage(address: EvmAddress, key: Uint8Array, value: Uint8Array): Promise<void> {
    this.journal.setStorage(nameOf(address), slotOf(key), bytesToBigInt(value))
  }

  async clearStorage(address: EvmAddress): Promise<void> {
    this.journal.clearStorage(nameOf(address))
  }

  async checkpoint(): Promise<void> {
    this.journal.checkpoint()
  }

  async commit(): Promise<void> {
    this.journal.commit()
    if (this.journal.depth === 0) this.journal.beginTransaction()
  }

  async revert(): Promise<void> {
    this.journal.revert()
    if (this.journal.depth === 0) this.journal.beginTransaction()
  }

  async getStateRoot(): Promise<Uint8Array> {
    const { kv, parentRoot } = this.#rootSource()
    // The height only marks nodes for a later write; nothing is written here.
    const { stateRoot } = await computeStateRoot(kv, parentRoot, this.journal.diff(), 0)
    return hexToBytes(stateRoot)
  }

  /** Takes the root that the state has already; another one needs another journal. */
  async setStateRoot(stateRoot: Uint8Array): Promise<void> {
    if (bytesToHex(await this.getStateRoot()) !== bytesToHex(stateRoot)) {
      throw new NodeError(
        'INTERNAL',
        'A state manager stays on its parent state; open one on the other root.',
      )
    }
  }

  async hasStateRoot(stateRoot: Uint8Array): Promise<boolean> {
    return this.#rootSource().parentRoot === bytesToHex(stateRoot)
  }

  /** keccak256 of the address: its key in the state trie. */
  getAppliedKey(address: Uint8Array): Uint8Array {
    return keccak256(address)
  }

  /** Nothing here can be dropped: what the journal holds is the state. */
  clearCaches(): void {}

  /** An independent copy with all changes so far, those in open checkpoints too; the copy has no checkpoints. */
  shallowCopy(): EthereumjsStateManager {
    return new EthereumjsStateManager(this.journal.fork(), this.#roots)
  }

  #rootSource(): RootSource {
    if (this.#roots === undefined) {
      throw new NodeError('INTERNAL', 'This state manager was made without a source of state roots.')
    }
    return this.#roots
  }
}

const NEW_ACCOUNT: AccountRecord = {
  nonce: 0n,
  balanceWei: 0n,
  storageRoot: EMPTY_TRIE_ROOT,
  codeHash: EMPTY_CODE_HASH,
}

/** Always a new object: the EVM changes the accounts it is given. */
function toEvmAccount({ nonce, balanceWei, storageRoot, codeHash }: AccountRecord): Account {
  return new Account(
    nonce,
    balanceWei,
    storageRoot === EMPTY_TRIE_ROOT ? KECCAK256_RLP : hexToBytes(storageRoot),
    codeHash === EMPTY_CODE_HASH ? KECCAK256_NULL : hexToBytes(codeHash),
  )
}

function nameOf(address: EvmAddress): Address {
  return bytesToHex(address.bytes)
}

function slotOf(key: Uint8Array): Hash {
  if (key.length !== SLOT_BYTES) throw new NodeError('INTERNAL', `A storage key has ${SLOT_BYTES} bytes.`)
  return bytesToHex(key)
}
