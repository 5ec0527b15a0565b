import { describe, expect, test } from 'vitest'
import { keystream, SeededStream } from '../../../src/ai/seededStream.ts'
import { seedOf } from '../../support/models.ts'

test('the keystream is that of RFC 8439, appendix A.1, test vectors 1 and 2', () => {
  const expected =
    '76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7' +
    'da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586' +
    '9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed' +
    '29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f'
  expect(Buffer.from(keystream(seedOf(0), 128)).toString('hex')).toBe(expected)
})

test('numbers are little-endian words of the keystream, across blocks of the buffer', () => {
  const stream = new SeededStream(seedOf(9))
  const words = Array.from({ length: 3000 }, () => stream.uint32())
  const bytes = Buffer.from(keystream(seedOf(9), 12_000))
  expect(words).toEqual(Array.from({ length: 3000 }, (_, i) => bytes.readUInt32LE(4 * i)))
})

describe('draws', () => {
  test('are below the bound and all equally likely', () => {
    const stream = new SeededStream(seedOf(1))
    const counts = new Array<number>(6).fill(0)
    for (let i = 0; i < 12_000; i++) counts[stream.below(6)]! += 1
    // chi-squared with 5 degrees of freedom: 20.5 at one in a thousand
    const chi = counts.reduce((sum, count) => sum + (count - 2000) ** 2 / 2000, 0)
    expect(chi).toBeLessThan(20.5)
  })

  test('of the same seed are the same, and of another are not', () => {
    const draw = (byte: number) => {
      const stream = new SeededStream(seedOf(byte))
      return [stream.fraction(), stream.below(1000), stream.below(1)]
    }
    expect(draw(3)).toEqual(draw(3))
    expect(draw(3)).not.toEqual(draw(4))
  })

  test('shuffling keeps every item and leaves the list as it was', () => {
    const items = Array.from({ length: 50 }, (_, i) => i)
    const shuffled = new SeededStream(seedOf(2)).shuffle(items)
    expect([...shuffled].sort((a, b) => a - b)).toEqual(items)
    expect(shuffled).not.toEqual(items)
    expect(items[0]).toBe(0)
  })
})
