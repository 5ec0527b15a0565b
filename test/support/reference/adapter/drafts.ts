import { bytesToHex, ZERO_HASH } from '../../../../src/primitives/hex.ts'
import type { Dice } from '../../callFuzzer.ts'
import { OPEN, testHash } from '../../precompileWorld.ts'
import type { AdapterStart } from './start.ts'

export const TEXTS = [
  'a',
  'Apache-2.0',
  'MIT OR Apache-2.0 WITH a long exception',
  'ü€𝄞',
  'x'.repeat(64),
] as const
const BAD_TEXTS = [
  '',
  'x'.repeat(65),
  'x'.repeat(129),
  'a\u0000b',
  '\u0085',
  'a\u2028',
  '\u202e',
  '\u2066x',
  '\u200f',
]

/** A text, now and then one that may not be. */
export function text(dice: Dice): string {
  return dice.below(10) === 0 ? dice.one(BAD_TEXTS) : dice.one(TEXTS)
}

export const hash = (dice: Dice) => (dice.below(60) === 0 ? ZERO_HASH : bytesToHex(dice.bytes(32)))

export function price(dice: Dice) {
  const part = () => dice.one([0n, 1n, OPEN / 100n, OPEN, 2n ** 80n - 1n])
  return {
    baseWei: dice.below(12) === 0 ? 0n : 1n + part() / 2n,
    perThousandInputWei: part(),
    perThousandOutputWei: part(),
  }
}

/** Whether to do something wrong, once in so many times. */
type Odd = (times: number) => boolean

/** Half of all drafts are right in everything. */
const oddOf = (dice: Dice): Odd => (dice.below(2) === 0 ? (times) => dice.below(times) === 0 : () => false)

function datanets(dice: Dice, odd: Odd, { members }: AdapterStart) {
  const [plain = 1n, flagged = 1n, secret = 1n, wide = 1n] = members.keys()
  const right: readonly bigint[] = dice.one([[plain], [plain, flagged], [flagged], [flagged, wide]])
  const wrong: readonly bigint[] = dice.one<readonly bigint[]>([
    [],
    [secret],
    [plain, secret],
    [flagged, plain],
    [plain, plain],
    [plain, flagged, wide],
    [0n],
    [99n],
    Array<bigint>(9).fill(plain),
  ])
  const ids = odd(3) ? wrong : right
  return ids.map((datanetId) => ({ datanetId, version: odd(12) ? dice.one([0, 2]) : 1 }))
}

function trees(dice: Dice, odd: Odd) {
  const [corpusChunks, passages] = [dice.below(3), dice.below(3)]
  const root = (leaves: number) => (leaves === 0 ? ZERO_HASH : testHash(`root of ${leaves}`))
  const right = {
    corpusRoot: root(corpusChunks),
    corpusChunks,
    passagesRoot: root(passages),
    passages,
    passageDims: passages === 0 ? 0 : dice.one([8, 384, 1024]),
  }
  if (!odd(4)) return right
  return dice.one([
    { ...right, corpusRoot: corpusChunks === 0 ? root(1) : ZERO_HASH },
    { ...right, passagesRoot: passages === 0 ? root(1) : ZERO_HASH },
    { ...right, passageDims: dice.one([0, 7, 1025, 65_535]) },
    { ...right, passages: passages === 0 ? 1 : 0 },
  ])
}

export function versionDraft(dice: Dice, start: AdapterStart, odd: Odd = oddOf(dice)) {
  const digest = () => (odd(30) ? ZERO_HASH : bytesToHex(dice.bytes(32)))
  return {
    datanets: datanets(dice, odd, start),
    weightsHash: digest(),
    configHash: digest(),
    manifestHash: digest(),
    rank: odd(8) ? dice.one([0, 1025]) : dice.one([1, 4, 1024]),
    alpha: dice.one([0, 8, 65_535]),
    targetsHash: digest(),
    // the largest has rows in several chunks, and takes its time
    k: odd(8) ? dice.one([17, 0]) : dice.below(60) === 0 ? dice.one([1024, 4096]) : 16,
    projectionSeed: digest(),
    ...trees(dice, odd),
  }
}

function parents(dice: Dice, odd: Odd, count: bigint, published: readonly bigint[]) {
  const any = () => BigInt(dice.below(Number(count) + 2))
  const chosen = Array.from({ length: odd(8) ? 5 : dice.below(4) }, () =>
    odd(4) ? any() : dice.one(published),
  )
  const items = (odd(4) ? chosen : [...new Set(chosen)].sort((a, b) => (a < b ? -1 : 1))).map(
    (adapterId) => ({
      adapterId,
      royaltyBps: odd(6) ? dice.one([0, 2500, 5001]) : dice.one([1, 500, 1666]),
    }),
  )
  return items
}

/** `published` are adapters that may be parents. */
export function adapterDraft(dice: Dice, start: AdapterStart, count: bigint, published: readonly bigint[]) {
  const odd = oddOf(dice)
  const part = () => dice.one([0n, 1n, OPEN / 100n, OPEN, 2n ** 80n - 1n])
  return {
    baseModelId: odd(10) ? dice.one([0n, 99n]) : dice.one(start.baseModelIds),
    price: { ...price(dice), baseWei: odd(10) ? 0n : 1n + part() / 2n },
    parents: parents(dice, odd, count, published),
    licence: odd(6) ? text(dice) : dice.one(TEXTS),
    metadataCid: odd(6) ? text(dice) : dice.one(['', ...TEXTS]),
    version: versionDraft(dice, start, odd),
  }
}
