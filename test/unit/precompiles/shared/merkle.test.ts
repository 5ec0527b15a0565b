import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { encodePacked } from 'viem'
import { describe, expect, it } from 'vitest'
import {
  appendLeaf,
  corpusLeaf,
  EMPTY_PEAKS,
  isInTree,
  merkleRoot,
  passageLeaf,
} from '../../../../precompiles/shared/merkle.ts'
import { concatBytes } from '../../../../src/primitives/bytes.ts'
import { bytesToHex, hexToBytes } from '../../../../src/primitives/hex.ts'
import { keccak256 } from '../../../../src/primitives/keccak.ts'
import { auditPath } from '../../../support/corpus.ts'
import { rfc6962 } from '../../../support/precompileWorld.ts'

const leafOf = (n: number) => hexToBytes(encodePacked(['uint32', 'bytes3'], [n * 7919, '0xabcdef']))
const treeOf = (leaves: number) => {
  const data = Array.from({ length: leaves }, (_, n) => leafOf(n))
  return { data, root: rfc6962(data) }
}
const holds = (root: Uint8Array, data: Uint8Array, index: number, leaves: number, path: Uint8Array[]) =>
  isInTree(keccak256, root, data, { index, leaves }, path)

describe('the audit path of a leaf', () => {
  it('that RFC 6962 defines leads to the root, for every leaf of every tree up to 40', () => {
    for (let leaves = 1; leaves <= 40; leaves++) {
      const { data, root } = treeOf(leaves)
      data.forEach((leaf, index) => {
        expect(holds(root, leaf, index, leaves, auditPath(index, data))).toBe(true)
      })
    }
  })

  it('is the only one, of the only leaf at that place', () => {
    const place = fc.integer({ min: 2, max: 200 }).chain((leaves) =>
      fc.record({
        leaves: fc.constant(leaves),
        index: fc.nat(leaves - 1),
        other: fc.nat(leaves - 1),
        at: fc.nat(),
        bit: fc.nat(255),
      }),
    )
    fc.assert(
      fc.property(place, ({ leaves, index, other, at, bit }) => {
        const { data, root } = treeOf(leaves)
        const path = auditPath(index, data)
        const leaf = data[index]!
        expect(holds(root, leaf, index, leaves, path)).toBe(true)
        expect(holds(root, leaf, other, leaves, path)).toBe(other === index)
        expect(holds(root, data[other]!, index, leaves, path)).toBe(other === index)
        const step = at % path.length
        const flipped = path.map((node) => node.slice())
        flipped[step]![bit >> 3] = (flipped[step]![bit >> 3] ?? 0) ^ (1 << (bit & 7))
        const shorter = path.filter((_, n) => n !== step)
        const longer = [...path.slice(0, step), path[step]!, ...path.slice(step)]
        const cut = path.map((node, n) => (n === step ? node.subarray(0, 31) : node))
        for (const wrong of [flipped, shorter, longer, cut, [], [...path, root]]) {
          expect(holds(root, leaf, index, leaves, wrong)).toBe(false)
        }
        expect(holds(flipped[step]!, leaf, index, leaves, path)).toBe(false)
      }),
      { numRuns: 60 },
    )
  })

  it('has the length of its place in a tree of that size: the path of a smaller tree is too short', () => {
    const { data, root } = treeOf(2)
    const path = auditPath(0, data)
    expect([2, 3, 4, 8, 1000].map((leaves) => holds(root, data[0]!, 0, leaves, path))).toEqual([
      true,
      false,
      false,
      false,
      false,
    ])
  })

  it('does not pass for a node: leaves and nodes are hashed apart', () => {
    const { data, root } = treeOf(4)
    const [a, b] = [rfc6962(data.slice(0, 2)), rfc6962(data.slice(2))]
    expect(holds(root, concatBytes(a, b), 0, 1, [])).toBe(false)
    expect(holds(root, concatBytes(Uint8Array.of(1), a, b), 0, 1, [])).toBe(false)
  })

  it.each([
    { what: 'no leaves', index: 0, leaves: 0 },
    { what: 'a place behind the last leaf', index: 5, leaves: 5 },
    { what: 'a place far behind', index: 2 ** 32 - 1, leaves: 5 },
  ])('does not exist for $what', ({ index, leaves }) => {
    const { data, root } = treeOf(5)
    expect(holds(root, data[4]!, index, leaves, auditPath(4, data))).toBe(false)
  })

  it('has at most 32 nodes, and nothing is hashed where there are more', () => {
    let hashes = 0
    const counting = (bytes: Uint8Array) => {
      hashes += 1
      return keccak256(bytes)
    }
    // all left children of the largest tree that can be counted
    const path = Array.from({ length: 32 }, (_, n) => keccak256(Uint8Array.of(n)))
    const leaf = leafOf(1)
    const root = path.reduce(
      (node, sibling) => keccak256(concatBytes(Uint8Array.of(1), node, sibling)),
      keccak256(concatBytes(Uint8Array.of(0), leaf)),
    )
    const place = { index: 0, leaves: 2 ** 32 - 1 }
    expect(isInTree(counting, root, leaf, place, path)).toBe(true)
    expect(hashes).toBe(33)
    hashes = 0
    expect(isInTree(counting, root, leaf, place, [...path, root])).toBe(false)
    expect(isInTree(counting, root, leaf, place, Array(100_000).fill(root))).toBe(false)
    expect(hashes).toBe(0)
  })
})

