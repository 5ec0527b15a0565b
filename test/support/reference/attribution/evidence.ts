import { hexToBytes } from '../../../../src/primitives/hex.ts'
import { testHash } from '../../precompileWorld.ts'
import { CORPUS, EVIDENCED, PASSAGES } from './start.ts'
import type { Idea, Table } from './table.ts'

type Claim = ReturnType<typeof CORPUS.claim>
type Passage = ReturnType<typeof PASSAGES.claim>

const LARGEST = 2 ** 32 - 1
const FILLER = 7

/** Views that check spans and passages, mostly of true claims. */
export function evidenceOf(table: Table): readonly Idea[] {
  const { dice, start } = table
  const adapterId = table.rarely(start.adapterIds[EVIDENCED] ?? 0n, start.adapterIds[0] ?? 0n, 99n)
  const version = table.rarely(1, 0, 2)
  return [
    () => {
      const { output, claims } = answer(table)
      const spans = table.rarely(claims, [], [...claims].reverse(), [...claims, ...claims])
      return table.call('scoreSpans', [adapterId, version, table.rarely(output, []), spans])
    },
    () => {
      const { output, claims } = answer(table)
      const [better] = claims
      const outputStart = Math.min(LARGEST, (better?.outputStart ?? 0) + dice.one([0, 1, 3, 8, 9, 500]))
      const claimed = { outputStart, length: dice.one([0, 1, 8, 9, 40]), corpusStart: 0, chunks: [] }
      return table.call('longerSpan', [adapterId, version, output, claimed, better ?? claimed])
    },
    () => {
      const count = 1 + dice.below(5)
      const passages = Array.from({ length: count }, () => spoiltPassage(table))
      const query = `0x${'7f80ff01'.repeat(PASSAGES.dims / 4)}`
      const odd = [[], Array<Passage>(65).fill(PASSAGES.claim(0))]
      return table.call('scorePassages', [
        adapterId,
        version,
        table.rarely(query, '0x', `${query}00`),
        table.rarely(inOrder(passages, dice.below(2) === 0), ...odd),
      ])
    },
  ]
}

/** An answer out of pieces of the corpus, with the claims to them. */
function answer(table: Table): { readonly output: readonly number[]; readonly claims: readonly Claim[] } {
  const { dice } = table
  const output: number[] = [FILLER]
  const claims = Array.from({ length: 1 + dice.below(3) }, () => {
    const row = dice.below(CORPUS.texts.length)
    const text = CORPUS.texts[row] ?? []
    const from = dice.below(text.length - 8)
    const length = Math.min(table.rarely(8 + dice.below(30), 7), text.length - from)
    const claim = CORPUS.claim(row, from, length, output.length)
    output.push(...text.slice(from, from + length), ...Array<number>(dice.below(3)).fill(FILLER))
    return spoilt(table, claim)
  })
  return { output, claims }
}

/** The claim, now and then with something wrong in it. */
function spoilt(table: Table, claim: Claim): Claim {
  const { dice } = table
  const { chunks } = claim
  const first = chunks[0]
  if (first === undefined || dice.below(3) > 0) return claim
  const firstIs = (change: Partial<typeof first>) => ({
    ...claim,
    chunks: [{ ...first, ...change }, ...chunks.slice(1)],
  })
  return dice.one<Claim>([
    { ...claim, outputStart: claim.outputStart + 1 },
    { ...claim, outputStart: LARGEST },
    { ...claim, corpusStart: claim.corpusStart + 1 },
    { ...claim, corpusStart: LARGEST },
    { ...claim, length: claim.length + 1 },
    { ...claim, length: Math.max(0, claim.length - 1) },
    { ...claim, chunks: chunks.slice(1) },
    { ...claim, chunks: [...chunks, first] },
    { ...claim, chunks: [...chunks].reverse() },
    firstIs({ row: first.row + 1 }),
    firstIs({ index: first.index + 1 }),
    firstIs({ index: LARGEST }),
    firstIs({ start: LARGEST }),
    firstIs({ rarities: first.rarities.map((rarity) => rarity ^ 1) }),
    firstIs({ rarities: first.rarities.slice(1) }),
    firstIs({ tokens: [], rarities: [] }),
    firstIs({ tokens: Array<number>(65).fill(1), rarities: Array<number>(65).fill(1) }),
    firstIs({ path: first.path.slice(1) }),
    firstIs({ path: [...first.path, testHash('more')] }),
    firstIs({ path: first.path.map(() => testHash('other')) }),
    firstIs({ path: Array.from({ length: 33 }, () => testHash('long')) }),
  ])
}

function spoiltPassage(table: Table): Passage {
  const { dice } = table
  const passage = PASSAGES.claim(dice.below(PASSAGES.passages.length))
  if (dice.below(5) > 0) return passage
  return dice.one<Passage>([
    { ...passage, index: passage.index + 1 },
    { ...passage, index: LARGEST },
    { ...passage, row: passage.row + 1 },
    { ...passage, record: passage.record + 1 },
    { ...passage, embedding: `${passage.embedding}00` },
    { ...passage, path: passage.path.slice(1) },
    { ...passage, path: [...passage.path, testHash('more')] },
  ])
}

/** By the product with the usual query, if it is asked for. */
function inOrder(passages: readonly Passage[], sorts: boolean): readonly Passage[] {
  if (!sorts) return passages
  const product = ({ embedding }: Passage) => {
    const values = Int8Array.from(hexToBytes(embedding))
    return values.reduce((sum, value, n) => sum + value * ([127, -128, -1, 1][n % 4] ?? 0), 0)
  }
  return [...passages].sort((a, b) => product(b) - product(a) || a.index - b.index)
}
