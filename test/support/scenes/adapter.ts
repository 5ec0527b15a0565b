import { ADAPTER_ADDRESS } from '../../../precompiles/addresses.ts'
import { concatBytes } from '../../../src/primitives/bytes.ts'
import { bytesToHex } from '../../../src/primitives/hex.ts'
import {
  active,
  created,
  type Fixture,
  fixture,
  owner,
  published,
  publishNext,
} from '../../unit/precompiles/adapter/fixture.ts'
import { account, OPEN, rfc6962, testHash, testParameters, World } from '../precompileWorld.ts'
import { adapterAuditScenes } from './adapterAudits.ts'
import { claimScenes, once, type Scene, type Scenes } from './scene.ts'

const [user, heir, stranger] = [account(30), account(31), account(5)] as const
const LONG_TEXT = 'a text that is longer than what fits one slot'
const UNTIL = 1000

const rowsHex = (f: Fixture) => bytesToHex(concatBytes(...f.rows))
const send = (f: Fixture, method: string, args: readonly unknown[], by = owner) =>
  f.world.adapters.send(method as never, args, { from: by.address })

const draftOf = (f: Fixture, overrides = {}) =>
  f.world.draft(f.baseModelId, [{ datanetId: f.datanetId, version: 1 }], overrides)
const versionOf = (f: Fixture) => f.world.versionDraft([{ datanetId: f.datanetId, version: 1 }])
const child = (f: Fixture) => f.world.activeAdapter(owner, f.baseModelId, [f.datanetId], f.rows, parent(f))
const parent = (f: Fixture) => ({ parents: [{ adapterId: active(f), royaltyBps: 500 }] })

function deprecated(f: Fixture): bigint {
  const id = active(f)
  send(f, 'deprecate', [id])
  f.world.chain.advance(testParameters.adapterExitBlocks)
  return id
}

/** An owner's call on an adapter that is brought to where it can be made. */
function owned(prepare: (f: Fixture) => readonly unknown[], valueWei = 0n): () => Scene {
  return () => {
    const f = fixture()
    return { args: prepare(f), world: f.world, from: owner, valueWei }
  }
}

const price = (baseWei: bigint) => ({ baseWei, perThousandInputWei: 2n * OPEN, perThousandOutputWei: 0n })

/** An active adapter with a parent, a second version to come, a rise of its price to come, and a list. */
const listed = once(() => {
  const f = fixture()
  const adapterId = child(f)
  send(f, 'setAccessPolicy', [adapterId, 1])
  send(f, 'setAccess', [adapterId, user.address, UNTIL])
  send(f, 'transferAdapter', [adapterId, heir.address])
  publishNext(f, adapterId)
  send(f, 'setPrice', [adapterId, price(3n * OPEN)])
  return { ...f, adapterId }
})

function reads(args: (f: ReturnType<typeof listed>) => readonly unknown[]): () => Scene {
  return () => ({ world: listed().world, args: args(listed()), from: stranger })
}

const ownerScenes: Scenes = {
  registerBaseModel: () => ({
    world: new World(),
    args: [testHash('onnx'), testHash('tokenizer'), testHash('profile'), 'encoder', LONG_TEXT],
    from: stranger,
  }),
  createAdapter: owned((f) => [draftOf(f, parent(f))], OPEN),
  newVersion: owned((f) => [active(f), versionOf(f)], OPEN),
  'newVersion (nothing added)': owned((f) => [active(f), versionOf(f)]),
  dropDraft: owned((f) => [created(f)]),
  'dropDraft (second version)': owned((f) => {
    const id = active(f)
    send(f, 'newVersion', [id, versionOf(f)])
    return [id]
  }),
  appendRows: owned((f) => [created(f), 0, rowsHex(f)]),
  publish: owned((f) => {
    const id = created(f)
    send(f, 'appendRows', [id, 0, rowsHex(f)])
    return [id, bytesToHex(rfc6962(f.rows))]
  }),
  setMetadata: owned((f) => [created(f), 'MIT', LONG_TEXT]),
  setAccessPolicy: owned((f) => [created(f), 1]),
  setAccess: owned((f) => [created(f), user.address, UNTIL]),
  transferAdapter: owned((f) => [created(f), heir.address]),
  acceptAdapter: () => {
    const f = fixture()
    const id = created(f)
    send(f, 'transferAdapter', [id, heir.address])
    return { world: f.world, args: [id], from: heir }
  },
  topUpBond: () => {
    const f = fixture()
    return { world: f.world, args: [created(f)], from: stranger, valueWei: OPEN }
  },
  pause: owned((f) => [active(f)]),
  unpause: owned((f) => {
    const id = active(f)
    send(f, 'pause', [id])
    return [id]
  }),
  deprecate: owned((f) => [active(f)]),
  'deprecate (version pending)': owned((f) => [published(f)]),
  releaseBond: owned((f) => [deprecated(f)]),
  setPrice: owned((f) => [active(f), price(OPEN)]),
  'setPrice (down)': owned((f) => [active(f), { ...price(1n), perThousandInputWei: 0n }]),
}

const readScenes: Scenes = {
  getBaseModel: reads((f) => [f.baseModelId]),
  baseModelOf: reads((f) => [testHash('encoder onnx'), testHash('tokenizer'), f.world.profileHash]),
  getAdapter: reads((f) => [f.adapterId]),
  getVersion: reads((f) => [f.adapterId, 2]),
  versionsOf: reads((f) => [f.adapterId, 1, 256]),
  parentsOf: reads((f) => [f.adapterId]),
  priceOf: reads((f) => [f.adapterId]),
  getRows: reads((f) => [f.adapterId, 1, 0, 64]),
  mayUse: reads((f) => [f.adapterId, user.address]),
  accessUntil: reads((f) => [f.adapterId, user.address]),
  isActive: reads((f) => [f.adapterId]),
  acceptsVersion: reads((f) => [f.adapterId, 2]),
}

export const adapterScenes: Scenes = {
  ...claimScenes(ADAPTER_ADDRESS, () => {
    const f = fixture()
    send(f, 'releaseBond', [deprecated(f)], stranger)
    return { world: f.world, creditor: owner, stranger }
  }),
  ...ownerScenes,
  ...adapterAuditScenes,
  ...readScenes,
}
