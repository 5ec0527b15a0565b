import { type Hash, hexToBytes } from '../primitives/hex.ts'
import { EMPTY_TRIE_ROOT } from '../primitives/keccak.ts'
import { ACCOUNT_TRIE_OWNER, trieNodeKey } from '../storage/keys.ts'
import type { KvReader } from '../storage/kv.ts'
import { decodeAccount } from './accountCodec.ts'
import { findTrieNode, readTrieNode } from './trieNodes.ts'
import { TriePosition } from './triePosition.ts'
import { decodeTrieNode, isHash } from './trieWalk.ts'

/** The states that stay whole while another one is dropped. */
export interface KeptStates {
  /** Every state from this height up to the head is kept. */
  readonly from: number
  /** The root of state `from`, and those of all kept states before it. */
  readonly roots: readonly Hash[]
}

/** A node that no kept state has. */
export interface DroppedNode {
  readonly key: Uint8Array
  /** Where a walk that was interrupted after this node goes on; see `StateDrop`. */
  readonly path: readonly number[]
}

type Path = readonly number[]
type Others = readonly (TriePosition | undefined)[]

/**
 * Finds the nodes of one state that no kept state has, by walking its tries beside those of the kept ones. A node is
 * found exactly when
 * - it does not stand at the same path in one of the kept roots. It cannot stand at another path there: its hash fixes
 *   the ends of the hashed keys below it, and two keccak hashes do not share an end and differ before it;
 * - and it was not written after `from`. A state later than `from` that has it, while `from` has not, wrote it again.
 * What stands below a node that is kept is kept with it, so the walk is as long as what changed.
 *
 * A node is told after all that is below it, from left to right. So everything left of the last told path or below it
 * is done, and a walk can go on from there in another process. A node that is missing was found by the drop of another
 * state, with everything below it.
 *
 * A path is the nibbles of a hashed address; those of a hashed slot follow in a storage trie.
 */
export class StateDrop {
  readonly #kv: KvReader
  readonly #root: Hash
  readonly #kept: KeptStates
  readonly #after: Path | undefined

  constructor(options: { root: Hash; kept: KeptStates; after: Path | undefined }, modules: { kv: KvReader }) {
    this.#kv = modules.kv
    this.#root = options.root
    this.#kept = options.kept
    this.#after = options.after
  }

  nodes(): Iterable<DroppedNode> {
    return this.#trie(ACCOUNT_TRIE_OWNER, this.#root, [], this.#kept.roots)
  }

  *#trie(
    owner: Uint8Array,
    root: Hash,
    path: Path,
    otherRoots: readonly (Hash | undefined)[],
  ): Iterable<DroppedNode> {
    if (root === EMPTY_TRIE_ROOT) return
    const lookup = (nodeHash: Uint8Array) => readTrieNode(this.#kv, owner, nodeHash)
    const others = otherRoots.map((other) => other && TriePosition.root(lookup, hexToBytes(other)))
    yield* this.#subtree(owner, hexToBytes(root), path, others)
  }

  *#subtree(owner: Uint8Array, nodeHash: Uint8Array, path: Path, others: Others): Iterable<DroppedNode> {
    if (this.#isDone(path) || others.some((other) => other?.isNode(nodeHash))) return
    const stored = findTrieNode(this.#kv, owner, nodeHash)
    if (stored === undefined || stored.height > this.#kept.from) return
    const node = decodeTrieNode(stored.node)
    switch (node.kind) {
      case 'branch':
        for (const [nibble, child] of node.children.entries()) {
          if (!isHash(child) || others.some((other) => other?.hasChild(nibble, child))) continue
          yield* this.#subtree(owner, child, [...path, nibble], follow(others, [nibble]))
        }
        break
      case 'extension':
        if (!isHash(node.child)) break
        yield* this.#subtree(owner, node.child, [...path, ...node.nibbles], follow(others, node.nibbles))
        break
      case 'leaf':
        if (owner !== ACCOUNT_TRIE_OWNER) break
        yield* this.#storage([...path, ...node.nibbles], node.value, follow(others, node.nibbles))
        break
    }
    yield { key: trieNodeKey(owner, nodeHash), path }
  }

  *#storage(path: Path, account: Uint8Array, others: Others): Iterable<DroppedNode> {
    const roots = others.map((other) => {
      const value = other?.value()
      return value && decodeAccount(value).storageRoot
    })
    yield* this.#trie(bytesOf(path), decodeAccount(account).storageRoot, path, roots)
  }

  #isDone(path: Path): boolean {
    const after = this.#after
    if (after === undefined) return false
    for (const [index, nibble] of after.entries()) {
      const own = path[index]
      if (own !== nibble) return own !== undefined && own < nibble
    }
    return true
  }
}

function follow(others: Others, nibbles: readonly number[]): Others {
  return others.map((other) => {
    let position = other
    for (const nibble of nibbles) position = position?.step(nibble)
    return position
  })
}

function bytesOf(nibbles: Path): Uint8Array {
  return Uint8Array.from({ length: nibbles.length / 2 }, (_, index) => {
    return ((nibbles[2 * index] ?? 0) << 4) | (nibbles[2 * index + 1] ?? 0)
  })
}
