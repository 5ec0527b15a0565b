import { wordsOf } from '../records/minhash.ts'

/** Column numbers and values of the entries that are not zero, columns ascending. */
export interface SparseVector {
  readonly columns: Int32Array
  readonly values: Float64Array
}

/** Terms in fewer texts than this are left out: they cannot help on other texts. */
const LEAST_TEXTS = 2

/**
 * Words and pairs of words weighed by how rare they are: count · (ln((1 + n) / (1 + texts with the term)) + 1),
 * then unit length; the smooth form that scikit-learn uses. The plain baseline that an adapter is compared with.
 */
export class Tfidf {
  readonly #columns: ReadonlyMap<string, { readonly column: number; readonly rarity: number }>

  constructor(texts: readonly string[]) {
    const counts = new Map<string, number>()
    for (const text of texts) {
      for (const term of new Set(termsOf(text))) counts.set(term, (counts.get(term) ?? 0) + 1)
    }
    const kept = [...counts].filter(([, count]) => count >= LEAST_TEXTS)
    kept.sort(([a], [b]) => (a < b ? -1 : 1))
    this.#columns = new Map(
      kept.map(([term, count], column) => [
        term,
        { column, rarity: Math.log((1 + texts.length) / (1 + count)) + 1 },
      ]),
    )
  }

  get width(): number {
    return this.#columns.size
  }

  vector(text: string): SparseVector {
    const weights = new Map<number, number>()
    for (const term of termsOf(text)) {
      const known = this.#columns.get(term)
      if (known !== undefined) weights.set(known.column, (weights.get(known.column) ?? 0) + known.rarity)
    }
    const entries = [...weights].sort(([a], [b]) => a - b)
    const norm = Math.sqrt(entries.reduce((sum, [, value]) => sum + value * value, 0))
    return {
      columns: Int32Array.from(entries, ([column]) => column),
      values: Float64Array.from(entries, ([, value]) => value / norm),
    }
  }
}

function termsOf(text: string): readonly string[] {
  const words = wordsOf(text)
  return [...words, ...words.slice(1).map((word, i) => `${words[i] ?? ''} ${word}`)]
}
