import { NodeError } from '../../errors/errors.ts'
import { equalBytes } from '../../primitives/bytes.ts'
import { type Address, bytesToHex, type Hash, hexToBytes } from '../../primitives/hex.ts'
import { EMPTY_CODE_HASH, EMPTY_TRIE_ROOT, keccak256 } from '../../primitives/keccak.ts'
import { encodeRlp } from '../../primitives/rlp.ts'
import { ACCOUNT_TRIE_OWNER, accountKey, preimageKey, slotKey } from '../../storage/keys.ts'
import type { KvOp } from '../../storage/kv.ts'
import { decodeAccount, encodeFlatAccount, encodeTrieAccount } from '../accountCodec.ts'
import { putTrieNode } from '../trieNodes.ts'
import type { StateAccount, StateChunk, StateSlot } from './chunkReader.ts'
import {
  buildTrie,
  type HashedNode,
  isNothing,
  type Leaf,
  lookupAmong,
  type Nibbles,
  openPlace,
  placeOf,
  proveLeaves,
} from './subtrie.ts'

/** Storage that did not come with its account. */
export interface StorageTask {
  readonly address: Address
  readonly storageRoot: Hash
}

/** What a proven chunk writes, and what it shows to be still missing. */
export interface ImportedChunk {
  readonly ops: readonly KvOp[]
  /** Prefixes of the same trie. */
  readonly prefixes: readonly Nibbles[]
  readonly storages: readonly StorageTask[]
  readonly codes: readonly Hash[]
}

/**
 * Proves a chunk of accounts against the state root and makes of it what a block with these accounts would have
 * written at this height: flat accounts and slots, their names under their hashes, and trie nodes. BAD_PROOF.
 */
export function importAccounts(
  { stateRoot, prefix, height }: { stateRoot: Hash; prefix: Nibbles; height: number },
  chunk: StateChunk<StateAccount>,
): ImportedChunk {
  const leaves = chunk.items?.map(({ address, account }) => ({ key: keccak256(address), value: account }))
  const proven = prove(
    { owner: ACCOUNT_TRIE_OWNER, root: hexToBytes(stateRoot), prefix, height },
    chunk.proof,
    leaves,
  )
  const ops = [...proven.ops]
  const storages: StorageTask[] = []
  const codes: Hash[] = []
  for (const [index, item] of (chunk.items ?? []).entries()) {
    const hash = leaves?.[index]?.key ?? keccak256(item.address)
    const address = bytesToHex(item.address)
    const account = decodeLeafAccount(item.account)
    ops.push({ type: 'put', key: accountKey(address), value: encodeFlatAccount(account) })
    ops.push({ type: 'put', key: preimageKey(hash), value: item.address })
    if (account.codeHash !== EMPTY_CODE_HASH) codes.push(account.codeHash)
    if (item.slots.length > 0) {
      const trie = buildTrie(item.slots.map(slotLeaf))
      if (!equalBytes(trie.root, hexToBytes(account.storageRoot))) {
        throw new NodeError('BAD_PROOF', `The slots that came with ${address} are not all of its own.`)
      }
      ops.push(...putNodes(hash, trie.nodes, height), ...item.slots.flatMap((slot) => putSlot(address, slot)))
    } else if (account.storageRoot !== EMPTY_TRIE_ROOT) {
      storages.push({ address, storageRoot: account.storageRoot })
    }
  }
  return { ops, prefixes: proven.prefixes, storages, codes }
}

/** The same for a chunk of one account's slots. */
export function importSlots(
  { address, storageRoot, prefix, height }: StorageTask & { prefix: Nibbles; height: number },
  chunk: StateChunk<StateSlot>,
): ImportedChunk {
  const owner = keccak256(hexToBytes(address))
  const root = hexToBytes(storageRoot)
  const proven = prove({ owner, root, prefix, height }, chunk.proof, chunk.items?.map(slotLeaf))
  const slots = (chunk.items ?? []).flatMap((slot) => putSlot(address, slot))
  return { ops: [...proven.ops, ...slots], prefixes: proven.prefixes, storages: [], codes: [] }
}

interface Part {
  readonly owner: Uint8Array
  readonly root: Uint8Array
  readonly prefix: Nibbles
  readonly height: number
}

function prove(
  { owner, root, prefix, height }: Part,
  proof: readonly Uint8Array[],
  leaves: readonly Leaf[] | undefined,
): { ops: readonly KvOp[]; prefixes: readonly Nibbles[] } {
  const lookup = lookupAmong(proof)
  const onPath: HashedNode[] = []
  const keep = (hash: Uint8Array, node: Uint8Array) => {
    onPath.push({ hash, node })
  }
  const place = placeOf(root, prefix, lookup, keep)
  if (leaves !== undefined) {
    const nodes = proveLeaves(place, leaves)
    return { ops: putNodes(owner, [...onPath, ...nodes], height), prefixes: [] }
  }
  const opened = openPlace(place, lookup, keep)
  if (opened?.node.kind !== 'branch') {
    throw new NodeError('BAD_PROOF', 'A part is called too large that has one leaf at most.')
  }
  const prefixes = opened.node.children.flatMap((child, nibble) =>
    isNothing(child) ? [] : [[...opened.path, nibble]],
  )
  return { ops: putNodes(owner, onPath, height), prefixes }
}

function putNodes(owner: Uint8Array, nodes: readonly HashedNode[], height: number): KvOp[] {
  return nodes.map(({ hash, node }) => putTrieNode(owner, hash, node, height))
}

function slotLeaf({ slot, value }: StateSlot): Leaf {
  return { key: keccak256(slot), value: encodeRlp(value) }
}

function putSlot(address: Address, { slot, value }: StateSlot): KvOp[] {
  return [
    { type: 'put', key: slotKey(address, bytesToHex(slot)), value },
    { type: 'put', key: preimageKey(keccak256(slot)), value: slot },
  ]
}

/** A leaf in the one form that the chain writes: the root of a chain that its validators decided has no other. */
function decodeLeafAccount(leaf: Uint8Array) {
  const account = decodeAccount(leaf)
  if (!equalBytes(encodeTrieAccount(account), leaf)) {
    throw new NodeError('BAD_PROOF', 'An account of the chunk is malformed.')
  }
  return account
}
