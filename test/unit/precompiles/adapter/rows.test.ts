import { describe, expect, it } from 'vitest'
import { isValidRow, rowAt } from '../../../../precompiles/adapter/rows.ts'
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
import { alice, bob, created, fixture, owner, scorer } from './fixture.ts'

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
