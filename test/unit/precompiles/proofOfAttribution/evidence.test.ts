import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findSpan, overlap } from '../../../../precompiles/proofOfAttribution/spans.ts'
import { Corpus, int8Hex, Passages, text } from '../../../support/corpus.ts'
import { Fixture, owner, stranger } from './fixture.ts'

const from = stranger.address
const texts = [text(1, 150), text(2, 70), text(3, 9), text(4, 200)]
const corpus = new Corpus(texts, [64, 10, 1, 33])
const passages = new Passages(21, 16)
// the chain is only read
const f = new Fixture({ withAuditors: false })
const adapterId = f.world.activeAdapter(owner, f.baseModelId, [f.datanetId], f.rows, {
  ...corpus.terms,
  ...passages.terms,
})

type Claim = ReturnType<Corpus['claim']>
const spans = (output: readonly number[], claims: readonly unknown[]) =>
  f.attribution.try('scoreSpans', [adapterId, 1, output, claims], { from })
const rarity = (tokens: readonly number[]) => tokens.reduce((sum, token) => sum + (token % 256), 0)

/** An answer of stretches of the corpus with something else between them, and the claims that fit it. */
const answer = fc
  .array(
    fc.record({ row: fc.nat(3), at: fc.nat(500), length: fc.integer({ min: 8, max: 120 }), gap: fc.nat(3) }),
    { minLength: 1, maxLength: 6 },
  )
  .map((parts) => {
    const output: number[] = []
    const claims: Claim[] = []
    const taken: (readonly number[])[] = []
    for (const { row, at, length, gap } of parts) {
      const whole = texts[row]!
      const start = at % (whole.length - 7)
      const stretch = whole.slice(start, start + length)
      output.push(...Array<number>(gap).fill(7))
      claims.push(corpus.claim(row, start, stretch.length, output.length))
      output.push(...stretch)
      taken.push(stretch)
    }
    return { output, claims, taken }
  })

