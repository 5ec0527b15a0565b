import { DATANET_ADDRESS } from '../../../../precompiles/addresses.ts'
import { bounds } from '../../../../precompiles/bounds.ts'
import {
  Fixture,
  contributors as fixtureContributors,
  requester as fixtureRequester,
  owner,
  scorer,
} from '../../../unit/precompiles/proofOfAttribution/fixture.ts'
import {
  account,
  type ContributionSpec,
  contribution,
  type MadeReceipt,
  makeRow,
  OPEN,
  randomMinhash,
  testParameters,
  type World,
} from '../../precompileWorld.ts'
import { TREES } from '../twinWorlds.ts'

export const OWNER = owner
export const GOVERNANCE = account(17)
export const REQUESTER = fixtureRequester
/** Contracts that take part; they cannot sign. */
const CONTRACTS = TREES.slice(0, 2).map((address) => ({ ...owner, address }))
export const CONTRIBUTORS = [...fixtureContributors, fixtureRequester, account(10), account(16), ...CONTRACTS]
export const SCORERS = [10, 11, 12, 13, 14, 15, 16, 18, 19].map(account)
const APPOINTED = [scorer, ...SCORERS.slice(0, 3), ...CONTRACTS.slice(1)]
const [BONDED, LEADERS, RECEIPTS] = [7, 16, 8]
const BAND_BYTES = 28

/** Facts of a receipt, as ReceiptFacts has them. */
export type Facts = ReturnType<World['factsOf']>

export interface DatanetStart {
  readonly world: World
  /** Of receipts of the requester, most of them final. */
  readonly receipts: readonly Facts[]
}

/** A signature that shares its first band, and nothing else, with all others of this kind. */
export function bandMate(seed: number): Uint8Array {
  const minhash = randomMinhash(seed)
  minhash.set(randomMinhash(4242).subarray(0, BAND_BYTES))
  return minhash
}

/** A Datanet of each policy with scorers and a purse, one that a contract owns, a full one, and receipts to give feedback on. */
export function datanetStart(): DatanetStart {
  const f = new Fixture({ parameters: { ...testParameters, governanceAddress: GOVERNANCE.address } })
  const { world } = f
  for (const tree of TREES) world.chain.fund(tree, 1_000n * OPEN)
  const made = receiptsOf(f)
  const terms = { minBondWei: OPEN / 10n, bountyPerRecordWei: OPEN / 7n, scorerPayWei: OPEN / 3n }
  const [open, curated, hidden] = [0, 1, 2].map((policy) => world.createDatanet(OWNER, { policy, terms }))
  SCORERS.slice(0, BONDED).forEach(({ address }, n) => {
    const valueWei = testParameters.scorerBondWei + BigInt(n * n) * 70n * OPEN
    world.datanets.send('joinScorers', [open], { from: address, valueWei })
  })
  for (const datanetId of [curated, hidden]) {
    for (const { address } of APPOINTED) {
      world.datanets.send('appointScorer', [datanetId, address], { from: OWNER.address })
    }
  }
  for (const datanetId of [1n, open, curated, hidden]) {
    world.datanets.send('fund', [datanetId], { from: account(0).address, valueWei: 4n * OPEN })
  }
  fillBucket(world, curated ?? 0n)
  const tree = { ...OWNER, address: TREES[0] ?? OWNER.address }
  world.datanets.send('appointScorer', [world.createDatanet(tree), scorer.address], { from: tree.address })
  const full = world.createDatanet(OWNER, { terms })
  for (let n = 0; n < bounds.scorers; n++) {
    world.datanets.send('appointScorer', [full, account(100 + n).address], { from: OWNER.address })
  }
  world.chain.fund(DATANET_ADDRESS, 3n * OPEN)
  return { world, receipts: made.map(({ receiptId }) => world.factsOf(receiptId)) }
}

/** Final ones, one of an adapter on another Datanet, and one that is not final. */
function receiptsOf(f: Fixture): readonly MadeReceipt[] {
  const { world } = f
  const specs: ContributionSpec[] = [1, 2].map((n) => contribution(500 + n, account(3)))
  const other = world.frozenDatanet(OWNER, scorer, specs)
  const rows = specs.map((_, n) => makeRow(f.k, n))
  const adapterId = world.activeAdapter(OWNER, f.baseModelId, [other], rows, { k: f.k })
  const made = Array.from({ length: RECEIPTS }, () => f.receipt())
  const final = [...made, f.receipt({ adapterId })]
  f.finalReceipts(final)
  const settled = f.receipt()
  f.settle(settled)
  return [...final, settled]
}

/** As many leaders as fit one bucket of the index. */
function fillBucket(world: World, datanetId: bigint): void {
  const specs = Array.from({ length: LEADERS }, (_, n) =>
    contribution(600 + n, account(4), { minhash: bandMate(n) }),
  )
  world.contribute(datanetId, specs)
  world.chain.advance(testParameters.scoreCommitBlocks + testParameters.scoreRevealBlocks + 1)
}
