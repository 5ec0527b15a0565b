import { beforeAll, describe, expect, it } from 'vitest'
import { isValidRow, rowAt } from '../../../../precompiles/adapter/rows.ts'
import { ADAPTER_ADDRESS } from '../../../../precompiles/addresses.ts'
import { concatBytes } from '../../../../src/primitives/bytes.ts'
import { bytesToHex, ZERO_HASH } from '../../../../src/primitives/hex.ts'
import { seenErrors } from '../../../support/contract.ts'
import { expectedErrors } from '../../../support/errorLists.ts'
import {
  account,
  contribution,
  makeRow,
  OPEN,
  rfc6962,
  testHash,
  testParameters,
  World,
} from '../../../support/precompileWorld.ts'

// other files of the same worker have seen errors too
beforeAll(() => seenErrors.clear())

const [owner, scorer, alice, bob] = [account(1), account(2), account(3), account(4)] as const

function fixture(members = 5) {
  const world = new World()
  const specs = Array.from({ length: members }, (_, n) => contribution(n, alice))
  const datanetId = world.frozenDatanet(owner, scorer, specs)
  const baseModelId = world.registerBaseModel(bob)
  const rows = specs.map((_, n) => makeRow(16, n))
  const create = (overrides = {}, valueWei = OPEN) =>
    world.adapters.try('createAdapter', [world.draft(baseModelId, [{ datanetId, version: 1 }], overrides)], {
      from: owner.address,
      valueWei,
    })
  return { world, specs, datanetId, baseModelId, rows, create }
}

type Fixture = ReturnType<typeof fixture>
function created(f: Fixture, overrides = {}): bigint {
  const outcome = f.create(overrides)
  if (!outcome.ok) throw new Error(outcome.error)
  return outcome.value
}
function active(f: Fixture): bigint {
  return f.world.activeAdapter(owner, f.baseModelId, [f.datanetId], f.rows)
}
const statusOf = (f: Fixture, id: bigint) => f.world.adapters.read('getAdapter', [id]).status

