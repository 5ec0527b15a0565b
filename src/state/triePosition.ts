import { equalBytes } from '../primitives/bytes.ts'
import { hexToBytes } from '../primitives/hex.ts'
import { EMPTY_TRIE_ROOT } from '../primitives/keccak.ts'
import type { RlpItem } from '../primitives/rlp.ts'
import { decodeNode, decodeTrieNode, isHash, type NodeLookup, type TrieNode } from './trieWalk.ts'

const EMPTY_ROOT = hexToBytes(EMPTY_TRIE_ROOT)

type Branch = Extract<TrieNode, { kind: 'branch' }>
/** An extension or a leaf of whose path the first `taken` nibbles were followed. */
interface Inside {
  readonly kind: 'inside'
  readonly node: Exclude<TrieNode, Branch>
  readonly taken: number
}

/**
 * Where a path leads in one trie: to a node, or into the middle of a node's own path; undefined stands for nowhere.
 * It is moved by one nibble at a time, so that tries of different shapes can be walked side by side. A node is read
 * when it is first needed, and once.
 */
export class TriePosition {
  readonly #lookup: NodeLookup
  readonly #at: RlpItem | Inside
  #node: Branch | Inside | undefined

  private constructor(lookup: NodeLookup, at: RlpItem | Inside) {
    this.#lookup = lookup
    this.#at = at
  }

  /** The start of every path; undefined in the empty trie. */
  static root(lookup: NodeLookup, root: Uint8Array): TriePosition | undefined {
    return equalBytes(root, EMPTY_ROOT) ? undefined : new TriePosition(lookup, root)
  }

  /** Whether the node with this hash stands here. */
  isNode(nodeHash: Uint8Array): boolean {
    return this.#at instanceof Uint8Array && equalBytes(this.#at, nodeHash)
  }

  /** Whether a branch stands here that has this child: sooner known than by a step. */
  hasChild(nibble: number, nodeHash: Uint8Array): boolean {
    const node = this.#read()
    const child = node.kind === 'branch' ? node.children[nibble] : undefined
    return child instanceof Uint8Array && equalBytes(child, nodeHash)
  }

  step(nibble: number): TriePosition | undefined {
    const node = this.#read()
    if (node.kind === 'branch') return this.#follow(node.children[nibble])
    if (node.node.nibbles[node.taken] !== nibble) return undefined
    const inside = { ...node, taken: node.taken + 1 }
    if (inside.node.kind === 'extension' && inside.taken === inside.node.nibbles.length) {
      return this.#follow(inside.node.child)
    }
    return new TriePosition(this.#lookup, inside)
  }

  /** The value of the key that ends here. */
  value(): Uint8Array | undefined {
    const node = this.#read()
    if (node.kind === 'branch' || node.node.kind !== 'leaf') return undefined
    return node.taken === node.node.nibbles.length ? node.node.value : undefined
  }

  #follow(reference: RlpItem | undefined): TriePosition | undefined {
    if (reference === undefined || reference.length === 0) return undefined
    return new TriePosition(this.#lookup, reference)
  }

  #read(): Branch | Inside {
    this.#node ??= this.#load()
    return this.#node
  }

  #load(): Branch | Inside {
    const at = this.#at
    if ('kind' in at) return at
    const node = isHash(at) ? decodeTrieNode(this.#lookup(at)) : decodeNode(at)
    return node.kind === 'branch' ? node : { kind: 'inside', node, taken: 0 }
  }
}
