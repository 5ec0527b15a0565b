import { bytesToHex, type Hash } from '../primitives/hex.ts'
import { EMPTY_TRIE_ROOT, keccak256 } from '../primitives/keccak.ts'
import { encodeRlp, fromInt, type RlpItem } from '../primitives/rlp.ts'

interface Entry {
  readonly nibbles: readonly number[]
  readonly value: Uint8Array
}

const LEAF = 2
const EXTENSION = 0
const HASH_BYTES = 32

/**
 * Root of the trie that maps rlp(i) to the i-th value: the transactions and receipts roots of a block (Yellow Paper
 * 4.3.2 and appendix D). Built from the whole list at once and synchronously, so that gossip can be judged with it.
 */
export function orderedRoot(values: readonly Uint8Array[]): Hash {
  if (values.length === 0) return EMPTY_TRIE_ROOT
  const entries = values.map((value, index) => ({ nibbles: nibblesOf(encodeRlp(fromInt(index))), value }))
  entries.sort((a, b) => compareNibbles(a.nibbles, b.nibbles))
  return bytesToHex(keccak256(encodeRlp(node(entries, 0))))
}

/** The node over `entries`, which share their first `depth` nibbles; sorted, and no key is a prefix of another. */
function node(entries: readonly Entry[], depth: number): RlpItem {
  const [first] = entries
  if (first === undefined) return new Uint8Array(0)
  if (entries.length === 1) return [compactPath(first.nibbles.slice(depth), LEAF), first.value]
  const shared = sharedNibbles(entries, depth)
  if (shared > 0) {
    const path = first.nibbles.slice(depth, depth + shared)
    return [compactPath(path, EXTENSION), reference(node(entries, depth + shared))]
  }
  const branch: RlpItem[] = []
  for (let nibble = 0; nibble < 16; nibble++) {
    const below = entries.filter((entry) => entry.nibbles[depth] === nibble)
    branch.push(below.length === 0 ? new Uint8Array(0) : reference(node(below, depth + 1)))
  }
  branch.push(new Uint8Array(0))
  return branch
}

/** A node shorter than a hash stands in its parent itself. */
function reference(child: RlpItem): RlpItem {
  const encoded = encodeRlp(child)
  return encoded.length < HASH_BYTES ? child : keccak256(encoded)
}

function sharedNibbles(entries: readonly Entry[], depth: number): number {
  const first = entries[0]?.nibbles ?? []
  const last = entries.at(-1)?.nibbles ?? []
  let shared = 0
  while (depth + shared < first.length && first[depth + shared] === last[depth + shared]) shared++
  return shared
}

/** Hex-prefix encoding (Yellow Paper, appendix C). */
function compactPath(nibbles: readonly number[], flag: number): Uint8Array {
  const isOdd = nibbles.length % 2 === 1
  const padded = isOdd ? [flag + 1, ...nibbles] : [flag, 0, ...nibbles]
  const bytes = new Uint8Array(padded.length / 2)
  for (let i = 0; i < bytes.length; i++) bytes[i] = ((padded[2 * i] ?? 0) << 4) | (padded[2 * i + 1] ?? 0)
  return bytes
}

function nibblesOf(key: Uint8Array): number[] {
  return [...key].flatMap((byte) => [byte >> 4, byte & 15])
}

function compareNibbles(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}