describe('an adapter', () => {
  it('goes from draft through the challenge window to active, paused and deprecated', () => {
    const f = fixture()
    const id = created(f)
    const { adapters, chain } = f.world
    expect(statusOf(f, id)).toBe(1)
    f.world.publishRows(id, owner, f.rows)
    expect(statusOf(f, id)).toBe(2)
    expect(adapters.read('isActive', [id])).toBe(false)
    chain.advance(testParameters.challengeWindowBlocks - 1)
    expect(adapters.read('isActive', [id])).toBe(false)
    chain.advance()
    expect(statusOf(f, id)).toBe(3)
    expect(adapters.read('isActive', [id])).toBe(true)
    adapters.send('pause', [id], { from: owner.address })
    expect(adapters.read('isActive', [id])).toBe(false)
    adapters.send('unpause', [id], { from: owner.address })
    expect(adapters.read('isActive', [id])).toBe(true)
    adapters.send('deprecate', [id], { from: owner.address })
    expect(adapters.try('releaseBond', [id], { from: bob.address })).toMatchObject({ error: 'BondLocked' })
    chain.advance(testParameters.adapterExitBlocks)
    adapters.send('releaseBond', [id], { from: bob.address })
    expect(adapters.read('credits', [owner.address])).toBe(OPEN)
  })

  it('keeps what its draft said', () => {
    const f = fixture()
    const id = created(f, { rank: 7, alpha: 14 })
    expect(f.world.adapters.read('getAdapter', [id])).toMatchObject({
      baseModelId: f.baseModelId,
      version: 1,
      k: 16,
      rank: 7,
      alpha: 14,
      memberCount: 5,
      rowCount: 0,
      bondWei: OPEN,
      weightsHash: testHash('weights'),
      licence: 'Apache-2.0',
      metadataCid: 'bafyadapter',
    })
    expect(f.world.adapters.read('datanetsOf', [id])).toEqual([{ datanetId: f.datanetId, version: 1 }])
    expect(f.world.adapters.read('getBaseModel', [f.baseModelId])).toMatchObject({
      profileHash: f.world.profileHash,
      name: 'encoder',
    })
    const { onnxHash, tokenizerHash, profileHash } = f.world.adapters.read('getBaseModel', [f.baseModelId])
    expect(f.world.adapters.read('baseModelOf', [onnxHash, tokenizerHash, profileHash])).toBe(f.baseModelId)
  })

  it('takes rows in chunks, each once and in order, and gives back the same bytes', () => {
    const world = new World()
    const specs = Array.from({ length: 60 }, (_, n) => contribution(n, alice))
    const datanetId = world.frozenDatanet(owner, scorer, specs)
    const baseModelId = world.registerBaseModel(bob)
    const draft = world.draft(baseModelId, [{ datanetId, version: 1 }], { k: 1024 })
    const { value: id } = world.adapters.send('createAdapter', [draft], {
      from: owner.address,
      valueWei: OPEN,
    })
    const rows = specs.map((_, n) => makeRow(1024, n))
    const append = (start: number, from: number, to: number) =>
      world.adapters.try('appendRows', [id, start, bytesToHex(concatBytes(...rows.slice(from, to)))], {
        from: owner.address,
      })
    // a chunk of k = 1024 has 23 rows
    expect(append(0, 0, 22)).toMatchObject({ error: 'WrongChunkLength' })
    expect(append(0, 0, 23)).toMatchObject({ ok: true, value: 23 })
    expect(append(0, 0, 23)).toMatchObject({ error: 'WrongStartRow', args: [23] })
    expect(append(23, 23, 46)).toMatchObject({ ok: true })
    expect(append(46, 46, 59)).toMatchObject({ error: 'WrongChunkLength' })
    expect(append(46, 46, 60)).toMatchObject({ ok: true, value: 60 })
    expect(append(60, 46, 60)).toMatchObject({ error: 'WrongChunkLength' })
    const root = bytesToHex(rfc6962(rows))
    const published = world.adapters.send('publish', [id, root], { from: owner.address })
    expect(published.value).toEqual([1, Number(world.chain.number) + testParameters.challengeWindowBlocks])
    for (const [start, count] of [
      [0, 60],
      [20, 10],
      [45, 2],
      [59, 5],
      [60, 5],
    ] as const) {
      const page = world.adapters.read('getRows', [id, start, count])
      expect(page).toBe(bytesToHex(concatBytes(...rows.slice(start, start + count))))
    }
  })

  it('counts the members of all its versions, one after the other', () => {
    const f = fixture(4)
    const second = f.world.frozenDatanet(
      owner,
      scorer,
      [10, 11, 12].map((n) => contribution(n, bob, { recordCount: 1 })),
    )
    const datanets = [
      { datanetId: f.datanetId, version: 1 },
      { datanetId: second, version: 1 },
    ]
    const id = created(f, { datanets })
    expect(f.world.adapters.read('getAdapter', [id]).memberCount).toBe(7)
    // the fifth row belongs to a contribution of one record: a norm that two records could have is too long for it
    const one = testParameters.rowNormPerRecord
    const long = makeRow(16, 1, 0)
    const norm = Math.sqrt(new Int8Array(long.buffer, 4).reduce((sum, v) => sum + v * v, 0))
    const scale = Math.floor((Number(one) / norm) * 1.5)
    const rows = Array.from({ length: 7 }, (_, n) => makeRow(16, 1, n === 4 ? scale : 1000))
    const append = f.world.adapters.try('appendRows', [id, 0, bytesToHex(concatBytes(...rows))], {
      from: owner.address,
    })
    expect(append).toMatchObject({ error: 'InvalidRow', args: [4] })
  })
})