describe('spans of an answer', () => {
  it('are found in the rows they are from, weighed by the rarity of their tokens', () => {
    fc.assert(
      fc.property(answer, ({ output, claims, taken }) => {
        const outcome = spans(output, claims)
        expect(outcome).toMatchObject({ ok: true })
        expect(outcome.ok && outcome.value).toEqual([
          claims.map(({ chunks }) => chunks[0]!.row),
          taken.map(rarity),
        ])
      }),
      { numRuns: 60 },
    )
  })

  /** What is wrong with a claim, told from the whole texts and not from the chunks. */
  it('are there exactly when the texts have them, whatever is changed about a claim', () => {
    const change = fc.record({
      at: fc.nat(),
      field: fc.constantFrom('outputStart', 'length', 'corpusStart', 'drop', 'twice', 'token', 'none'),
      by: fc.integer({ min: -3, max: 3 }),
    })
    fc.assert(
      fc.property(answer, change, ({ output, claims }, { at, field, by }) => {
        const claim = claims[at % claims.length]!
        const answered = [...output]
        const chunks = [...claim.chunks]
        const changed = { ...claim, chunks }
        if (field === 'drop') chunks.splice(at % chunks.length, 1)
        if (field === 'twice') chunks.push(chunks[at % chunks.length]!)
        if (field === 'token') answered[at % answered.length]! += by === 0 ? 1 : by
        if (field === 'outputStart' || field === 'length' || field === 'corpusStart') {
          changed[field] = Math.max(0, claim[field] + by)
        }
        const { outputStart, corpusStart, length } = changed
        const row = claim.chunks[0]!.row
        const wanted = corpus.claim(row, corpusStart, length, outputStart).chunks
        const stretch = texts[row]!.slice(corpusStart, corpusStart + length)
        const said = answered.slice(outputStart, outputStart + length)
        const fits =
          stretch.length === length &&
          said.length === length &&
          stretch.every((token, n) => token === said[n]) &&
          wanted.length === chunks.length &&
          wanted.every(({ index }, n) => index === chunks[n]!.index)
        expect(findSpan(answered, changed)).toEqual(fits ? { row, weight: rarity(stretch) } : undefined)
      }),
      { numRuns: 500 },
    )
  })

  it('at the bounds are taken, and not beyond them', () => {
    const output = [...texts[2]!.slice(0, 8), ...texts[0]!.slice(0, 8)]
    const claims = [corpus.claim(2, 0, 8, 0), corpus.claim(0, 0, 8, 8)]
    expect(spans(output, claims)).toMatchObject({ ok: true })
    const short = { ...corpus.claim(2, 0, 7, 0), length: 7 }
    expect(spans(output, [short])).toMatchObject({ error: 'SpanTooShort', args: [0] })
    // the second starts where the first has its last token
    expect(spans(output, [claims[0], { ...claims[1]!, outputStart: 7 }])).toMatchObject({
      error: 'SpanOverlap',
      args: [1],
    })
    expect(spans(output, [...claims].reverse())).toMatchObject({ error: 'SpanOverlap', args: [1] })
    const beyond = { ...claims[1]!, outputStart: 9 }
    expect(spans(output, [claims[0], beyond])).toMatchObject({ error: 'SpanMismatch', args: [1] })
    const long = Array<number>(2048).fill(1)
    long.splice(2040, 8, ...texts[2]!.slice(0, 8))
    expect(spans(long, [corpus.claim(2, 0, 8, 2040)])).toMatchObject({ ok: true })
    expect(spans([...long, 1], [corpus.claim(2, 0, 8, 2040)])).toMatchObject({
      error: 'BoundExceeded',
      args: [2049n, 2048n],
    })
    expect(spans([], [])).toMatchObject({ error: 'BoundExceeded', args: [0n, 2048n] })
    expect(spans(long, [])).toMatchObject({ error: 'BoundExceeded', args: [0n, 64n] })
    const many = Array.from({ length: 65 }, (_, n) => corpus.claim(2, 0, 8, 8 * n))
    const repeated = many.flatMap(() => texts[2]!.slice(0, 8))
    expect(
      spans(
        repeated,
        many.slice(1).map((one) => ({ ...one, outputStart: one.outputStart - 8 })),
      ),
    ).toMatchObject({ ok: true })
    expect(spans(repeated, many)).toMatchObject({ error: 'BoundExceeded', args: [65n, 64n] })
  })

  it('need chunks that are in the tree, as they are there', () => {
    const output = texts[0]!.slice(60, 80)
    const claim = corpus.claim(0, 60, 20, 0)
    expect(claim.chunks.length).toBe(4)
    const withChunk = (n: number, fields: object) => ({
      ...claim,
      chunks: claim.chunks.map((chunk, at) => (at === n ? { ...chunk, ...fields } : chunk)),
    })
    expect(spans(output, [claim])).toMatchObject({ ok: true })
    const bad: readonly object[] = [
      { rarities: claim.chunks[1]!.rarities.map((value) => (value + 1) % 256) },
      { path: claim.chunks[0]!.path },
      { path: [] },
      { path: [...claim.chunks[1]!.path, claim.chunks[1]!.path[0]] },
    ]
    for (const fields of bad) {
      expect(spans(output, [withChunk(1, fields)])).toMatchObject({ error: 'BadProof', args: [0] })
    }
    const moved = { ...claim, chunks: claim.chunks.map((chunk) => ({ ...chunk, row: 1 })) }
    expect(spans(output, [moved])).toMatchObject({ error: 'BadProof', args: [0] })
    const mismatched: readonly object[] = [
      { row: 1 },
      { index: 5 },
      { start: 65 },
      { rarities: claim.chunks[1]!.rarities.slice(1) },
      { tokens: [], rarities: [] },
      { tokens: Array(65).fill(1), rarities: Array(65).fill(1) },
    ]
    for (const fields of mismatched) {
      expect(spans(output, [withChunk(1, fields)])).toMatchObject({ error: 'SpanMismatch', args: [0] })
    }
    expect(spans(output, [{ ...claim, chunks: [] }])).toMatchObject({ error: 'SpanMismatch' })
    // a chunk more than the span needs, before it or behind it
    const [before, own, behind] = [0, 1, 2].map((index) => ({
      ...corpus.chunks[index]!,
      path: corpus.pathOf(index),
    }))
    const exact = { ...corpus.claim(0, 64, 10, 4), outputStart: 4, chunks: [own] }
    expect(spans(output, [exact])).toMatchObject({ ok: true })
    for (const chunks of [
      [before, own],
      [own, behind],
    ]) {
      expect(spans(output, [{ ...exact, chunks }])).toMatchObject({ error: 'SpanMismatch', args: [0] })
    }
    // an adapter without a corpus proves nothing
    const on = (version: number, id = f.adapterId) =>
      f.attribution.try('scoreSpans', [id, version, output, [claim]], { from })
    expect(on(1)).toMatchObject({ error: 'BadProof' })
    expect(on(2)).toMatchObject({ error: 'UnknownVersion', args: [f.adapterId, 2] })
    expect(on(0)).toMatchObject({ error: 'UnknownVersion' })
    expect(on(1, 99n)).toMatchObject({ error: 'UnknownAdapter' })
  })
})

