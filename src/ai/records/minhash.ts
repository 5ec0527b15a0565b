import { createHash } from 'node:crypto'
import { NodeError } from '../../errors/errors.ts'
import { utf8ToBytes } from '../../primitives/bytes.ts'
import { type Hash, hexToBytes } from '../../primitives/hex.ts'
import { sha256 } from '../hashes.ts'
import { keystream } from '../seededStream.ts'

/** Values of a signature. */
export const MINHASH_VALUES = 128
const VALUE_BYTES = 4
/**
 * Words in a shingle: one. Two contributions count as near-duplicates from 103 equal values of 128 on. Equal values
 * (least, mean, most) of contributions of weakness descriptions, 15 to 20 words a record:
 *
 * | records each | unrelated, one topic | one word in 20 replaced by another of the topic | replaced by a made-up word |
 * |---|---|---|---|
 * | 5 | 5, 19, 31 | 100, 114, 124 | 105, 116, 126 |
 * | 20 | 22, 29, 38 | 109, 118, 121 | 105, 115, 124 |
 * | 400 | 43, 49, 58 | 116, 119, 124 | 91, 93, 94 |
 *
 * With two words the copies have a mean of 103 to 105, so half of them would pass as new; with three 88 to 96.
 */
export const SHINGLE_WORDS = 1

/** Key of open Datanets; a private one has a secret key, so that its signatures tell nothing about its words. */
export const OPEN_MINHASH_KEY: Hash = sha256(utf8ToBytes('openledger.minhash.v1'))

/** Words of a text: NFKC, Unicode lower case, then the longest runs of letters, marks and digits. */
export function wordsOf(text: string): readonly string[] {
  return (
    text
      .normalize('NFKC')
      .toLowerCase()
      .match(/[\p{L}\p{M}\p{N}]+/gu) ?? []
  )
}

/** Distinct shingles of some texts: `size` words in a row within one text; a shorter text is one shingle. */
export function shinglesOf(texts: readonly string[], size: number = SHINGLE_WORDS): ReadonlySet<string> {
  const shingles = new Set<string>()
  for (const text of texts) {
    const words = wordsOf(text)
    if (words.length > 0 && words.length < size) shingles.add(words.join(' '))
    for (let at = 0; at + size <= words.length; at++) shingles.add(words.slice(at, at + size).join(' '))
  }
  return shingles
}

/**
 * The MinHash signature of a contribution, 128 big-endian uint32. Byte for byte: the key of a shingle is
 * sha2-256(Datanet key ‖ UTF-8 of the shingle); its 128 values are the first 512 bytes of the ChaCha20 keystream of
 * that key (RFC 8439; zero nonce, counter from 0), read as little-endian uint32; value i of the signature is the
 * least value i over all distinct shingles. The share of equal values estimates the Jaccard similarity of the sets.
 */
export function minhash(
  texts: readonly string[],
  key: Hash = OPEN_MINHASH_KEY,
  size: number = SHINGLE_WORDS,
): Uint8Array {
  const shingles = shinglesOf(texts, size)
  if (shingles.size === 0) throw new NodeError('BAD_DATASET', 'The texts hold no word.')
  const least = new Uint32Array(MINHASH_VALUES).fill(0xffff_ffff)
  const keyBytes = hexToBytes(key)
  for (const shingle of shingles) {
    const seed = createHash('sha256').update(keyBytes).update(shingle, 'utf8').digest('hex')
    const stream = keystream(`0x${seed}`, MINHASH_VALUES * VALUE_BYTES)
    const view = new DataView(stream.buffer, stream.byteOffset, stream.byteLength)
    for (let i = 0; i < MINHASH_VALUES; i++) {
      const value = view.getUint32(VALUE_BYTES * i, true)
      if (value < (least[i] ?? 0)) least[i] = value
    }
  }
  const signature = new Uint8Array(MINHASH_VALUES * VALUE_BYTES)
  const view = new DataView(signature.buffer)
  least.forEach((value, i) => {
    view.setUint32(VALUE_BYTES * i, value)
  })
  return signature
}

/** How many of the 128 values of two signatures are equal. */
export function equalValues(a: Uint8Array, b: Uint8Array): number {
  let equal = 0
  for (let i = 0; i < MINHASH_VALUES; i++) {
    const at = VALUE_BYTES * i
    if (Buffer.compare(a.subarray(at, at + VALUE_BYTES), b.subarray(at, at + VALUE_BYTES)) === 0) equal += 1
  }
  return equal
}