describe('a price', () => {
  const price = (baseWei: bigint, input = 0n, output = 0n) => ({
    baseWei,
    perThousandInputWei: input,
    perThousandOutputWei: output,
  })
  const current = (f: Fixture, id: bigint) => f.world.adapters.read('priceOf', [id])

  it('falls at once and rises after the delay', () => {
    const f = fixture()
    const id = created(f, { price: price(1000n, 10n, 10n) })
    const set = (next: object) => f.world.adapters.send('setPrice', [id, next], { from: owner.address }).value
    expect(set(price(900n, 10n, 10n))).toBe(Number(f.world.chain.number))
    expect(current(f, id)[0]).toEqual(price(900n, 10n, 10n))
    const from = set(price(800n, 11n, 10n))
    expect(from).toBe(Number(f.world.chain.number) + testParameters.priceRiseDelayBlocks)
    expect(current(f, id)).toEqual([price(900n, 10n, 10n), price(800n, 11n, 10n), from])
    f.world.chain.advance(testParameters.priceRiseDelayBlocks - 1)
    expect(current(f, id)[0]).toEqual(price(900n, 10n, 10n))
    f.world.chain.advance()
    expect(current(f, id)).toEqual([price(800n, 11n, 10n), price(0n), 0])
  })

  it('that has risen is what the next change is compared with', () => {
    const f = fixture()
    const id = created(f, { price: price(1000n) })
    const set = (next: object) => f.world.adapters.send('setPrice', [id, next], { from: owner.address })
    set(price(2000n))
    f.world.chain.advance(testParameters.priceRiseDelayBlocks)
    set(price(1500n))
    expect(current(f, id)).toEqual([price(1500n), price(0n), 0])
  })

  it('stays at a rise that is in force while the next one waits', () => {
    const f = fixture()
    const id = created(f, { price: price(1000n) })
    const set = (next: object) => f.world.adapters.send('setPrice', [id, next], { from: owner.address })
    set(price(2000n))
    f.world.chain.advance(testParameters.priceRiseDelayBlocks)
    set(price(3000n))
    expect(current(f, id)[0]).toEqual(price(2000n))
  })

  it('replaces a rise that has not taken effect', () => {
    const f = fixture()
    const id = created(f, { price: price(1000n) })
    const set = (next: object) => f.world.adapters.send('setPrice', [id, next], { from: owner.address })
    set(price(2000n))
    set(price(500n))
    f.world.chain.advance(testParameters.priceRiseDelayBlocks)
    expect(current(f, id)[0]).toEqual(price(500n))
  })
})

describe('a row', () => {
  const row = (scale: number, values: readonly number[]) => {
    const bytes = new Uint8Array(4 + values.length)
    new DataView(bytes.buffer).setUint32(0, scale)
    new Int8Array(bytes.buffer, 4).set(values)
    return rowAt(bytes, values.length, 0)
  }
  const unit = 2n ** 32n
  it.each([
    { what: 'half of the range used', row: row(1, [64, 0]), records: 1, valid: true },
    { what: 'less than half of the range used', row: row(1, [63, -63]), records: 1, valid: false },
    { what: 'a negative extreme', row: row(1, [-127, 0]), records: 1, valid: true },
    { what: 'a −128', row: row(1, [-128, 127]), records: 1, valid: false },
    { what: 'nothing at all', row: row(0, [0, 0]), records: 1, valid: true },
    { what: 'zeros with a scale', row: row(5, [0, 0]), records: 1, valid: false },
    { what: 'values without a scale', row: row(0, [64, 0]), records: 1, valid: false },
    { what: 'exactly the longest norm', row: row(2 ** 26, [64, 0]), records: 1, valid: true },
    { what: 'a norm just above', row: row(2 ** 26 + 1, [64, 0]), records: 1, valid: false },
    { what: 'a norm that two records may have', row: row(2 ** 27, [64, 0]), records: 2, valid: true },
    { what: 'a norm over two axes', row: row(2 ** 26, [64, 64]), records: 1, valid: false },
  ])('with $what: $valid', ({ row: candidate, records, valid }) => {
    expect(isValidRow(candidate, records, unit)).toBe(valid)
  })
})

