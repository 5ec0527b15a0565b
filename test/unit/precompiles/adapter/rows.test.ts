import { describe, expect, it } from 'vitest'
import { isValidRow, rowAt } from '../../../../precompiles/adapter/rows.ts'
import { POLICY_PRIVATE } from '../../../../precompiles/datanet/layout.ts'
import { memberFlag } from '../../../../precompiles/datanet/members.ts'
import { concatBytes } from '../../../../src/primitives/bytes.ts'
import { bytesToHex } from '../../../../src/primitives/hex.ts'
import {
  contribution,
  makeRow,
  OPEN,
  rfc6962,
  testParameters,
  World,
} from '../../../support/precompileWorld.ts'
import { alice, bob, created, fixture, owner, scorer, setFlags, setPolicy } from './fixture.ts'

describe('rows', () => {
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
    expect(append(0, 0, 22)).toMatchObject({ error: 'WrongChunkLength', args: [22n * 1028n, 23n * 1028n] })
    expect(append(0, 0, 24)).toMatchObject({ error: 'WrongChunkLength' })
    expect(append(0, 0, 23)).toMatchObject({ ok: true, value: 23 })
    expect(append(0, 0, 23)).toMatchObject({ error: 'WrongStartRow', args: [23] })
    expect(append(23, 23, 46)).toMatchObject({ ok: true })
    expect(append(46, 46, 59)).toMatchObject({ error: 'WrongChunkLength', args: [13n * 1028n, 14n * 1028n] })
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
      const page = world.adapters.read('getRows', [id, 1, start, count])
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
    expect(f.world.adapters.read('getVersion', [id, 1]).memberCount).toBe(7)
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

/** An adapter on so many contributions, with a draft. */
function drafted(members: number, k: number, parameters: Partial<typeof testParameters> = {}) {
  const world = new World({ ...testParameters, ...parameters })
  const specs = Array.from({ length: members }, (_, n) => contribution(n, alice))
  const datanetId = world.frozenDatanet(owner, scorer, specs)
  const draft = world.draft(world.registerBaseModel(bob), [{ datanetId, version: 1 }], { k })
  const from = { from: owner.address, valueWei: OPEN }
  const { value: id } = world.adapters.send('createAdapter', [draft], from)
  const rows = specs.map((_, n) => makeRow(k, n))
  const append = (start: number, end: number, given = rows) => {
    const args = [id, start, bytesToHex(concatBytes(...given.slice(start, end)))]
    const outcome = world.adapters.try('appendRows', args, { from: owner.address })
    const gas = outcome.ok ? world.adapters.gasOf('appendRows', args, outcome.result) : 0n
    return { outcome, gas }
  }
  return { world, id, datanetId, rows, append }
}

describe('several chunks in one call', () => {
  it('are written as if they came one by one, up to three, and are resumed where they stopped', () => {
    // k = 4096: 5 rows a chunk
    const { world, id, rows, append } = drafted(33, 4096)
    expect(append(0, 20).outcome).toMatchObject({ error: 'BoundExceeded', args: [4n, 3n] })
    expect(append(0, 12).outcome).toMatchObject({ error: 'WrongChunkLength' })
    expect(append(0, 15).outcome).toMatchObject({ ok: true, value: 15 })
    expect(append(0, 15).outcome).toMatchObject({ error: 'WrongStartRow', args: [15] })
    expect(append(15, 20).outcome).toMatchObject({ ok: true, value: 20 })
    expect(append(20, 33).outcome).toMatchObject({ ok: true, value: 33 })
    const root = bytesToHex(rfc6962(rows))
    expect(world.adapters.try('publish', [id, root], { from: owner.address })).toMatchObject({ ok: true })
    expect(world.adapters.read('getRows', [id, 1, 0, 33])).toBe(bytesToHex(concatBytes(...rows)))
    const appended = world.adapters.history().filter(({ name }) => name === 'RowsAppended')
    expect(appended.map(({ args }) => [args.startRow, args.count])).toEqual([
      [0, 15],
      [15, 5],
      [20, 13],
    ])
  })

  it('leave nothing behind when a row of the last one is not valid', () => {
    const { world, rows, append } = drafted(15, 4096)
    const bad = rows.map((row) => row.slice())
    bad[14]![10] = 0x80
    const before = world.chain.snapshot()
    expect(append(0, 15, bad).outcome).toMatchObject({ error: 'InvalidRow', args: [14] })
    expect(world.chain.snapshot()).toBe(before)
  })

  it.each([512, 1024, 4096])('of k = %i fit the gas and the size of a transaction', (k) => {
    const rows = 3 * Math.floor(24_575 / (4 + k))
    const { append } = drafted(rows, k, { kAllowed: [k] })
    const { outcome, gas } = append(0, rows)
    expect(outcome).toMatchObject({ ok: true })
    // EIP-7825, and what pools take
    expect(gas).toBeLessThan(2n ** 24n)
    expect(rows * (4 + k)).toBeLessThan(128 * 1024)
  })
})

describe('a member with a flag', () => {
  it.each([memberFlag.superseded, memberFlag.withoutRow, 3])(
    'of %i has the row of zeros and no other',
    (flags) => {
      const { world, id, datanetId, rows, append } = drafted(5, 16)
      setFlags(world, datanetId, 3, flags)
      expect(append(0, 5).outcome).toMatchObject({ error: 'RowMustBeZero', args: [3] })
      const zeroed = rows.map((row, index) => (index === 3 ? new Uint8Array(row.length) : row))
      expect(append(0, 5, zeroed).outcome).toMatchObject({ ok: true })
      expect(world.adapters.read('getVersion', [id, 1]).rowCount).toBe(5)
    },
  )

  it('does not keep others from zeros', () => {
    const { rows, append } = drafted(5, 16)
    expect(
      append(
        0,
        5,
        rows.map((row) => new Uint8Array(row.length)),
      ).outcome,
    ).toMatchObject({ ok: true })
  })
})

describe('a private Datanet', () => {
  it('gives its contents to adapters of those with access only', () => {
    const f = fixture()
    const datanets = [{ datanetId: f.datanetId, version: 1 }]
    const create = (by: typeof owner) =>
      f.world.adapters.try('createAdapter', [f.world.draft(f.baseModelId, datanets)], {
        from: by.address,
        valueWei: OPEN,
      })
    const theirs = create(bob)
    expect(theirs).toMatchObject({ ok: true })
    const id = (theirs as { value: bigint }).value
    f.world.publishRows(id, bob, f.rows)
    f.world.chain.advance(testParameters.challengeWindowBlocks)

    setPolicy(f.world, f.datanetId, POLICY_PRIVATE)
    expect(create(bob)).toMatchObject({ error: 'NoAccess', args: [f.datanetId] })
    expect(create(owner)).toMatchObject({ ok: true })
    const next = [id, f.world.versionDraft(datanets)]
    const outcome = f.world.adapters.try('newVersion', next, { from: bob.address })
    expect(outcome).toMatchObject({ error: 'NoAccess', args: [f.datanetId] })
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
