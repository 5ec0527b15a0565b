import { ZERO_ADDRESS } from '../../../../src/primitives/hex.ts'
import { Corpus, Passages, text } from '../../corpus.ts'
import { contribution, makeRow, nearMinhash, OPEN, testParameters, World } from '../../precompileWorld.ts'
import { TREES } from '../twinWorlds.ts'
import { Market } from './market.ts'
import {
  AUDITORS,
  BONDS,
  CONTRIBUTORS,
  type Committed,
  GOVERNANCE,
  K,
  type Known,
  OWNER,
  REQUESTERS,
  SCORER,
  STRANGER,
} from './people.ts'

/** Texts and passages of the adapter in this place of the list. */
export const EVIDENCED = 5
export const CORPUS = new Corpus([text(1, 70), text(2, 23), text(3, 140)], [9, 16, 64, 3])
export const PASSAGES = new Passages(11, 8)

export interface AttributionStart {
  readonly world: World
  /** Of the model with enough auditors, and of one with too few. */
  readonly baseModelIds: readonly bigint[]
  readonly adapterIds: readonly bigint[]
  /** Receipts that are settled. */
  readonly receipts: readonly Known[]
  /** Commitments whose reveals have not come. */
  readonly committed: readonly Committed[]
  readonly votes: readonly Committed[]
}

/** Receipts, audits and windows in every state, over adapters of several forms. */
export function attributionStart(): AttributionStart {
  const world = new World({ ...testParameters, auditRateBps: 6000, governanceAddress: GOVERNANCE.address })
  for (const tree of TREES) world.chain.fund(tree, 1_000n * OPEN)
  const baseModelIds = [world.registerBaseModel(OWNER), world.registerBaseModel(OWNER, 'other')]
  AUDITORS.forEach((auditor, n) => {
    for (const id of n < 2 ? baseModelIds : baseModelIds.slice(0, 1)) {
      const options = { from: auditor.address, valueWei: (BONDS[n] ?? 10n) * OPEN }
      world.attribution.send('registerAuditor', [id], options)
    }
  })
  // who asks for answers may audit those of others
  const [requester = OWNER] = REQUESTERS
  const options = { from: requester.address, valueWei: 20n * OPEN }
  world.attribution.send('registerAuditor', [baseModelIds[0] ?? 0n], options)
  const market = new Market(world, adaptersOn(world, baseModelIds))
  market.open()
  market.trade()
  world.chain.fund(world.attribution.address, 3n)
  const { adapterIds, receipts, committed, votes } = market
  return { world, baseModelIds, adapterIds, receipts, committed, votes }
}

/** One with two versions, one that queries of positive values speak against, a child of both, and others. */
function adaptersOn(world: World, [audited = 0n, lonely = 0n]: readonly bigint[]): readonly bigint[] {
  const [clusters, plain] = [clusteredDatanet(world), plainDatanet(world)]
  const rows = (count: number) => Array.from({ length: count }, (_, n) => makeRow(K, n))
  const wide = world.activeAdapter(OWNER, audited, [clusters, plain], rows(10))
  const sour = world.activeAdapter(STRANGER, audited, [clusters], Array.from({ length: 8 }, sourRow))
  const parents = [
    { adapterId: wide, royaltyBps: 3000 },
    { adapterId: sour, royaltyBps: 1111 },
  ]
  const child = world.activeAdapter(OWNER, audited, [plain], rows(2), { parents })
  const unaudited = world.activeAdapter(OWNER, lonely, [plain], rows(2))
  const restricted = world.activeAdapter(OWNER, audited, [plain], rows(2))
  const evidence = { ...CORPUS.terms, ...PASSAGES.terms }
  const paused = world.activeAdapter(OWNER, audited, [plain], rows(2), evidence)
  const from = { from: OWNER.address }
  world.adapters.send('setAccessPolicy', [restricted, 1], from)
  const until = Number(world.chain.number) + 60
  world.adapters.send('setAccess', [restricted, REQUESTERS[0]?.address ?? ZERO_ADDRESS, until], from)
  world.adapters.send('pause', [paused], from)
  return [wide, sour, child, unaudited, restricted, paused]
}

/** Eight contributions in four clusters: one with three copies that weigh the same, and one that is not new at all. */
function clusteredDatanet(world: World): bigint {
  const first = contribution(0, CONTRIBUTORS[0] ?? OWNER)
  const specs = Array.from({ length: 8 }, (_, n) => {
    const spec = contribution(n, CONTRIBUTORS[n % CONTRIBUTORS.length] ?? OWNER)
    if (n === 2 || n === 3 || n === 6)
      return { ...spec, recordCount: 3, minhash: nearMinhash(first.minhash, 10) }
    return n === 5 ? { ...spec, minhash: first.minhash } : spec
  })
  return world.frozenDatanet(OWNER, SCORER, specs)
}

function plainDatanet(world: World): bigint {
  const specs = [20, 21].map((n) => contribution(n, CONTRIBUTORS[n % CONTRIBUTORS.length] ?? OWNER))
  return world.frozenDatanet(OWNER, SCORER, specs)
}

/** A row against which every query of positive values scores less than nothing. */
function sourRow(_: unknown, n: number): Uint8Array {
  const row = makeRow(K, n)
  new Int8Array(row.buffer, 4).forEach((value, index, values) => {
    values[index] = -Math.max(1, Math.abs(value))
  })
  return row
}
