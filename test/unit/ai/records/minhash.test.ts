import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { clusterPlaces } from '../../../../src/ai/records/clusters.ts'
import { equalValues, minhash, shinglesOf, wordsOf } from '../../../../src/ai/records/minhash.ts'
import { numbers, seedOf } from '../../../support/models.ts'

/** ChaCha20 blocks (RFC 8439, section 2.3) with a zero nonce, written for this test alone. */
function chacha20(key: Buffer, length: number): Buffer {
  const out = Buffer.alloc(Math.ceil(length / 64) * 64)
  const rotate = (x: number, n: number) => ((x << n) | (x >>> (32 - n))) >>> 0
  for (let counter = 0; counter * 64 < length; counter++) {
    const start = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574]
    for (let i = 0; i < 8; i++) start.push(key.readUInt32LE(4 * i))
    start.push(counter, 0, 0, 0)
    const x = [...start]
    const quarter = (a: number, b: number, c: number, d: number) => {
      x[a] = (x[a]! + x[b]!) >>> 0
      x[d] = rotate(x[d]! ^ x[a]!, 16)
      x[c] = (x[c]! + x[d]!) >>> 0
      x[b] = rotate(x[b]! ^ x[c]!, 12)
      x[a] = (x[a]! + x[b]!) >>> 0
      x[d] = rotate(x[d]! ^ x[a]!, 8)
      x[c] = (x[c]! + x[d]!) >>> 0
      x[b] = rotate(x[b]! ^ x[c]!, 7)
    }
    for (let round = 0; round < 10; round++) {
      for (let i = 0; i < 4; i++) quarter(i, 4 + i, 8 + i, 12 + i)
      for (let i = 0; i < 4; i++) quarter(i, 4 + ((i + 1) % 4), 8 + ((i + 2) % 4), 12 + ((i + 3) % 4))
    }
    x.forEach((value, i) => {
      out.writeUInt32LE((value + start[i]!) >>> 0, counter * 64 + 4 * i)
    })
  }
  return out.subarray(0, length)
}

test('a signature is what its definition says, worked out independently', () => {
  const words = ['the', 'quick', 'brown', 'fox', 'jumps']
  const datanetKey = createHash('sha256').update('openledger.minhash.v1').digest()
  const least = new Array<number>(128).fill(0xffff_ffff)
  for (const word of words) {
    const stream = chacha20(createHash('sha256').update(datanetKey).update(word).digest(), 512)
    least.forEach((value, i) => {
      least[i] = Math.min(value, stream.readUInt32LE(4 * i))
    })
  }
  const signature = Buffer.from(minhash(['The quick, brown fox', 'jumps! the FOX']))
  expect(least.map((_, i) => signature.readUInt32BE(4 * i))).toEqual(least)
})

describe('words', () => {
  test.each([
    ['Ｆｕｌｌ-width ﬁne', ['full', 'width', 'fine']],
    ['İstanbul Straße', ['i̇stanbul', 'straße']],
    ["don't e-mail 3.14", ['don', 't', 'e', 'mail', '3', '14']],
    ['漢字 und ελλάδα', ['漢字', 'und', 'ελλάδα']],
    ['   ', []],
  ])('of %j', (text, words) => {
    expect(wordsOf(text)).toEqual(words)
  })

  test('make shingles within one text; a text that is too short is one shingle', () => {
    expect([...shinglesOf(['a b c', 'a b', 'c'], 2)]).toEqual(['a b', 'b c', 'c'])
  })
})

describe('near-duplicates', () => {
  const draw = numbers(11)
  const pick = (limit: number) => Math.floor(((draw() + 1) / 2) * limit)
  const vocabulary = Array.from({ length: 3000 }, (_, i) => `w${i}`)
  // small numbers more often, as words are
  const word = () => vocabulary[Math.min(pick(3000), pick(3000), pick(3000))]!
  const text = () => Array.from({ length: 200 }, word).join(' ')
  const edit = (source: string) =>
    source
      .split(' ')
      .map((old) => (pick(20) === 0 ? word() : old))
      .join(' ')

  test('keep 103 values when one word in twenty changes; unrelated texts stay far below', () => {
    const originals = Array.from({ length: 10 }, text)
    const signatures = originals.map((original) => minhash([original]))
    for (const [i, original] of originals.entries()) {
      expect(equalValues(signatures[i]!, minhash([edit(original)]))).toBeGreaterThanOrEqual(103)
      for (const other of signatures.slice(0, i)) expect(equalValues(signatures[i]!, other)).toBeLessThan(52)
    }
  })

  test('estimate the Jaccard similarity of the sets', () => {
    const words = (from: number, to: number) => vocabulary.slice(from, to).join(' ')
    // 300 shared of 600: one half, ±4 deviations of 128 throws
    const equal = equalValues(minhash([words(0, 450)]), minhash([words(150, 600)]))
    expect(Math.abs(equal - 64)).toBeLessThan(4 * 5.7)
  })

  test('join the earliest leader that they are near to, with the novelty that is left', () => {
    const original = text()
    const copy = edit(original)
    const signatures = [text(), original, text(), copy, original].map((entry) => minhash([entry]))
    const equal = equalValues(signatures[1]!, signatures[3]!)
    expect(clusterPlaces(signatures)).toEqual([
      { leader: 0, noveltyBps: 10_000 },
      { leader: 1, noveltyBps: 10_000 },
      { leader: 2, noveltyBps: 10_000 },
      { leader: 1, noveltyBps: Math.floor(((128 - equal) * 10_000) / 128) },
      { leader: 1, noveltyBps: 0 },
    ])
  })

  test('under a secret key have signatures that tell nothing to who lacks it', () => {
    const original = text()
    expect(equalValues(minhash([original], seedOf(1)), minhash([original]))).toBe(0)
  })
})
