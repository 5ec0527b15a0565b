import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { appendLeaf, EMPTY_PEAKS, merkleRoot } from '../../../../precompiles/shared/merkle.ts'
import { divideByWeights } from '../../../../precompiles/shared/shares.ts'
import { textProblem } from '../../../../precompiles/shared/text.ts'
import { concatBytes } from '../../../../src/primitives/bytes.ts'
import { bytesToHex } from '../../../../src/primitives/hex.ts'
import { keccak256 } from '../../../../src/primitives/keccak.ts'

/** MTH as RFC 6962 writes it: recursive, over the whole list. */
function treeHash(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return keccak256(new Uint8Array(0))
  const [only] = leaves
  if (leaves.length === 1 && only !== undefined) return keccak256(concatBytes(Uint8Array.of(0), only))
  let split = 1
  while (split * 2 < leaves.length) split *= 2
  return keccak256(
    concatBytes(Uint8Array.of(1), treeHash(leaves.slice(0, split)), treeHash(leaves.slice(split))),
  )
}

describe('the Merkle tree', () => {
  it('built leaf by leaf has the root of the recursive definition, for every size up to 70', () => {
    let peaks = EMPTY_PEAKS
    const leaves: Uint8Array[] = []
    for (let size = 0; size <= 70; size++) {
      expect(bytesToHex(merkleRoot(keccak256, peaks))).toBe(bytesToHex(treeHash(leaves)))
      const leaf = new Uint8Array(4)
      new DataView(leaf.buffer).setUint32(0, size * 7919)
      leaves.push(leaf)
      peaks = appendLeaf(keccak256, peaks, leaf)
    }
  })
})

describe('division by largest remainder', () => {
  const weights = fc
    .array(fc.bigInt({ min: 0n, max: 1n << 80n }), { minLength: 1, maxLength: 40 })
    .filter((list) => list.some((weight) => weight > 0n))

  it('adds up to the amount, within one unit of each exact share', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 1n << 100n }), weights, (amount, list) => {
        const parts = divideByWeights(amount, list)
        const total = list.reduce((sum, weight) => sum + weight, 0n)
        expect(parts.reduce((sum, part) => sum + part, 0n)).toBe(amount)
        parts.forEach((part, index) => {
          const floor = (amount * (list[index] ?? 0n)) / total
          expect(part === floor || part === floor + 1n).toBe(true)
        })
      }),
    )
  })

  it('never gives a larger weight less than a smaller one, and an equal earlier one never less', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10_000n }), weights, (amount, list) => {
        const parts = divideByWeights(amount, list)
        for (let a = 0; a < list.length; a++) {
          for (let b = a + 1; b < list.length; b++) {
            if (list[a] === list[b]) expect(parts[a]! >= parts[b]!).toBe(true)
          }
        }
      }),
    )
  })

  it.each([
    { amount: 10n, weights: [1n, 1n, 1n], parts: [4n, 3n, 3n] },
    { amount: 2n, weights: [1n, 1n, 1n], parts: [1n, 1n, 0n] },
    // Hamilton's method on a published example: 47,000 16,000 15,900 12,000 6,000 3,100 votes, 10 seats
    {
      amount: 10n,
      weights: [47_000n, 16_000n, 15_900n, 12_000n, 6_000n, 3_100n],
      parts: [5n, 2n, 1n, 1n, 1n, 0n],
    },
    { amount: 7n, weights: [0n, 5n, 0n], parts: [0n, 7n, 0n] },
    { amount: 0n, weights: [3n, 4n], parts: [0n, 0n] },
  ])('divides $amount by $weights into $parts', ({ amount, weights: list, parts }) => {
    expect(divideByWeights(amount, list)).toEqual(parts)
  })
})

describe('texts that people see', () => {
  it.each([
    { text: 'Weakness descriptions', max: 64, empty: false, problem: undefined },
    { text: 'Señor 数据 👩‍🔬', max: 64, empty: false, problem: undefined },
    { text: '', max: 64, empty: true, problem: undefined },
    { text: '', max: 64, empty: false, problem: { kind: 'content' } },
    { text: 'a\nb', max: 64, empty: false, problem: { kind: 'content' } },
    { text: 'pay\u202eevil', max: 64, empty: false, problem: { kind: 'content' } },
    { text: 'é'.repeat(33), max: 64, empty: false, problem: { kind: 'length', bytes: 66 } },
  ])('$text', ({ text, max, empty, problem }) => {
    expect(textProblem(text, max, empty)).toEqual(problem)
  })
})
