import { invariant } from '../../src/errors/errors.ts'
import { concatBytes } from '../../src/primitives/bytes.ts'

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
