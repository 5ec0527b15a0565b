import { expect, test } from 'vitest'
import { canonicalJson, cidOf, cidOfDigest, sha256 } from '../../../src/ai/hashes.ts'

test('a CID is the one that IPFS gives the same bytes as one raw block', () => {
  const bytes = Buffer.from('hello world')
  expect(cidOf(bytes)).toBe('bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e')
  expect(cidOfDigest(sha256(bytes))).toBe(cidOf(bytes))
  expect(sha256(bytes)).toBe('0xb94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9')
})

test('canonical JSON sorts keys at every depth and leaves undefined out', () => {
  expect(canonicalJson({ b: [1, { z: null, a: 'é"' }], a: true, c: undefined })).toBe(
    '{"a":true,"b":[1,{"a":"é\\"","z":null}]}',
  )
})

test.each([0.5, Number.NaN, 2 ** 60, 1n, () => 0])('%s has no canonical form', (value) => {
  expect(() => canonicalJson({ value })).toThrow(TypeError)
})
