import { bounds } from '../bounds.ts'

/** Literal spans of an answer in a corpus, without any state. */

export interface Chunk {
  /** Leaf of the corpus's tree. */
  readonly index: number
  readonly row: number
  /** Place of the first token in the contribution. */
  readonly start: number
  readonly tokens: readonly number[]
  readonly rarities: readonly number[]
}

export interface Span<C extends Chunk = Chunk> {
  readonly outputStart: number
  readonly length: number
  /** Place of the span's first token in the contribution. */
  readonly corpusStart: number
  readonly chunks: readonly C[]
}

export interface FoundSpan {
  readonly row: number
  /** Σ rarity of its tokens. */
  readonly weight: number
}

export function endOf({ outputStart, length }: Pick<Span, 'outputStart' | 'length'>): number {
  return outputStart + length
}

/** Two stretches of the answer have a token in common; an empty one has none. */
export function overlap(a: Span, b: Span): boolean {
  return Math.max(a.outputStart, b.outputStart) < Math.min(endOf(a), endOf(b))
}

/**
 * Where the chunks say that the span is; undefined unless it is there, token by token. The chunks must follow each other
 * in one row, and each must hold a part of the span, so that a span has one list of chunks.
 */
export function findSpan(output: readonly number[], span: Span): FoundSpan | undefined {
  const { outputStart, corpusStart, length, chunks } = span
  const [first] = chunks
  if (first === undefined || endOf(span) > output.length || !followEachOther(chunks)) return undefined
  const corpusEnd = corpusStart + length
  let weight = 0
  let at = corpusStart
  for (const { start, tokens, rarities } of chunks) {
    const end = Math.min(start + tokens.length, corpusEnd)
    // neither before the span, nor behind it
    if (at < start || at >= end) return undefined
    for (; at < end; at++) {
      if (tokens[at - start] !== output[outputStart + at - corpusStart]) return undefined
      weight += rarities[at - start] ?? 0
    }
  }
  return at === corpusEnd ? { row: first.row, weight } : undefined
}

function followEachOther(chunks: readonly Chunk[]): boolean {
  return chunks.every(({ index, row, start, tokens, rarities }, n) => {
    const { length } = tokens
    if (length === 0 || length > bounds.corpusTokens || rarities.length !== length) return false
    const before = chunks[n - 1]
    if (before === undefined) return true
    const isNext = index === before.index + 1 && start === before.start + before.tokens.length
    return isNext && row === before.row
  })
}
