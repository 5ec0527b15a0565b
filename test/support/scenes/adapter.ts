import { ADAPTER_ADDRESS } from '../../../precompiles/addresses.ts'
import { concatBytes } from '../../../src/primitives/bytes.ts'
import { bytesToHex } from '../../../src/primitives/hex.ts'
import {
  account,
  contribution,
  makeRow,
  OPEN,
  rfc6962,
  testHash,
  testParameters,
  World,
} from '../precompileWorld.ts'
import { claimScenes, once, type Scene, type Scenes } from './scene.ts'

const [owner, scorer, contributor, stranger] = [account(1), account(2), account(3), account(5)] as const
const MEMBERS = 5
const LONG_TEXT = 'a text that is longer than what fits one slot'
const rows = Array.from({ length: MEMBERS }, (_, n) => makeRow(16, n))
const rowsHex = bytesToHex(concatBytes(...rows))

/** A frozen Datanet and a base model. */
function ground() {
  const world = new World()
  const specs = Array.from({ length: MEMBERS }, (_, n) => contribution(n, contributor))
  const datanetId = world.frozenDatanet(owner, scorer, specs)
  const baseModelId = world.registerBaseModel(owner)
  return { world, datanetId, baseModelId }
}

type Ground = ReturnType<typeof ground>

const draftOf = (f: Ground, overrides = {}) =>
  f.world.draft(f.baseModelId, [{ datanetId: f.datanetId, version: 1 }], overrides)

function drafted(f: Ground): bigint {
  return f.world.adapters.send('createAdapter', [draftOf(f)], { from: owner.address, valueWei: OPEN }).value
}

const active = (f: Ground, overrides = {}) =>
  f.world.activeAdapter(owner, f.baseModelId, [f.datanetId], rows, overrides)

function deprecated(f: Ground): bigint {
  const id = active(f)
  f.world.adapters.send('deprecate', [id], { from: owner.address })
  f.world.chain.advance(testParameters.adapterExitBlocks)
  return id
}

/** An owner's call on an adapter that is brought to where it can be made. */
function owned(prepare: (f: Ground) => readonly unknown[]): () => Scene {
  return () => {
    const f = ground()
    return { args: prepare(f), world: f.world, from: owner }
  }
}

const price = (baseWei: bigint) => ({ baseWei, perThousandInputWei: 2n * OPEN, perThousandOutputWei: 0n })

/** An active adapter with a parent, and a rise of its price to come. */
const published = once(() => {
  const f = ground()
  const parents = [{ adapterId: active(f), royaltyBps: 500 }]
  const adapterId = active(f, { parents })
  f.world.adapters.send('setPrice', [adapterId, price(3n * OPEN)], { from: owner.address })
  return { ...f, adapterId }
})

function reads(args: (f: ReturnType<typeof published>) => readonly unknown[]): () => Scene {
  return () => ({ world: published().world, args: args(published()), from: stranger })
}

export const adapterScenes: Scenes = {
  ...claimScenes(ADAPTER_ADDRESS, () => {
    const f = ground()
    f.world.adapters.send('releaseBond', [deprecated(f)], { from: stranger.address })
    return { world: f.world, creditor: owner, stranger }
  }),
  registerBaseModel: () => ({
    world: new World(),
    args: [testHash('onnx'), testHash('tokenizer'), testHash('profile'), 'encoder', LONG_TEXT],
    from: stranger,
  }),
  createAdapter: () => {
    const f = ground()
    const parents = [{ adapterId: active(f), royaltyBps: 500 }]
    return { world: f.world, args: [draftOf(f, { parents })], from: owner, valueWei: OPEN }
  },
  appendRows: owned((f) => [drafted(f), 0, rowsHex]),
  publish: owned((f) => {
    const id = drafted(f)
    f.world.adapters.send('appendRows', [id, 0, rowsHex], { from: owner.address })
    return [id, bytesToHex(rfc6962(rows))]
  }),
  pause: owned((f) => [active(f)]),
  unpause: owned((f) => {
    const id = active(f)
    f.world.adapters.send('pause', [id], { from: owner.address })
    return [id]
  }),
  deprecate: owned((f) => [active(f)]),
  releaseBond: owned((f) => [deprecated(f)]),
  setPrice: owned((f) => [active(f), price(OPEN)]),
  'setPrice (down)': owned((f) => [active(f), { ...price(1n), perThousandInputWei: 0n }]),
  getBaseModel: reads((f) => [f.baseModelId]),
  baseModelOf: reads((f) => [testHash('encoder onnx'), testHash('tokenizer'), f.world.profileHash]),
  getAdapter: reads((f) => [f.adapterId]),
  datanetsOf: reads((f) => [f.adapterId]),
  parentsOf: reads((f) => [f.adapterId]),
  priceOf: reads((f) => [f.adapterId]),
  getRows: reads((f) => [f.adapterId, 0, 64]),
  isActive: reads((f) => [f.adapterId]),
}