/** Test data of Certificate Transparency: eight leaves, with SHA-256. */
describe('the trees of Certificate Transparency', () => {
  const sha256 = (data: Uint8Array) => new Uint8Array(createHash('sha256').update(data).digest())
  const leaves = [
    '0x',
    '0x00',
    '0x10',
    '0x2021',
    '0x3031',
    '0x40414243',
    '0x5051525354555657',
    '0x606162636465666768696a6b6c6d6e6f',
  ].map((hex) => hexToBytes(hex))
  const roots = [
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
    'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
    '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
    'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
    '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
  ] as const

  it.each(roots.map((root, n) => ({ leaves: n + 1, root })))(
    'have these roots: $leaves',
    ({ leaves: size, root }) => {
      let peaks = EMPTY_PEAKS
      for (const leaf of leaves.slice(0, size)) peaks = appendLeaf(sha256, peaks, leaf)
      expect(bytesToHex(merkleRoot(sha256, peaks))).toBe(`0x${root}`)
    },
  )

  it.each([
    {
      index: 0,
      size: 8,
      path: [
        '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
        '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
        '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
      ],
    },
    {
      index: 5,
      size: 8,
      path: [
        'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
        'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
        'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
      ],
    },
    {
      index: 2,
      size: 3,
      path: ['fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125'],
    },
    {
      index: 1,
      size: 5,
      path: [
        '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
        '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
        'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      ],
    },
  ])('have these paths: leaf $index of $size', ({ index, size, path }) => {
    const root = hexToBytes(`0x${roots[size - 1]}`)
    const nodes = path.map((node) => hexToBytes(`0x${node}`))
    expect(isInTree(sha256, root, leaves[index]!, { index, leaves: size }, nodes)).toBe(true)
    expect(isInTree(sha256, root, leaves[index]!, { index, leaves: size }, [...nodes].reverse())).toBe(
      path.length === 1,
    )
  })
})

describe('the leaves of corpus and passages', () => {
  const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 })
  const uint8 = fc.integer({ min: 0, max: 255 })
  const hex = (bytes: Uint8Array | undefined) => bytes && bytesToHex(bytes)

  it('of the corpus are what viem packs, for one to 64 tokens', () => {
    const tokens = fc.array(fc.record({ token: uint32, rarity: uint8 }), { minLength: 1, maxLength: 64 })
    fc.assert(
      fc.property(uint32, uint32, tokens, (row, start, list) => {
        const packed = list.map(({ token, rarity }) =>
          encodePacked(['uint32', 'uint8'], [token, rarity]).slice(2),
        )
        const head = encodePacked(['uint32', 'uint32', 'uint8'], [row, start, list.length])
        expect(hex(corpusLeaf({ row, start, tokens: list }))).toBe(`${head}${packed.join('')}`)
      }),
    )
    const many = (length: number) => ({
      row: 1,
      start: 2,
      tokens: Array(length).fill({ token: 3, rarity: 4 }),
    })
    expect([corpusLeaf(many(0)), corpusLeaf(many(65))]).toEqual([undefined, undefined])
  })

  it('of passages are what viem packs, for 8 to 1024 dimensions', () => {
    const values = fc.array(fc.integer({ min: -128, max: 127 }), { minLength: 8, maxLength: 300 })
    fc.assert(
      fc.property(uint32, uint32, values, (row, record, list) => {
        const packed = list.map((value) => encodePacked(['int8'], [value]).slice(2))
        const head = encodePacked(['uint32', 'uint32'], [row, record])
        // a view into a larger buffer, as a decoded input is
        const buffer = Int8Array.from([99, ...list, 99]).subarray(1, list.length + 1)
        expect(hex(passageLeaf({ row, record, values: buffer }))).toBe(`${head}${packed.join('')}`)
      }),
    )
    const of = (length: number) => passageLeaf({ row: 0, record: 0, values: new Int8Array(length) })
    expect([7, 8, 1024, 1025].map((length) => of(length)?.length)).toEqual([undefined, 16, 1032, undefined])
  })
})
