import { MerklePatriciaTrie } from '@ethereumjs/mpt'
import { type BatchDBOp, type DB, ValueEncoding } from '@ethereumjs/util'
import { InvariantError, invariant, NodeError } from '../errors/errors.ts'
import { bigIntToMinimalBytes } from '../primitives/bytes.ts'
import { type Address, bytesToHex, type Hash, hexToBytes } from '../primitives/hex.ts'
import { EMPTY_TRIE_ROOT, keccak256 } from '../primitives/keccak.ts'
import { encodeRlp } from '../primitives/rlp.ts'
import { ACCOUNT_TRIE_OWNER } from '../storage/keys.ts'
import type { KvOp, KvReader } from '../storage/kv.ts'
import { encodeTrieAccount } from './accountCodec.ts'
import { putTrieNode, readTrieNode } from './trieNodes.ts'
import { childHashes } from './trieWalk.ts'
import type { AccountRecord, StateDiff } from './types.ts'

export interface StateRootResult {
  readonly stateRoot: Hash
  /** The diff with the new storage roots in its accounts. */
  readonly diff: StateDiff
  /** Puts of the nodes that are in the new tries and not in the parent's; none of a node made only on the way. */
  readonly trieOps: readonly KvOp[]
}

/**
 * The root of the state that `diff` makes of the state `parentRoot`, whose trie nodes `kv` holds. Writes nothing.
 * STATE_PRUNED when a node of the parent is missing, DATA_CORRUPT when one is malformed.
 */
export async function computeStateRoot(
  kv: KvReader,
  parentRoot: Hash,
  diff: StateDiff,
  height: number,
): Promise<StateRootResult> {
  try {
    return await updateTries(kv, parentRoot, diff, height)
  } catch (error) {
    if (error instanceof NodeError || error instanceof InvariantError) throw error
    // What is left is the library's complaint about a node it cannot read.
    throw new NodeError('DATA_CORRUPT', `The state ${parentRoot} cannot be updated.`, { parentRoot }, error)
  }
}

async function updateTries(
  kv: KvReader,
  parentRoot: Hash,
  diff: StateDiff,
  height: number,
): Promise<StateRootResult> {
  const trieOps: KvOp[] = []
  const accounts = new Map<Address, AccountRecord | null>()
  const accountTrie = new BufferedTrie(kv, ACCOUNT_TRIE_OWNER, parentRoot)
  for (const [address, account] of diff.accounts) {
    const addressHash = keccak256(hexToBytes(address))
    if (account === null) {
      accounts.set(address, null)
      await accountTrie.delete(addressHash)
      continue
    }
    invariant(
      !diff.clearedStorage.has(address) || account.storageRoot === EMPTY_TRIE_ROOT,
      'A cleared account starts from the empty storage root.',
    )
    const slots = diff.storage.get(address)
    let updated = account
    if (slots !== undefined) {
      const storageTrie = new BufferedTrie(kv, addressHash, account.storageRoot)
      await storageTrie.setSlots(slots)
      updated = { ...account, storageRoot: storageTrie.root() }
      trieOps.push(...storageTrie.newNodes(height))
    }
    accounts.set(address, updated)
    await accountTrie.put(addressHash, encodeTrieAccount(updated))
  }
  for (const address of diff.storage.keys()) {
    invariant(accounts.has(address), 'A diff has a record for every account whose slots changed.')
  }
  trieOps.push(...accountTrie.newNodes(height))
  return { stateRoot: accountTrie.root(), diff: { ...diff, accounts }, trieOps }
}

/** One trie that reads its old nodes from the store and keeps its new ones in memory. Keys are hashed already. */
class BufferedTrie {
  readonly #owner: Uint8Array
  readonly #nodes: NodeBuffer
  readonly #trie: MerklePatriciaTrie

  constructor(kv: KvReader, owner: Uint8Array, root: Hash) {
    this.#owner = owner
    this.#nodes = new NodeBuffer(kv, owner)
    this.#trie = new MerklePatriciaTrie({
      db: this.#nodes,
      valueEncoding: ValueEncoding.Bytes,
      root: hexToBytes(root),
      useKeyHashing: true,
      useKeyHashingFunction: keccak256,
      useNodePruning: false,
    })
  }

  root(): Hash {
    return bytesToHex(this.#trie.root())
  }

  put(hashedKey: Uint8Array, value: Uint8Array): Promise<void> {
    return this.#trie.put(hashedKey, value, true)
  }

  delete(hashedKey: Uint8Array): Promise<void> {
    return this.#trie.del(hashedKey, true)
  }

  async setSlots(slots: ReadonlyMap<Hash, bigint>): Promise<void> {
    for (const [slot, value] of slots) {
      const hashedKey = keccak256(hexToBytes(slot))
      if (value === 0n) await this.delete(hashedKey)
      else await this.put(hashedKey, encodeRlp(bigIntToMinimalBytes(value)))
    }
  }

  /**
   * The nodes reachable from the root through new nodes. The trie writes the whole path at every put, so most of
   * what it wrote was replaced again by the next put.
   */
  newNodes(height: number): KvOp[] {
    const ops: KvOp[] = []
    const pending = [this.#trie.root()]
    for (let hash = pending.pop(); hash !== undefined; hash = pending.pop()) {
      const node = this.#nodes.written(textOf(hash))
      if (node === undefined) continue
      ops.push(putTrieNode(this.#owner, hash, node, height))
      pending.push(...childHashes(node))
    }
    return ops
  }
}

/** The trie library's view of the store; it names nodes by unprefixed hex. */
class NodeBuffer implements DB<string, Uint8Array> {
  readonly #kv: KvReader
  readonly #owner: Uint8Array
  readonly #written = new Map<string, Uint8Array>()

  constructor(kv: KvReader, owner: Uint8Array) {
    this.#kv = kv
    this.#owner = owner
  }

  written(key: string): Uint8Array | undefined {
    return this.#written.get(key)
  }

  /** Throws for a missing node: given undefined, the library would take the subtree for empty and go on. */
  async get(key: string): Promise<Uint8Array> {
    return (
      this.#written.get(key) ?? readTrieNode(this.#kv, this.#owner, Uint8Array.from(Buffer.from(key, 'hex')))
    )
  }

  async put(key: string, value: Uint8Array): Promise<void> {
    this.#written.set(key, value)
  }

  async batch(ops: BatchDBOp<string, Uint8Array>[]): Promise<void> {
    for (const op of ops) {
      invariant(op.type === 'put', 'Without node pruning the trie deletes nothing.')
      this.#written.set(op.key, op.value)
    }
  }

  async del(): Promise<void> {
    throw new InvariantError('Without node pruning the trie deletes nothing.')
  }

  shallowCopy(): NodeBuffer {
    throw new InvariantError('A buffered trie is not copied.')
  }

  async open(): Promise<void> {}
}

function textOf(hash: Uint8Array): string {
  return Buffer.from(hash.buffer, hash.byteOffset, hash.byteLength).toString('hex')
}
