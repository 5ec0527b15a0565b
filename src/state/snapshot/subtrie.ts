import { invariant, NodeError } from '../../errors/errors.ts'
import { compareBytes, equalBytes } from '../../primitives/bytes.ts'
import { bytesToHex, hexToBytes } from '../../primitives/hex.ts'
import { EMPTY_TRIE_ROOT, keccak256 } from '../../primitives/keccak.ts'
import { encodeRlp, type RlpItem } from '../../primitives/rlp.ts'
import { decodeNode, decodeTrieNode, isHash, type NodeLookup, type TrieNode } from '../trieWalk.ts'

/** A key of a trie, hashed, and its value. */
export interface Leaf {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

export interface HashedNode {
  readonly hash: Uint8Array
  readonly node: Uint8Array
}

export type Nibbles = readonly number[]

const KEY_NIBBLES = 64
const HASH_BYTES = 32
const EMPTY_ROOT = hexToBytes(EMPTY_TRIE_ROOT)
const NOTHING = new Uint8Array(0)

/** Where a prefix leads: to a node, or to nothing. */
export interface Place {
  /** A hash, a node embedded in its parent, or an empty string. */
  readonly reference: RlpItem
  /** The prefix, and what follows of the path of a node that it ends within. */
  readonly path: Nibbles
}

/**
 * Follows a prefix of keys down a trie (Yellow Paper, appendix D). `onNode` sees each node on the way that has a hash,
 * but not the one that the prefix leads to. BAD_ENCODING for a malformed node.
 */
export function placeOf(
  root: Uint8Array,
  prefix: Nibbles,
  lookup: NodeLookup,
  onNode: (hash: Uint8Array, node: Uint8Array) => void,
): Place {
  if (equalBytes(root, EMPTY_ROOT)) return { reference: NOTHING, path: prefix }
  let reference: RlpItem = root
  let depth = 0
  while (depth < prefix.length) {
    if (isNothing(reference)) return { reference: NOTHING, path: prefix }
    const node = open(reference, lookup, onNode)
    if (node.kind === 'branch') {
      reference = node.children[prefix[depth] ?? -1] ?? malformed('A prefix is longer than a key.')
      depth += 1
      continue
    }
    const isInside = prefix
      .slice(depth)
      .every((nibble, at) => at >= node.nibbles.length || node.nibbles[at] === nibble)
    if (!isInside) return { reference: NOTHING, path: prefix }
    const path = [...prefix.slice(0, depth), ...node.nibbles]
    if (node.kind === 'extension') {
      reference = node.child
      depth = path.length
      if (depth >= prefix.length) return { reference, path }
      continue
    }
    // the prefix ends within the one leaf under it: a leaf that begins where the prefix ends says the same
    const left = path.slice(prefix.length)
    return { reference: [hexPrefix(left, true), node.value], path: prefix }
  }
  return { reference, path: prefix }
}

/** The node that a prefix leads to, extensions passed; undefined where there is nothing. */
export function openPlace(
  place: Place,
  lookup: NodeLookup,
  onNode: (hash: Uint8Array, node: Uint8Array) => void,
): { node: TrieNode; path: Nibbles } | undefined {
  let { reference, path } = place
  for (;;) {
    if (isNothing(reference)) return undefined
    const node = open(reference, lookup, onNode)
    if (node.kind !== 'extension') return { node, path }
    reference = node.child
    path = [...path, ...node.nibbles]
  }
}

/**
 * Whether these leaves are all that is under a place, in order, and the nodes that they make. BAD_PROOF where they are
 * not: one is missing, changed, too much or elsewhere.
 */
export function proveLeaves(place: Place, leaves: readonly Leaf[]): readonly HashedNode[] {
  const { reference, path } = place
  if (isNothing(reference) || leaves.length === 0) {
    if (isNothing(reference) && leaves.length === 0) return []
    throw new NodeError(
      'BAD_PROOF',
      'The chunk has leaves where there are none, or none where there are some.',
    )
  }
  checkOrder(leaves, path)
  const nodes: HashedNode[] = []
  const built = build(leaves, 0, leaves.length, path.length, nodes)
  const encoded = encodeRlp(built)
  // an embedded node is shorter than a hash; that of a root has a hash whatever its length
  const isIt = isHash(reference)
    ? equalBytes(keccak256(encoded), reference)
    : equalBytes(encodeRlp(reference), encoded)
  if (!isIt) throw new NodeError('BAD_PROOF', 'The leaves of the chunk are not those of the trie.')
  if (isHash(reference)) nodes.push({ hash: reference, node: encoded })
  return nodes
}

/** The root of a trie of these leaves, which ascend, and its nodes. */
export function buildTrie(leaves: readonly Leaf[]): { root: Uint8Array; nodes: readonly HashedNode[] } {
  if (leaves.length === 0) return { root: EMPTY_ROOT, nodes: [] }
  checkOrder(leaves, [])
  const nodes: HashedNode[] = []
  const node = encodeRlp(build(leaves, 0, leaves.length, 0, nodes))
  const hash = keccak256(node)
  nodes.push({ hash, node })
  return { root: hash, nodes }
}

/** Leaves under a node in the order of their keys. Stops when the caller does. */
export function* leavesUnder(place: Place, lookup: NodeLookup): Generator<Leaf> {
  if (isNothing(place.reference)) return
  const pending: Place[] = [place]
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { path } = next
    const node = open(next.reference, lookup, () => undefined)
    if (node.kind === 'branch') {
      for (let nibble = node.children.length - 1; nibble >= 0; nibble--) {
        const child = node.children[nibble]
        if (child !== undefined && !isNothing(child))
          pending.push({ reference: child, path: [...path, nibble] })
      }
    } else if (node.kind === 'extension') {
      pending.push({ reference: node.child, path: [...path, ...node.nibbles] })
    } else {
      yield { key: keyOf([...path, ...node.nibbles]), value: node.value }
    }
  }
}

