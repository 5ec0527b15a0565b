import { limits } from '../config/limits.ts'
import { NodeError } from '../errors/errors.ts'
import { equalBytes } from '../primitives/bytes.ts'
import { hexToBytes } from '../primitives/hex.ts'
import { EMPTY_TRIE_ROOT } from '../primitives/keccak.ts'
import { asBytes, asList, decodeRlp, type RlpItem } from '../primitives/rlp.ts'

/** The RLP of the node with this hash, or a throw. */
export type NodeLookup = (nodeHash: Uint8Array) => Uint8Array

const HASH_BYTES = 32
const BRANCH_ITEMS = 17
const EMPTY_ROOT = hexToBytes(EMPTY_TRIE_ROOT)

/** A node without its hash: where each nibble leads, and what it ends in. */
export type TrieNode =
  | { readonly kind: 'branch'; readonly children: readonly RlpItem[] }
  | { readonly kind: 'extension'; readonly nibbles: readonly number[]; readonly child: RlpItem }
  | { readonly kind: 'leaf'; readonly nibbles: readonly number[]; readonly value: Uint8Array }

/**
 * Follows a 32-byte path (a hashed key) from the root to its value, or to where the trie shows that there is none
 * (Yellow Paper, appendix D). `onNode` sees each node that has a hash of its own, from the root down: an EIP-1186
 * proof. A node shorter than 32 bytes lies inside its parent. Malformed nodes throw BAD_ENCODING.
 */
export function walkTrie(
  root: Uint8Array,
  path: Uint8Array,
  lookup: NodeLookup,
  onNode: (node: Uint8Array) => void = () => undefined,
): Uint8Array | undefined {
  if (equalBytes(root, EMPTY_ROOT)) return undefined
  let reference: RlpItem = root
  let depth = 0
  for (;;) {
    if (reference instanceof Uint8Array && reference.length === 0) return undefined
    const node = resolve(reference, lookup, onNode)
    switch (node.kind) {
      case 'branch':
        reference = node.children[nibbleAt(path, depth)] ?? malformed('A path is longer than its key.')
        depth += 1
        break
      case 'extension':
        if (!isOnPath(path, depth, node.nibbles)) return undefined
        reference = node.child
        depth += node.nibbles.length
        break
      case 'leaf': {
        if (depth + node.nibbles.length !== path.length * 2) return malformed('A leaf ends before its key.')
        return isOnPath(path, depth, node.nibbles) ? node.value : undefined
      }
    }
  }
}

/** The node that has this RLP. */
export function decodeTrieNode(encodedNode: Uint8Array): TrieNode {
  return decodeNode(decodeRlp(encodedNode, limits.trieNodeBytes))
}

/** Hashes of the nodes that this node refers to; nodes embedded in it are too short to hold a hash. */
export function childHashes(encodedNode: Uint8Array): Uint8Array[] {
  const node = decodeTrieNode(encodedNode)
  switch (node.kind) {
    case 'branch':
      return node.children.filter(isHash)
    case 'extension':
      return isHash(node.child) ? [node.child] : []
    case 'leaf':
      return []
  }
}

function resolve(reference: RlpItem, lookup: NodeLookup, onNode: (node: Uint8Array) => void): TrieNode {
  if (!(reference instanceof Uint8Array)) return decodeNode(reference)
  if (!isHash(reference)) return malformed('A reference to a trie node has 32 bytes.')
  const encoded = lookup(reference)
  onNode(encoded)
  return decodeTrieNode(encoded)
}

export function decodeNode(item: RlpItem): TrieNode {
  const fields = asList(item)
  if (fields.length === BRANCH_ITEMS) {
    // Keys are of one length, so no key ends in a branch.
    if (asBytes(fields[BRANCH_ITEMS - 1]).length > 0)
      return malformed('A branch of a state trie has no value.')
    return { kind: 'branch', children: fields.slice(0, BRANCH_ITEMS - 1) }
  }
  const [encodedPath, target] = fields
  if (fields.length !== 2 || target === undefined) return malformed('A trie node has 2 or 17 items.')
  const { isLeaf, nibbles } = decodeHexPrefix(asBytes(encodedPath))
  if (isLeaf) return { kind: 'leaf', nibbles, value: asBytes(target) }
  if (nibbles.length === 0) return malformed('An extension has a path.')
  return { kind: 'extension', nibbles, child: target }
}

/** Yellow Paper, appendix C: the first nibble tells leaf (2) and odd length (1). */
function decodeHexPrefix(bytes: Uint8Array): { isLeaf: boolean; nibbles: number[] } {
  const first = bytes[0]
  if (first === undefined || first >= 0x40) return malformed('A trie path has an unknown prefix.')
  const nibbles: number[] = (first & 0x10) === 0 ? [] : [first & 0x0f]
  for (const byte of bytes.subarray(1)) nibbles.push(byte >> 4, byte & 0x0f)
  return { isLeaf: (first & 0x20) !== 0, nibbles }
}

function isOnPath(path: Uint8Array, depth: number, nibbles: readonly number[]): boolean {
  return nibbles.every((nibble, index) => nibble === nibbleAt(path, depth + index))
}

/** Undefined matches no nibble; as an index it is −1, which no node has. */
function nibbleAt(path: Uint8Array, depth: number): number {
  const byte = path[depth >> 1]
  if (byte === undefined) return -1
  return (depth & 1) === 0 ? byte >> 4 : byte & 0x0f
}

/** A reference to a node of its own; anything else is a node embedded in its parent, or nothing. */
export function isHash(item: RlpItem): item is Uint8Array {
  return item instanceof Uint8Array && item.length === HASH_BYTES
}

function malformed(message: string): never {
  throw new NodeError('BAD_ENCODING', message)
}
