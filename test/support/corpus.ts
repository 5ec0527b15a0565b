import { encodePacked } from 'viem'
import { bytesToHex, type Hash, hexToBytes } from '../../src/primitives/hex.ts'
import { numbers, rfc6962 } from './precompileWorld.ts'

/** A corpus and passages with their trees, made the plain way: what claims on them must agree with. */

/** PATH(m, D[n]) as RFC 6962, section 2.1.1, writes it: recursive, over the whole list. */
export function auditPath(index: number, leaves: readonly Uint8Array[]): Uint8Array[] {
  if (leaves.length <= 1) return []
  let split = 1
  while (split * 2 < leaves.length) split *= 2
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)]
  return index < split
    ? [...auditPath(index, left), rfc6962(right)]
    : [...auditPath(index - split, right), rfc6962(left)]
}

export interface CorpusChunk {
  readonly index: number
  readonly row: number
  readonly start: number
  readonly tokens: readonly number[]
  readonly rarities: readonly number[]
}

const leafOf = ({ row, start, tokens, rarities }: CorpusChunk) =>
  hexToBytes(
    encodePacked(
      ['uint32', 'uint32', 'uint8', 'bytes'],
      [
        row,
        start,
        tokens.length,
        `0x${tokens.map((token, n) => encodePacked(['uint32', 'uint8'], [token, rarities[n]!]).slice(2)).join('')}`,
      ],
    ),
  )

export class Corpus {
  readonly chunks: readonly CorpusChunk[]
  /** Tokens of each row. */
  readonly texts: readonly (readonly number[])[]
  readonly #leaves: readonly Uint8Array[]

  /** Cuts the texts, one a row, into chunks of these lengths, over and over. */
  constructor(texts: readonly (readonly number[])[], lengths: readonly number[]) {
    this.texts = texts
    const chunks: CorpusChunk[] = []
    texts.forEach((text, row) => {
      for (let start = 0; start < text.length; ) {
        const tokens = text.slice(start, start + lengths[chunks.length % lengths.length]!)
        const rarities = tokens.map((token) => token % 256)
        chunks.push({ index: chunks.length, row, start, tokens, rarities })
        start += tokens.length
      }
    })
    this.chunks = chunks
    this.#leaves = chunks.map(leafOf)
  }

  /** What the adapter's version says of the corpus. */
  get terms() {
    return { corpusRoot: bytesToHex(rfc6962(this.#leaves)), corpusChunks: this.chunks.length }
  }

  pathOf(index: number): Hash[] {
    return auditPath(index, this.#leaves).map((node) => bytesToHex(node))
  }

  /** The claim that a stretch of a row's text is in an answer from `outputStart` on. */
  claim(row: number, corpusStart: number, length: number, outputStart: number) {
    const chunks = this.chunks.filter(
      (chunk) =>
        chunk.row === row &&
        chunk.start < corpusStart + length &&
        chunk.start + chunk.tokens.length > corpusStart,
    )
    return {
      outputStart,
      length,
      corpusStart,
      chunks: chunks.map((chunk) => ({ ...chunk, path: this.pathOf(chunk.index) })),
    }
  }
}

/** A text of tokens that does not repeat itself. */
export function text(seed: number, length: number): number[] {
  const next = numbers(seed)
  return Array.from({ length }, () => next())
}

export interface PassageLeaf {
  readonly row: number
  readonly record: number
  readonly values: readonly number[]
}

export class Passages {
  readonly passages: readonly PassageLeaf[]
  readonly dims: number
  readonly #leaves: readonly Uint8Array[]

  constructor(count: number, dims: number, seed = 1) {
    const next = numbers(seed)
    this.dims = dims
    this.passages = Array.from({ length: count }, (_, n) => ({
      row: n % 4,
      record: Math.floor(n / 4),
      values: Array.from({ length: dims }, () => (next() % 255) - 127),
    }))
    this.#leaves = this.passages.map(({ row, record, values }) =>
      hexToBytes(encodePacked(['uint32', 'uint32', 'bytes'], [row, record, int8Hex(values)])),
    )
  }

  get terms() {
    const passagesRoot = bytesToHex(rfc6962(this.#leaves))
    return { passagesRoot, passages: this.passages.length, passageDims: this.dims }
  }

  claim(index: number) {
    const { row, record, values } = this.passages[index]!
    const path = auditPath(index, this.#leaves).map((node) => bytesToHex(node))
    return { index, row, record, embedding: int8Hex(values), path }
  }
}

export const int8Hex = (values: readonly number[]) => bytesToHex(Uint8Array.from(Int8Array.from(values)))