export function isNothing(reference: RlpItem): boolean {
  return reference instanceof Uint8Array && reference.length === 0
}

function open(
  reference: RlpItem,
  lookup: NodeLookup,
  onNode: (hash: Uint8Array, node: Uint8Array) => void,
): TrieNode {
  if (!(reference instanceof Uint8Array)) return decodeNode(reference)
  if (!isHash(reference)) return malformed('A reference to a trie node has 32 bytes.')
  const encoded = lookup(reference)
  onNode(reference, encoded)
  return decodeTrieNode(encoded)
}

function build(
  leaves: readonly Leaf[],
  from: number,
  to: number,
  depth: number,
  nodes: HashedNode[],
): RlpItem {
  const first = leafAt(leaves, from)
  if (to - from === 1) return [hexPrefix(nibblesOf(first.key).slice(depth), true), first.value]
  const shared = sharedNibbles(first.key, leafAt(leaves, to - 1).key, depth)
  if (shared > 0) {
    const path = nibblesOf(first.key).slice(depth, depth + shared)
    return [hexPrefix(path, false), refer(build(leaves, from, to, depth + shared, nodes), nodes)]
  }
  const branch: RlpItem[] = Array.from({ length: 17 }, () => NOTHING)
  for (let start = from; start < to; ) {
    const nibble = nibbleOf(leafAt(leaves, start).key, depth)
    let end = start + 1
    while (end < to && nibbleOf(leafAt(leaves, end).key, depth) === nibble) end += 1
    branch[nibble] = refer(build(leaves, start, end, depth + 1, nodes), nodes)
    start = end
  }
  return branch
}

function refer(item: RlpItem, nodes: HashedNode[]): RlpItem {
  const node = encodeRlp(item)
  if (node.length < HASH_BYTES) return item
  const hash = keccak256(node)
  nodes.push({ hash, node })
  return hash
}

function checkOrder(leaves: readonly Leaf[], path: Nibbles): void {
  for (const [index, leaf] of leaves.entries()) {
    const previous = leaves[index - 1]
    const isInPlace =
      leaf.key.length * 2 === KEY_NIBBLES && path.every((nibble, at) => nibbleOf(leaf.key, at) === nibble)
    if (
      !isInPlace ||
      leaf.value.length === 0 ||
      (previous !== undefined && compareBytes(previous.key, leaf.key) >= 0)
    ) {
      throw new NodeError('BAD_PROOF', 'The leaves of the chunk are out of order or out of place.')
    }
  }
}

function leafAt(leaves: readonly Leaf[], index: number): Leaf {
  const leaf = leaves[index]
  invariant(leaf !== undefined, 'A leaf at every index.')
  return leaf
}

const nibbleOf = (key: Uint8Array, at: number): number => {
  const byte = key[at >> 1] ?? 0
  return (at & 1) === 0 ? byte >> 4 : byte & 0x0f
}

function nibblesOf(key: Uint8Array): number[] {
  return Array.from({ length: key.length * 2 }, (_, at) => nibbleOf(key, at))
}

function sharedNibbles(a: Uint8Array, b: Uint8Array, depth: number): number {
  let shared = 0
  while (depth + shared < KEY_NIBBLES && nibbleOf(a, depth + shared) === nibbleOf(b, depth + shared))
    shared += 1
  return shared
}

function keyOf(nibbles: Nibbles): Uint8Array {
  if (nibbles.length !== KEY_NIBBLES) return malformed('A leaf ends before its key.')
  return Uint8Array.from(
    { length: KEY_NIBBLES / 2 },
    (_, at) => ((nibbles[2 * at] ?? 0) << 4) | (nibbles[2 * at + 1] ?? 0),
  )
}

/** Yellow Paper, appendix C. */
function hexPrefix(nibbles: Nibbles, isLeaf: boolean): Uint8Array {
  const flag = (isLeaf ? 2 : 0) + (nibbles.length & 1)
  const all = (nibbles.length & 1) === 1 ? [flag, ...nibbles] : [flag, 0, ...nibbles]
  return Uint8Array.from(
    { length: all.length / 2 },
    (_, at) => ((all[2 * at] ?? 0) << 4) | (all[2 * at + 1] ?? 0),
  )
}

function malformed(message: string): never {
  throw new NodeError('BAD_ENCODING', message)
}

/** For logs and keys. */
export function nibblesText(nibbles: Nibbles): string {
  return nibbles.map((nibble) => nibble.toString(16)).join('')
}

export function parseNibbles(text: string): Nibbles {
  if (!/^[0-9a-f]{0,64}$/.test(text)) return malformed('Nibbles are hex digits.')
  return [...text].map((digit) => Number.parseInt(digit, 16))
}

/** A lookup among nodes that a stranger sent: a node counts for the hash that it has. */
export function lookupAmong(nodes: readonly Uint8Array[]): NodeLookup {
  const byHash = new Map(nodes.map((node) => [bytesToHex(keccak256(node)), node]))
  return (hash) => {
    const node = byHash.get(bytesToHex(hash))
    if (node === undefined) throw new NodeError('BAD_PROOF', 'The proof lacks a node on its path.')
    return node
  }
}
