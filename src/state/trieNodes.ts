import { NodeError } from '../errors/errors.ts'
import { bytesToHex } from '../primitives/hex.ts'
import { decodeHeight, HEIGHT_BYTES, trieNodeKey, writeHeight } from '../storage/keys.ts'
import type { KvOp, KvReader } from '../storage/kv.ts'

export interface StoredTrieNode {
  /** Of the block that last wrote the node; a block writes every node that its state has and its parent's has not. */
  readonly height: number
  readonly node: Uint8Array
}

export function findTrieNode(
  kv: KvReader,
  owner: Uint8Array,
  nodeHash: Uint8Array,
): StoredTrieNode | undefined {
  const value = kv.get(trieNodeKey(owner, nodeHash))
  return value && { height: decodeHeight(value), node: value.subarray(HEIGHT_BYTES) }
}

/** The RLP of a node, or STATE_PRUNED: a root that was never computed here is not told from one removed since. */
export function readTrieNode(kv: KvReader, owner: Uint8Array, nodeHash: Uint8Array): Uint8Array {
  const value = kv.get(trieNodeKey(owner, nodeHash))
  if (value === undefined) {
    throw new NodeError('STATE_PRUNED', 'This node does not keep the state asked for.', {
      owner: bytesToHex(owner),
      node: bytesToHex(nodeHash),
    })
  }
  return value.subarray(HEIGHT_BYTES)
}

/** Stores a node with the height of the block that wrote it, so that pruning can tell a rewritten node. */
export function putTrieNode(owner: Uint8Array, nodeHash: Uint8Array, node: Uint8Array, height: number): KvOp {
  const value = new Uint8Array(HEIGHT_BYTES + node.length)
  writeHeight(value, 0, height)
  value.set(node, HEIGHT_BYTES)
  return { type: 'put', key: trieNodeKey(owner, nodeHash), value }
}