interface Case {
  readonly error: string
  readonly what: string
  run(f: Fixture): { method: string; args: readonly unknown[]; from?: typeof owner; valueWei?: bigint }
}
const creation =
  (overrides: object, valueWei = OPEN): Case['run'] =>
  (f) => ({
    method: 'createAdapter',
    args: [f.world.draft(f.baseModelId, [{ datanetId: f.datanetId, version: 1 }], overrides)],
    valueWei,
  })
const noPrice = { baseWei: 0n, perThousandInputWei: 0n, perThousandOutputWei: 0n }

const cases: readonly Case[] = [
  { error: 'UnknownBaseModel', what: 'base model 9', run: creation({ baseModelId: 9n }) },
  { error: 'UnknownBaseModel', what: 'base model 0', run: () => ({ method: 'getBaseModel', args: [0n] }) },
  {
    error: 'BaseModelExists',
    what: 'a base model twice',
    run: (f) => ({
      method: 'registerBaseModel',
      args: [testHash('encoder onnx'), testHash('tokenizer'), f.world.profileHash, 'other name', ''],
    }),
  },
  {
    error: 'ZeroHash',
    what: 'a base model without a graph',
    run: () => ({ method: 'registerBaseModel', args: [ZERO_HASH, ZERO_HASH, ZERO_HASH, 'x', ''] }),
  },
  {
    error: 'InvalidText',
    what: 'a base model without a name',
    run: () => ({ method: 'registerBaseModel', args: [testHash('a'), testHash('b'), testHash('c'), '', ''] }),
  },
  { error: 'ZeroHash', what: 'an adapter without weights', run: creation({ weightsHash: ZERO_HASH }) },
  { error: 'InvalidK', what: 'another k', run: creation({ k: 32 }) },
  { error: 'InvalidRank', what: 'rank 0', run: creation({ rank: 0 }) },
  { error: 'InvalidPrice', what: 'a base price of nothing', run: creation({ price: noPrice }) },
  { error: 'BoundExceeded', what: 'no Datanet', run: creation({ datanets: [] }) },
  {
    error: 'BoundExceeded',
    what: 'nine Datanets',
    run: creation({
      datanets: Array.from({ length: 9 }, (_, n) => ({ datanetId: BigInt(n + 1), version: 1 })),
    }),
  },
  {
    error: 'DatanetsNotSorted',
    what: 'a Datanet twice',
    run: (f) => {
      const twice = { datanetId: f.datanetId, version: 1 }
      return creation({ datanets: [twice, twice] })(f)
    },
  },
  {
    error: 'UnknownVersion',
    what: 'a version that is not frozen',
    run: creation({ datanets: [{ datanetId: 1n, version: 2 }] }),
  },
  { error: 'BondTooLow', what: 'a small bond', run: creation({}, OPEN - 1n) },
  {
    error: 'InvalidParent',
    what: 'an unknown parent',
    run: creation({ parents: [{ adapterId: 5n, royaltyBps: 100 }] }),
  },
  {
    error: 'InvalidParent',
    what: 'a draft as parent',
    run: (f) => creation({ parents: [{ adapterId: created(f), royaltyBps: 100 }] })(f),
  },
  {
    error: 'InvalidParent',
    what: 'a parent twice',
    run: (f) => {
      const parent = { adapterId: active(f), royaltyBps: 100 }
      return creation({ parents: [parent, parent] })(f)
    },
  },
  {
    error: 'RoyaltyTooHigh',
    what: 'more than half of the owner’s share',
    run: (f) => creation({ parents: [{ adapterId: active(f), royaltyBps: 5001 }] })(f),
  },
  { error: 'UnknownAdapter', what: 'adapter 3', run: () => ({ method: 'getAdapter', args: [3n] }) },
  {
    error: 'NotOwner',
    what: 'rows by a stranger',
    run: (f) => ({ method: 'appendRows', args: [created(f), 0, '0x'], from: bob }),
  },
  {
    error: 'WrongStartRow',
    what: 'a gap',
    run: (f) => ({ method: 'appendRows', args: [created(f), 1, '0x'] }),
  },
  {
    error: 'WrongChunkLength',
    what: 'half a row',
    run: (f) => ({ method: 'appendRows', args: [created(f), 0, '0x00'] }),
  },
  {
    error: 'InvalidRow',
    what: 'a −128',
    run: (f) => {
      const rows = f.rows.map((bytes) => bytes.slice())
      rows[2]![10] = 0x80
      return { method: 'appendRows', args: [created(f), 0, bytesToHex(concatBytes(...rows))] }
    },
  },
  {
    error: 'RowsIncomplete',
    what: 'publication without rows',
    run: (f) => ({ method: 'publish', args: [created(f), testHash('x')] }),
  },
  {
    error: 'RowsRootMismatch',
    what: 'another root',
    run: (f) => {
      const id = created(f)
      f.world.adapters.send('appendRows', [id, 0, bytesToHex(concatBytes(...f.rows))], {
        from: owner.address,
      })
      return { method: 'publish', args: [id, bytesToHex(rfc6962([...f.rows].reverse()))] }
    },
  },
  {
    error: 'WrongStatus',
    what: 'rows after publication',
    run: (f) => ({ method: 'appendRows', args: [active(f), 5, '0x'] }),
  },
  { error: 'WrongStatus', what: 'a pause of a draft', run: (f) => ({ method: 'pause', args: [created(f)] }) },
  {
    error: 'WrongStatus',
    what: 'unpausing what is active',
    run: (f) => ({ method: 'unpause', args: [active(f)] }),
  },
  {
    error: 'WrongStatus',
    what: 'the bond of an active adapter',
    run: (f) => ({ method: 'releaseBond', args: [active(f)] }),
  },
  {
    error: 'InvalidPrice',
    what: 'a price of nothing',
    run: (f) => ({ method: 'setPrice', args: [created(f), noPrice] }),
  },
  {
    error: 'BondLocked',
    what: 'an early release',
    run: (f) => {
      const id = created(f)
      f.world.adapters.send('deprecate', [id], { from: owner.address })
      return { method: 'releaseBond', args: [id] }
    },
  },
  {
    error: 'BoundExceeded',
    what: 'a page of 65 rows',
    run: (f) => ({ method: 'getRows', args: [active(f), 0, 65] }),
  },
  { error: 'NothingToClaim', what: 'a claim without credit', run: () => ({ method: 'claim', args: [] }) },
  {
    error: 'SystemAccount',
    what: 'a claim for a precompile',
    run: () => ({ method: 'claimFor', args: [ADAPTER_ADDRESS] }),
  },
]

