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

  const rows = Array.from({ length: ROWS }, (_, n) => makeRow(K, n))
  const perChunk = rowsPerChunk(K)
  for (let from = 0; from < ROWS; from += perChunk) {
    const args = [adapterId, from, bytesToHex(concatBytes(...rows.slice(from, from + perChunk)))]
    const isLastWhole = from + 2 * perChunk > ROWS && from + perChunk <= ROWS
    if (isLastWhole)
      yield worstCase(world, { on, method: 'appendRows', what: `${perChunk} rows`, args, from: owner })
    on.send('appendRows', args, { from: owner.address })
  }
  const publication = [adapterId, bytesToHex(rfc6962(rows))]
  yield worstCase(world, { on, method: 'publish', what: '4,096 rows', args: publication, from: owner })
  on.send('publish', publication, { from: owner.address })
  world.chain.advance(worstParameters.challengeWindowBlocks)
  const read = (method: string, args: readonly unknown[]) =>
    worstCase(world, { on, method, args, from: stranger })
  yield read('getAdapter', [adapterId])
  yield read('datanetsOf', [adapterId])
  yield read('parentsOf', [adapterId])
  yield worstCase(world, {
    on,
    method: 'getRows',
    what: '64 over 4 chunks',
    args: [adapterId, ROWS - bounds.rowsPerPage - 1, bounds.rowsPerPage],
    from: stranger,
  })
  return { f, adapterId }
}