describe('a longer span', () => {
  const output = [...texts[0]!.slice(20, 60), 7, 7, 7, ...texts[1]!.slice(0, 20)]
  const claimed = corpus.claim(0, 30, 10, 10)
  const longer = (better: unknown, than: unknown = claimed) =>
    f.attribution.try('longerSpan', [adapterId, 1, output, than, better], { from })

  it('refutes one that it has a token in common with', () => {
    expect(longer(corpus.claim(0, 29, 11, 9))).toMatchObject({ ok: true, value: true })
    expect(longer(corpus.claim(0, 20, 40, 0))).toMatchObject({ ok: true, value: true })
    // with its last token, and beside it
    expect(longer(corpus.claim(0, 39, 20, 19))).toMatchObject({ ok: true, value: true })
    expect(longer(corpus.claim(0, 40, 20, 20))).toMatchObject({ ok: true, value: false })
    // with its first, and before it
    expect(longer(corpus.claim(0, 20, 11, 0), { ...claimed, length: 9 })).toMatchObject({ value: true })
    expect(longer(corpus.claim(0, 20, 10, 0), { ...claimed, length: 9 })).toMatchObject({ value: false })
    expect(longer(corpus.claim(0, 29, 10, 9))).toMatchObject({ ok: true, value: false })
    expect(longer(corpus.claim(1, 0, 20, 43))).toMatchObject({ ok: true, value: false })
    // an empty one has no token, also in the middle of another
    expect(longer(corpus.claim(0, 20, 40, 0), { ...claimed, length: 0 })).toMatchObject({ value: false })
  })

  it('must be proven, and what it refutes must be in the answer', () => {
    const better = corpus.claim(0, 20, 40, 0)
    const wrong = { ...better, chunks: better.chunks.map((chunk) => ({ ...chunk, path: [] })) }
    expect(longer(wrong)).toMatchObject({ error: 'BadProof', args: [1] })
    expect(longer({ ...better, corpusStart: 21 })).toMatchObject({ error: 'SpanMismatch', args: [1] })
    expect(longer({ ...better, length: 7 })).toMatchObject({ error: 'SpanTooShort', args: [1] })
    const far = { ...claimed, outputStart: output.length - 9 }
    expect(longer(better, far)).toMatchObject({ error: 'SpanMismatch', args: [0] })
    expect(longer(better, { ...far, outputStart: output.length - 10 })).toMatchObject({ ok: true })
  })

  it('overlaps exactly when some token is in both', () => {
    const stretch = fc.record({ outputStart: fc.nat(30), length: fc.nat(12) })
    fc.assert(
      fc.property(stretch, stretch, (a, b) => {
        const within = (one: typeof a, token: number) =>
          token >= one.outputStart && token < one.outputStart + one.length
        const shared = Array.from({ length: 50 }, (_, token) => token).some(
          (token) => within(a, token) && within(b, token),
        )
        fc.pre(a.length > 0 && b.length > 0)
        const span = (one: typeof a) => ({ ...one, corpusStart: 0, chunks: [] })
        expect(overlap(span(a), span(b))).toBe(shared)
      }),
      { numRuns: 300 },
    )
  })
})

describe('passages', () => {
  const score = (query: readonly number[], claims: readonly unknown[], id = adapterId) =>
    f.attribution.try('scorePassages', [id, 1, int8Hex(query), claims], { from })

  it('are ranked by exact dot products, as a plain computation ranks them', () => {
    const values = fc.array(fc.integer({ min: -128, max: 127 }), { minLength: 16, maxLength: 16 })
    const picked = fc.array(fc.nat(20), { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(values, picked, fc.boolean(), (query, indices, inOrder) => {
        const product = (index: number) =>
          passages.passages[index]!.values.reduce((sum, value, n) => sum + BigInt(value * query[n]!), 0n)
        const ranked = [...new Set(indices)].sort((a, b) => Number(product(b) - product(a)) || a - b)
        const list = inOrder ? ranked : indices
        const sorted = list.every(
          (index, n) =>
            n === 0 ||
            product(list[n - 1]!) > product(index) ||
            (product(list[n - 1]!) === product(index) && list[n - 1]! < index),
        )
        const outcome = score(
          query,
          list.map((index) => passages.claim(index)),
        )
        expect(outcome.ok && outcome.value).toEqual([list.map(product), sorted])
      }),
      { numRuns: 60 },
    )
    // equal products: the lower index first, and the same passage twice is no ranking
    const nothing = Array<number>(16).fill(0)
    const sortedOf = (list: number[]) => {
      const outcome = score(
        nothing,
        list.map((index) => passages.claim(index)),
      )
      return outcome.ok && outcome.value[1]
    }
    expect([sortedOf([3, 4, 9]), sortedOf([4, 3]), sortedOf([3, 3])]).toEqual([true, false, false])
  })

  it('must be in the tree, and as long as the query', () => {
    const query = Array<number>(16).fill(1)
    const claim = passages.claim(5)
    const bad: readonly object[] = [
      { row: 0 },
      { record: 0 },
      { index: 6 },
      { index: 21 },
      { path: [] },
      { embedding: passages.claim(6).embedding },
    ]
    for (const fields of bad) {
      const claims = [passages.claim(4), { ...claim, ...fields }]
      expect(score(query, claims)).toMatchObject({ error: 'BadProof', args: [1] })
    }
    expect(score(query.slice(1), [claim])).toMatchObject({ error: 'LengthMismatch' })
    expect(score(query, [{ ...claim, embedding: int8Hex(query.slice(1)) }])).toMatchObject({
      error: 'LengthMismatch',
    })
    expect(score([], [{ ...claim, embedding: '0x' }], f.adapterId)).toMatchObject({ error: 'BadProof' })
    expect(score(query, [])).toMatchObject({ error: 'BoundExceeded', args: [0n, 64n] })
    expect(score(query, Array(65).fill(claim))).toMatchObject({ error: 'BoundExceeded', args: [65n, 64n] })
  })
})