describe('the adapter registry refuses', () => {
  it.each(cases)('$what with $error and changes nothing', ({ error, run }) => {
    const f = fixture()
    const { method, args, from = owner, valueWei = 0n } = run(f)
    const before = f.world.chain.snapshot()
    const outcome = f.world.adapters.try(method as never, args, { from: from.address, valueWei })
    expect(outcome).toMatchObject({ ok: false, error })
    expect(f.world.chain.snapshot()).toBe(before)
  })

  it('more rows than an adapter may have with TooManyRows', () => {
    const world = new World({ ...testParameters, rowsPerAdapterMax: 4 })
    const datanetId = world.frozenDatanet(
      owner,
      scorer,
      [1, 2, 3, 4, 5].map((n) => contribution(n, alice)),
    )
    const draft = world.draft(world.registerBaseModel(bob), [{ datanetId, version: 1 }])
    const outcome = world.adapters.try('createAdapter', [draft], { from: owner.address, valueWei: OPEN })
    expect(outcome).toMatchObject({ error: 'TooManyRows', args: [5n, 4n] })
  })

  it('with every error of its list, somewhere above', () => {
    const reached = [...(seenErrors.get(ADAPTER_ADDRESS) ?? [])].sort()
    expect(reached).toEqual(expectedErrors('test/unit/precompiles/adapter/adapters.test.ts'))
  })
})
