import { invariant } from '../../src/errors/errors.ts'
import { concatBytes, equalBytes } from '../../src/primitives/bytes.ts'
import { bounds } from '../bounds.ts'

/**
 * The Merkle tree hash of RFC 6962, section 2.1, with another hash function: a leaf is H(0x00 ‖ data), a node
 * H(0x01 ‖ left ‖ right), and a tree of n leaves splits at the largest power of two below n. It is built leaf by leaf:
 * what must be kept between two leaves is the root of one perfect subtree for each bit set in the leaf count.
 */
export interface MerklePeaks {
  readonly leaves: number
  /** Roots of the perfect subtrees, the largest first. */
  readonly peaks: readonly Uint8Array[]
}

export type BytesHash = (data: Uint8Array) => Uint8Array

export const EMPTY_PEAKS: MerklePeaks = { leaves: 0, peaks: [] }

const LEAF = Uint8Array.of(0)
const NODE = Uint8Array.of(1)

export function appendLeaf(hash: BytesHash, { leaves, peaks }: MerklePeaks, data: Uint8Array): MerklePeaks {
  const kept = [...peaks]
  let node = hash(concatBytes(LEAF, data))
  for (let rest = leaves; rest % 2 === 1; rest = (rest - 1) / 2) {
    const left = kept.pop()
    invariant(left !== undefined, 'a peak for every bit of the leaf count')
    node = hash(concatBytes(NODE, left, node))
  }
  return { leaves: leaves + 1, peaks: [...kept, node] }
}

/** The root over all leaves; the hash of nothing for none, as RFC 6962 has it. */
export function merkleRoot(hash: BytesHash, { peaks }: MerklePeaks): Uint8Array {
  let root = peaks.at(-1)
  if (root === undefined) return hash(new Uint8Array(0))
  for (const peak of peaks.slice(0, -1).reverse()) root = hash(concatBytes(NODE, peak, root))
  return root
}

/** Where a leaf is said to be. */
export interface LeafPlace {
  readonly index: number
  /** Leaves of the whole tree, below 2^32. */
  readonly leaves: number
}

/**
 * Whether a leaf's data is in the tree with this root, by its audit path (RFC 6962, section 2.1.1): the siblings on the
 * way to the root, from the leaf up. Only the one path of that place is taken. Anything may come in; at most 33 hashes
 * are computed. The steps are those of RFC 9162, section 2.1.3.2.
 */
export function isInTree(
  hash: BytesHash,
  root: Uint8Array,
  data: Uint8Array,
  { index, leaves }: LeafPlace,
  path: readonly Uint8Array[],
): boolean {
  if (path.length > bounds.merklePath || index >= leaves) return false
  let own = index
  let last = leaves - 1
  let node = hash(concatBytes(LEAF, data))
  for (const sibling of path) {
    if (last === 0 || sibling.length !== node.length) return false
    const isRight = own % 2 === 1
    if (isRight || own === last) {
      node = hash(concatBytes(NODE, sibling, node))
      // a last node without a sibling on its right goes up unchanged
      for (; own % 2 === 0 && own > 0; own /= 2) last = Math.floor(last / 2)
    } else {
      node = hash(concatBytes(NODE, node, sibling))
    }
    own = Math.floor(own / 2)
    last = Math.floor(last / 2)
  }
  return last === 0 && equalBytes(node, root)
}

export interface CorpusChunk {
  readonly row: number
  readonly start: number
  readonly tokens: readonly { readonly token: number; readonly rarity: number }[]
}

/** uint32 row ‖ uint32 start ‖ uint8 count ‖ count × (uint32 token ‖ uint8 rarity). Undefined for what no leaf can hold. */
export function corpusLeaf({ row, start, tokens }: CorpusChunk): Uint8Array | undefined {
  if (tokens.length === 0 || tokens.length > bounds.corpusTokens) return undefined
  const bytes = new Uint8Array(9 + 5 * tokens.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, row)
  view.setUint32(4, start)
  view.setUint8(8, tokens.length)
  tokens.forEach(({ token, rarity }, index) => {
    view.setUint32(9 + 5 * index, token)
    view.setUint8(13 + 5 * index, rarity)
  })
  return bytes
}

export interface Passage {
  readonly row: number
  readonly record: number
  readonly values: Int8Array
}

/** uint32 row ‖ uint32 record ‖ dims × int8. Undefined for what no leaf can hold. */
export function passageLeaf({ row, record, values }: Passage): Uint8Array | undefined {
  if (values.length < bounds.passageDimsMin || values.length > bounds.passageDimsMax) return undefined
  const bytes = new Uint8Array(8 + values.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, row)
  view.setUint32(4, record)
  bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.length), 8)
  return bytes
}
