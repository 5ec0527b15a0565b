import { createMPT } from '@ethereumjs/mpt'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareBytes } from '../../../../src/primitives/bytes.ts'
import { bytesToHex } from '../../../../src/primitives/hex.ts'
import { keccak256 } from '../../../../src/primitives/keccak.ts'
import {
  buildTrie,
  type Leaf,
  leavesUnder,
  lookupAmong,
  type Nibbles,
  openPlace,
  placeOf,
  proveLeaves,
} from '../../../../src/state/snapshot/subtrie.ts'
import { thrownCode } from '../../../support/network/outcome.ts'

const numbered = (n: number) => keccak256(Uint8Array.of(n >> 8, n & 0xff))
const byKey = (a: Leaf, b: Leaf) => compareBytes(a.key, b.key)
/** Values from a byte, so that nodes are embedded, to more than a hash. */
const leavesOf = (count: number, length: (n: number) => number): Leaf[] =>
  Array.from({ length: count }, (_, n) => ({
    key: numbered(n),
    value: new Uint8Array(length(n)).fill(1 + (n % 200)),
  })).sort(byKey)

/** Keys that share long prefixes, so that there are extensions and embedded nodes. */
const closeKeys = fc
  .uniqueArray(fc.tuple(fc.nat(3), fc.nat(3), fc.nat(255)), { maxLength: 40, selector: String })
  .map((tails) =>
    tails
      .map(([a, b, c]): Leaf => {
        const key = new Uint8Array(32).fill(0x11)
        key[3] = a << 4
        key[20] = b
        key[31] = c
        return { key, value: Uint8Array.of(1 + (c % 100)) }
      })
      .sort(byKey),
  )

async function rootByLibrary(leaves: readonly Leaf[]): Promise<string> {
  const trie = await createMPT()
  for (const { key, value } of leaves) await trie.put(key, value)
  return bytesToHex(trie.root())
}

function lookupOf(leaves: readonly Leaf[]) {
  const { root, nodes } = buildTrie(leaves)
  return { root, lookup: lookupAmong(nodes.map(({ node }) => node)) }
}

const prefixes: readonly Nibbles[] = [
  [],
  [1],
  [1, 1],
  [3],
  [0xa, 0xb],
  [1, 1, 1, 1, 1, 1, 2],
  [1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1],
]

describe('a trie built from its leaves', () => {
  it('has the root that the trie library computes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          closeKeys,
          fc.nat(60).map((n) => leavesOf(n, (i) => 1 + (i % 70))),
        ),
        async (leaves) => {
          expect(bytesToHex(buildTrie(leaves).root)).toBe(await rootByLibrary(leaves))
        },
      ),
      { numRuns: 20 },
    )
  })

  it('gives its leaves back in order, under any prefix, and these prove themselves', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          closeKeys,
          fc.nat(200).map((n) => leavesOf(n, (i) => 1 + (i % 40))),
        ),
        (leaves) => {
          const { root, lookup } = lookupOf(leaves)
          for (const prefix of prefixes) {
            const visited: Uint8Array[] = []
            const place = placeOf(root, prefix, lookup, (_hash, node) => visited.push(node))
            const under = [...leavesUnder(place, lookup)]
            expect(under).toEqual(leaves.filter(({ key }) => startsWith(key, prefix)))
            const seen = placeOf(root, prefix, lookupAmong(visited), () => undefined)
            expect(() => proveLeaves(seen, under)).not.toThrow()
          }
        },
      ),
      { numRuns: 20 },
    )
  })

  it('splits into the children of its branches, which hold all leaves together', () => {
    const leaves = leavesOf(300, () => 40)
    const { root, lookup } = lookupOf(leaves)
    const opened = openPlace(
      placeOf(root, [], lookup, () => undefined),
      lookup,
      () => undefined,
    )!
    expect(opened.node.kind).toBe('branch')
    const all = [...Array(16).keys()].flatMap((nibble) => [
      ...leavesUnder(
        placeOf(root, [...opened.path, nibble], lookup, () => undefined),
        lookup,
      ),
    ])
    expect(all).toEqual(leaves)
  })
})

describe('a chunk of leaves', () => {
  const leaves = leavesOf(200, (n) => 1 + (n % 50))
  const { root, lookup } = lookupOf(leaves)
  const prefix = [leaves[50]!.key[0]! >> 4]
  const place = placeOf(root, prefix, lookup, () => undefined)
  const honest = [...leavesUnder(place, lookup)]
  const refusal = (chunk: readonly Leaf[], at = place) => thrownCode(() => proveLeaves(at, chunk))

  it('that is whole is taken', () => {
    expect(honest.length).toBeGreaterThan(3)
    expect(refusal(honest)).toBe('no error')
  })

  it('that lacks a leaf is refused, whichever it is', () => {
    for (const left of honest) expect(refusal(honest.filter((one) => one !== left))).toBe('BAD_PROOF')
    expect(refusal([])).toBe('BAD_PROOF')
  })

  it('with a changed value or key is refused', () => {
    for (const [index, one] of honest.entries()) {
      const value = Uint8Array.from(one.value, (byte, at) => (at === 0 ? byte ^ 1 : byte))
      expect(refusal(honest.with(index, { ...one, value }))).toBe('BAD_PROOF')
    }
    const [first] = honest
    const key = Uint8Array.from(first!.key, (byte, at) => (at === 31 ? byte ^ 1 : byte))
    expect(refusal(honest.with(0, { ...first!, key }))).toBe('BAD_PROOF')
  })

  it('with a leaf too much, twice, out of order or from elsewhere is refused', () => {
    const other = leaves.find(({ key }) => key[0]! >> 4 !== prefix[0])!
    expect(refusal([...honest, other].sort(byKey))).toBe('BAD_PROOF')
    expect(refusal([honest[0]!, ...honest])).toBe('BAD_PROOF')
    expect(refusal([...honest].reverse())).toBe('BAD_PROOF')
    expect(refusal([{ key: Uint8Array.of(1), value: Uint8Array.of(1) }])).toBe('BAD_PROOF')
    const nothing = placeOf(root, Array<number>(64).fill(7), lookup, () => undefined)
    expect(refusal(honest, nothing)).toBe('BAD_PROOF')
    expect(refusal([], nothing)).toBe('no error')
  })

  it('is looked for among the nodes of its proof alone', () => {
    expect(thrownCode(() => placeOf(root, prefix, lookupAmong([]), () => undefined))).toBe('BAD_PROOF')
  })
})

function startsWith(key: Uint8Array, prefix: Nibbles): boolean {
  return prefix.every((nibble, at) => ((key[at >> 1]! >> ((at & 1) === 0 ? 4 : 0)) & 0xf) === nibble)
}
