import { createMPT } from '@ethereumjs/mpt'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { orderedRoot } from '../../../src/ledger/orderedRoot.ts'
import { bytesToHex } from '../../../src/primitives/hex.ts'
import { EMPTY_TRIE_ROOT } from '../../../src/primitives/keccak.ts'
import { encodeRlp, fromInt } from '../../../src/primitives/rlp.ts'

async function libraryRoot(values: readonly Uint8Array[]) {
  const trie = await createMPT()
  for (const [index, value] of values.entries()) await trie.put(encodeRlp(fromInt(index)), value)
  return bytesToHex(trie.root())
}

describe('the root of an ordered list', () => {
  it('of nothing is the empty root', () => {
    expect(orderedRoot([])).toBe(EMPTY_TRIE_ROOT)
  })

  it('is the trie library’s for lists of short and long values', async () => {
    const value = fc.uint8Array({ minLength: 1, maxLength: 80 })
    await fc.assert(
      fc.asyncProperty(fc.array(value, { minLength: 1, maxLength: 300 }), async (values) => {
        expect(orderedRoot(values)).toBe(await libraryRoot(values))
      }),
      { numRuns: 60 },
    )
  })

  it('is the trie library’s where the keys grow a byte', async () => {
    for (const length of [1, 2, 127, 128, 129, 255, 256, 257]) {
      const values = Array.from({ length }, (_, index) => Uint8Array.of(1, index & 255, 3))
      expect(orderedRoot(values)).toBe(await libraryRoot(values))
    }
  })
})
