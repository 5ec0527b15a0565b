import { type ErrorCode, isNodeError, NodeError } from '../errors/errors.ts'
import { bytesToBigInt } from '../primitives/bytes.ts'
import { type Address, type Hash, hexToBytes } from '../primitives/hex.ts'
import { EMPTY_TRIE_ROOT, keccak256 } from '../primitives/keccak.ts'
import { asBytes, decodeRlp } from '../primitives/rlp.ts'
import { ACCOUNT_TRIE_OWNER } from '../storage/keys.ts'
import type { KvReader } from '../storage/kv.ts'
import { decodeAccount } from './accountCodec.ts'
import { readCode } from './flatState.ts'
import { ReadCache } from './readCache.ts'
import { readTrieNode } from './trieNodes.ts'
import { walkTrie } from './trieWalk.ts'
import type { AccountRecord, StateReader } from './types.ts'

/** RLP of a 256-bit value. */
export const SLOT_VALUE_BYTES = 33
const MALFORMED: readonly ErrorCode[] = ['BAD_ENCODING', 'BAD_RLP', 'LIMIT_EXCEEDED']

/**
 * The state at any root whose trie nodes the store keeps; each answer is a walk down the trie, and is remembered.
 * STATE_PRUNED where a node is missing. The root's own node is checked at once.
 */
export class TrieState implements StateReader {
  readonly stateRoot: Hash
  readonly #reads: ReadCache

  constructor(kv: KvReader, stateRoot: Hash) {
    this.stateRoot = stateRoot
    if (stateRoot !== EMPTY_TRIE_ROOT) readTrieNode(kv, ACCOUNT_TRIE_OWNER, hexToBytes(stateRoot))
    const accountOf = (address: Address) => this.account(address)
    this.#reads = new ReadCache(new TrieReader(kv, hexToBytes(stateRoot), accountOf))
  }

  account(address: Address): AccountRecord | undefined {
    return this.#reads.account(address)
  }

  storage(address: Address, slot: Hash): bigint {
    return this.#reads.storage(address, slot)
  }

  code(codeHash: Hash): Uint8Array {
    return this.#reads.code(codeHash)
  }
}

class TrieReader implements StateReader {
  readonly #kv: KvReader
  readonly #root: Uint8Array
  /** Remembered accounts, which hold the roots of the storage tries. */
  readonly #accountOf: (address: Address) => AccountRecord | undefined

  constructor(kv: KvReader, root: Uint8Array, accountOf: (address: Address) => AccountRecord | undefined) {
    this.#kv = kv
    this.#root = root
    this.#accountOf = accountOf
  }

  account(address: Address): AccountRecord | undefined {
    return readAccountLeaf(this.#kv, this.#root, keccak256(hexToBytes(address)))
  }

  storage(address: Address, slot: Hash): bigint {
    const account = this.#accountOf(address)
    if (account === undefined) return 0n
    const owner = keccak256(hexToBytes(address))
    return readSlotLeaf(this.#kv, owner, hexToBytes(account.storageRoot), keccak256(hexToBytes(slot)))
  }

  code(codeHash: Hash): Uint8Array {
    return readCode(this.#kv, codeHash)
  }
}

/** The account under a hashed address; `onNode` sees the proof. */
export function readAccountLeaf(
  kv: KvReader,
  stateRoot: Uint8Array,
  addressHash: Uint8Array,
  onNode?: (node: Uint8Array) => void,
): AccountRecord | undefined {
  return readStored(() => {
    const lookup = (nodeHash: Uint8Array) => readTrieNode(kv, ACCOUNT_TRIE_OWNER, nodeHash)
    const leaf = walkTrie(stateRoot, addressHash, lookup, onNode)
    return leaf === undefined ? undefined : decodeAccount(leaf)
  })
}

/** The value under a hashed slot of the storage trie of `owner`, a hashed address; `onNode` sees the proof. */
export function readSlotLeaf(
  kv: KvReader,
  owner: Uint8Array,
  storageRoot: Uint8Array,
  slotHash: Uint8Array,
  onNode?: (node: Uint8Array) => void,
): bigint {
  return readStored(() => {
    const leaf = walkTrie(storageRoot, slotHash, (nodeHash) => readTrieNode(kv, owner, nodeHash), onNode)
    return leaf === undefined ? 0n : bytesToBigInt(asBytes(decodeRlp(leaf, SLOT_VALUE_BYTES)))
  })
}

/** Malformed input is damage here, because it comes from the node's own store. */
function readStored<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!MALFORMED.some((code) => isNodeError(error, code))) throw error
    throw new NodeError('DATA_CORRUPT', 'A stored trie node is malformed.', {}, error)
  }
}
