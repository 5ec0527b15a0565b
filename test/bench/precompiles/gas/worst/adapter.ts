import { rowsPerChunk } from '../../../../../precompiles/adapter/rows.ts'
import { bounds } from '../../../../../precompiles/bounds.ts'
import { concatBytes } from '../../../../../src/primitives/bytes.ts'
import { bytesToHex } from '../../../../../src/primitives/hex.ts'
import {
  account,
  contribution,
  makeRow,
  OPEN,
  rfc6962,
  testHash,
  World,
} from '../../../../support/precompileWorld.ts'
import { Fixture, owner, scorer } from '../../../../unit/precompiles/proofOfAttribution/fixture.ts'
import { worstRowAudits } from './rowAudits.ts'
import { LONG_CID, LONG_LICENCE, LONG_NAME, type WorstCase, worstCase, worstParameters } from './worstCase.ts'

const [contributor, stranger] = [account(3), account(15)] as const
export const K = 1024
export const ROWS = worstParameters.rowsPerAdapterMax
const PER_DATANET = ROWS / bounds.datanetsPerAdapter

/** A chain whose adapter is as large as the parameters allow: 8 Datanets, 4 parents, 4,096 rows of 1,024. */
export interface BigAdapter {
  readonly f: Fixture
  readonly adapterId: bigint
}

function* registration(): Generator<WorstCase> {
  const world = new World(worstParameters)
  const args = [testHash('onnx'), testHash('tokenizer'), testHash('profile'), LONG_NAME, LONG_CID]
  const call = {
    on: world.adapters,
    method: 'registerBaseModel',
    what: 'longest texts',
    args,
    from: stranger,
  }
  yield worstCase(world, call)
}

/** Yields what is hard on the way; returns the chain with the adapter active. */
export function* worstAdapterCases(): Generator<WorstCase, BigAdapter> {
  yield* registration()
  yield* worstRowAudits()
  const f = new Fixture({ k: K, members: PER_DATANET, parameters: worstParameters })
  const { world } = f
  const on = world.adapters
  const more = Array.from({ length: bounds.datanetsPerAdapter - 1 }, (_, datanet) => {
    const specs = Array.from({ length: PER_DATANET }, (_item, n) =>
      contribution((datanet + 1) * PER_DATANET + n, contributor),
    )
    return world.frozenDatanet(owner, scorer, specs)
  })
  const small = world.frozenDatanet(owner, scorer, [contribution(900_000, contributor)])
  const parents = Array.from({ length: bounds.parentsPerAdapter }, () => ({
    adapterId: world.activeAdapter(owner, f.baseModelId, [small], [makeRow(K, 1)], { k: K }),
    royaltyBps: 500,
  }))
  const datanets = [f.datanetId, ...more].map((datanetId) => ({ datanetId, version: 1 }))
  const texts = { licence: LONG_LICENCE, metadataCid: LONG_CID }
  const creation = [world.draft(f.baseModelId, datanets, { k: K, parents, ...texts })]
  const what = '8 Datanets, 4 parents'
  yield worstCase(world, { on, method: 'createAdapter', what, args: creation, from: owner, valueWei: OPEN })
  const { value: adapterId } = on.send('createAdapter', creation, { from: owner.address, valueWei: OPEN })

  yield* filling(f, adapterId)
  yield* readings(f, adapterId)
  yield* nextVersions(f, adapterId, datanets)
  return { f, adapterId }
}

/** All rows of the draft, to the end of their challenge window. */
function* filling({ world }: Fixture, adapterId: bigint): Generator<WorstCase> {
  const on = world.adapters
  const rows = Array.from({ length: ROWS }, (_, n) => makeRow(K, n))
  const perCall = bounds.rowChunksPerCall * rowsPerChunk(K)
  for (let from = 0; from < ROWS; from += perCall) {
    const args = [adapterId, from, bytesToHex(concatBytes(...rows.slice(from, from + perCall)))]
    const isLastWhole = from + 2 * perCall > ROWS && from + perCall <= ROWS
    if (isLastWhole)
      yield worstCase(world, { on, method: 'appendRows', what: `${perCall} rows`, args, from: owner })
    on.send('appendRows', args, { from: owner.address })
  }
  const publication = [adapterId, bytesToHex(rfc6962(rows))]
  yield worstCase(world, { on, method: 'publish', what: '4,096 rows', args: publication, from: owner })
  on.send('publish', publication, { from: owner.address })
  world.chain.advance(worstParameters.challengeWindowBlocks)
}

function* readings({ world }: Fixture, adapterId: bigint): Generator<WorstCase> {
  const read = (method: string, args: readonly unknown[], what?: string) =>
    worstCase(world, {
      on: world.adapters,
      method,
      args,
      from: stranger,
      ...(what !== undefined && { what }),
    })
  yield read('getAdapter', [adapterId], 'longest texts')
  yield read('getVersion', [adapterId, 1], '8 Datanets')
  yield read('parentsOf', [adapterId], '4')
  const page = bounds.rowsPerPage
  yield read('getRows', [adapterId, 1, ROWS - page - 1, page], '64 over 4 chunks')
}

/** The next version of the big adapter, and an adapter with as many versions as a page shows. */
function* nextVersions(f: Fixture, adapterId: bigint, datanets: readonly unknown[]): Generator<WorstCase> {
  const { world } = f
  const on = world.adapters
  const what = '8 Datanets'
  const args = [adapterId, world.versionDraft(datanets as never, { k: K })]
  yield worstCase(world, { on, method: 'newVersion', what, args, from: owner, valueWei: OPEN })
  const texts = [adapterId, LONG_LICENCE, LONG_CID]
  yield worstCase(world, { on, method: 'setMetadata', what: 'longest texts', args: texts, from: owner })
  const own = [{ datanetId: f.datanetId, version: 1 }]
  const small = world.draft(f.baseModelId, own, { k: K })
  const { value: id } = on.send('createAdapter', [small], { from: owner.address, valueWei: OPEN })
  for (let version = 1; version < bounds.pageItems; version++) {
    on.send('dropDraft', [id], { from: owner.address })
    on.send('newVersion', [id, world.versionDraft(own, { k: K })], { from: owner.address })
  }
  const page = [id, 1, bounds.pageItems]
  yield worstCase(world, { on, method: 'versionsOf', what: '256', args: page, from: stranger })
}
