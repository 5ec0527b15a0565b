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

/** What comes of `usual` in nine of ten cases, else of the rest. */
function mostly<T>(dice: Dice, usual: readonly T[], else_: readonly T[]): T {
  return dice.one(dice.below(10) === 0 ? else_ : usual)
}

function datanets(dice: Dice, { members }: AdapterStart): readonly { datanetId: bigint; version: number }[] {
  const ids = [...members.keys()]
  const [plain = 1n, flagged = 1n, secret = 1n, wide = 1n] = ids
  const usual = [[plain], [plain, flagged], [flagged], [wide], [plain, flagged, wide]]
  const odd = [
    [],
    [secret],
    [plain, secret],
    [flagged, plain],
    [plain, plain],
    [0n],
    [99n],
    Array<bigint>(9).fill(plain),
  ]
  const chosen: readonly bigint[] = dice.below(6) === 0 ? dice.one<readonly bigint[]>(odd) : dice.one(usual)
  return chosen.map((datanetId) => ({ datanetId, version: mostly(dice, [1], [0, 2]) }))
}

function trees(dice: Dice) {
  const [corpusChunks, passages] = [dice.below(3), dice.below(3)]
  const root = (leaves: number) => (leaves === 0 ? ZERO_HASH : testHash(`root of ${leaves}`))
  const right = {
    corpusRoot: root(corpusChunks),
    corpusChunks,
    passagesRoot: root(passages),
    passages,
    passageDims: passages === 0 ? 0 : dice.one([8, 384, 1024]),
  }
  switch (dice.below(20)) {
    case 0:
      return { ...right, corpusRoot: root(1 - corpusChunks) }
    case 1:
      return { ...right, passagesRoot: root(1 - passages) }
    case 2:
      return { ...right, passageDims: dice.one([0, 7, 1025, 65_535]) }
    case 3:
      return { ...right, passages: 1 - Math.min(passages, 1) }
    default:
      return right
  }
}

export function versionDraft(dice: Dice, start: AdapterStart) {
  return {
    datanets: datanets(dice, start),
    weightsHash: hash(dice),
    configHash: hash(dice),
    manifestHash: hash(dice),
    rank: mostly(dice, [1, 4, 1024], [0, 1025]),
    alpha: dice.one([0, 8, 65_535]),
    targetsHash: hash(dice),
    // the largest has rows in several chunks, and takes its time
    k: dice.below(40) === 0 ? 4096 : mostly(dice, [16], [1024, 17, 0]),
    projectionSeed: hash(dice),
    ...trees(dice),
  }
}

/** `published` are adapters that may be parents, `others` those that may not. */
export function adapterDraft(dice: Dice, start: AdapterStart, count: bigint) {
  const parents = Array.from({ length: dice.below(dice.below(8) === 0 ? 6 : 3) }, () => ({
    adapterId: BigInt(dice.below(Number(count) + 2)),
    royaltyBps: dice.one([0, 1, 500, 2500, 5000, 5001]),
  }))
  if (dice.below(4) !== 0) parents.sort((a, b) => (a.adapterId < b.adapterId ? -1 : 1))
  const [withAuditors = 1n] = start.baseModelIds
  return {
    baseModelId: mostly(dice, start.baseModelIds, [0n, withAuditors + 9n]),
    price: price(dice),
    parents: dice.below(2) === 0 ? parents : [],
    licence: text(dice),
    metadataCid: dice.below(4) === 0 ? '' : text(dice),
    version: versionDraft(dice, start),
  }
}
