import { createMerkleProof, MerklePatriciaTrie } from '@ethereumjs/mpt'
import { type DB, MapDB } from '@ethereumjs/util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytesToHex, hexToBytes } from '../../../src/primitives/hex.ts'
import { keccak256 } from '../../../src/primitives/keccak.ts'
import { childHashes, walkTrie } from '../../../src/state/trieWalk.ts'

/** Keys that differ late, so that extensions are long and the last nodes are short enough to lie in their parents. */
const key = fc
  .record({
    head: fc.constantFrom(0x00, 0x0f, 0x10),
    middle: fc.constantFrom(0, 1),
    tail: fc.nat(255),
    last: fc.nat(255),
  })
  .map(({ head, middle, tail, last }) => {
    const bytes = new Uint8Array(32)
    bytes.set([head, middle], 0)
    bytes.set([tail & 0xf3, last], 30)
    return bytes
  })
const value = fc.uint8Array({ minLength: 1, maxLength: 40 })

test('walks any trie to the value, or to its absence, by the nodes of the library’s proof', async () => {
  let embedded = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(key, value), { minLength: 1, maxLength: 30, size: 'max' }),
      fc.array(key, { maxLength: 10 }),
      async (entries, others) => {
        const stored = new Map<string, Uint8Array>()
        const db: DB<string, string | Uint8Array> = new MapDB()
        const trie = new MerklePatriciaTrie({ db, useKeyHashing: false, useKeyHashingFunction: keccak256 })
        for (const [path, content] of entries) {
          await trie.put(path, content)
          stored.set(bytesToHex(path), content)
        }
        const nodes = new Map<string, Uint8Array>()
        for (const path of [...entries.map(([path]) => path), ...others]) {
          const proof = await createMerkleProof(trie, path)
          const hashed = proof.filter((node, index) => index === 0 || node.length >= 32)
          embedded += proof.length - hashed.length
          for (const node of hashed) nodes.set(bytesToHex(keccak256(node)), node)
          const seen: Uint8Array[] = []
          const found = walkTrie(
            trie.root(),
            path,
            (hash) => nodes.get(bytesToHex(hash))!,
            (node) => seen.push(node),
          )
          expect(found).toEqual(stored.get(bytesToHex(path)))
          expect(seen.map(bytesToHex)).toEqual(hashed.map(bytesToHex))
        }
        const reachable = new Set([bytesToHex(trie.root())])
        for (const hash of reachable) {
          for (const child of childHashes(nodes.get(hash)!)) reachable.add(bytesToHex(child))
        }
        expect([...reachable].sort()).toEqual([...nodes.keys()].sort())
        expect([...reachable].every((hash) => hexToBytes(hash).length === 32)).toBe(true)
      },
    ),
    { numRuns: 40 },
  )
  expect(embedded).toBeGreaterThan(0)
})
