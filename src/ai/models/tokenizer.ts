import { z } from 'zod'
import { NodeError } from '../../errors/errors.ts'

const SPACE_MARK = '\u2581'
/** The first ids are not pieces of text: unknown, start, end, three spare. */
const RESERVED_IDS = 6
const UNKNOWN_ID = 0

/** A few pieces (those with a colon) have no score in the original's file, which then counts as 0. */
const scoreSchema = z
  .number()
  .nullable()
  .transform((score) => score ?? 0)
const vocabularySchema = z.array(z.tuple([z.string().min(1), scoreSchema])).min(RESERVED_IDS + 1)

/**
 * The unigram tokenizer of the base encoder: NFKC, spaces become ▁, then the segmentation of the highest summed
 * score (Viterbi). Ties and unknown characters follow the original's rules, so that ids are equal to its own:
 * among equal scores the latest start wins, a character that no piece starts with is unknown with score 0, and
 * runs of unknowns are one token. NFKC is stable for every character that Unicode has assigned.
 */
export class UnigramTokenizer {
  readonly #pieces: readonly (readonly [text: string, score: number])[]
  readonly #idOf = new Map<string, number>()
  /** Characters of the longest piece. */
  readonly #longest: number

  constructor(vocabularyJson: Uint8Array) {
    const parsed = vocabularySchema.safeParse(parseJson(vocabularyJson))
    if (!parsed.success) throw new NodeError('BAD_MODEL', 'The vocabulary is not a list of [piece, score].')
    this.#pieces = parsed.data
    let longest = 1
    for (const [id, [text]] of this.#pieces.entries()) {
      if (id < RESERVED_IDS) continue
      this.#idOf.set(text, id)
      longest = Math.max(longest, [...text].length)
    }
    this.#longest = longest
  }

  /** Token ids of `text`, the first `maxTokens` of them; none for an empty text. */
  encode(text: string, maxTokens: number): readonly number[] {
    const normal = text.normalize('NFKC')
    if (normal.length === 0) return []
    const characters = [...`${SPACE_MARK}${normal.replaceAll(' ', SPACE_MARK)}`]
    const lastPiece = this.#segment(characters)
    const ids: number[] = []
    for (let end = characters.length; end > 0; ) {
      const id = lastPiece[end] ?? UNKNOWN_ID
      if (id !== UNKNOWN_ID || ids.at(-1) !== UNKNOWN_ID) ids.push(id)
      end -= this.#pieces[id]?.[0].length ?? 1
    }
    return ids.reverse().slice(0, maxTokens)
  }

  /** For each end position the id of the last piece of the best segmentation up to it. */
  #segment(characters: readonly string[]): Int32Array {
    const best = new Float64Array(characters.length + 1)
    const lastPiece = new Int32Array(characters.length + 1)
    for (let start = 0; start < characters.length; start++) {
      let piece = ''
      let found = false
      const limit = Math.min(characters.length, start + this.#longest)
      for (let end = start + 1; end <= limit; end++) {
        piece += characters[end - 1] ?? ''
        const id = this.#idOf.get(piece)
        if (id === undefined) continue
        found = true
        this.#offer(best, lastPiece, end, (best[start] ?? 0) + (this.#pieces[id]?.[1] ?? 0), id)
      }
      if (!found) this.#offer(best, lastPiece, start + 1, best[start] ?? 0, UNKNOWN_ID)
    }
    return lastPiece
  }

  /** A score of exactly 0 counts as not yet reached, as it does in the original. */
  #offer(best: Float64Array, lastPiece: Int32Array, end: number, score: number, id: number): void {
    const known = best[end] ?? 0
    if (known !== 0 && score < known) return
    best[end] = score
    lastPiece[end] = id
  }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch (error) {
    throw new NodeError('BAD_MODEL', 'The vocabulary is not JSON.', {}, error)
  }
}
