import { describe, expect, it } from 'vitest'
import { contribution, makeRow, OPEN, testHash, testParameters } from '../../../support/precompileWorld.ts'
import { active, bob, created, type Fixture, fixture, owner, publishNext, scorer } from './fixture.ts'

const { challengeWindowBlocks, priceRiseDelayBlocks } = testParameters

const adapterOf = (f: Fixture, id: bigint) => f.world.adapters.read('getAdapter', [id])
const versionOf = (f: Fixture, id: bigint, version: number) =>
  f.world.adapters.read('getVersion', [id, version])
const accepts = (f: Fixture, id: bigint, version: number) =>
  f.world.adapters.read('acceptsVersion', [id, version])
const statuses = (f: Fixture, id: bigint) => f.world.adapters.read('versionsOf', [id, 1, 256])
const advanceTo = (f: Fixture, block: number) => f.world.chain.advance(block - Number(f.world.chain.number))
const draftNext = (f: Fixture, id: bigint, overrides: Record<string, unknown> = {}, valueWei = 0n) => {
  const draft = f.world.versionDraft([{ datanetId: f.datanetId, version: 1 }], overrides)
  return f.world.adapters.try('newVersion', [id, draft], { from: owner.address, valueWei })
}

describe('a version', () => {
  it('becomes current when its challenge window is over, and the one before is accepted for the delay', () => {
    const f = fixture()
    const id = active(f)
    const { version, activeFromBlock } = publishNext(f, id)
    expect(version).toBe(2)
    expect(activeFromBlock).toBe(Number(f.world.chain.number) + challengeWindowBlocks)
    const retiredBlock = activeFromBlock + priceRiseDelayBlocks
    expect(versionOf(f, id, 1)).toMatchObject({ status: 3, retiredBlock })

    const at = (block: number) => {
      advanceTo(f, block)
      return [adapterOf(f, id).version, accepts(f, id, 1), accepts(f, id, 2), ...statuses(f, id)]
    }
    expect(at(activeFromBlock - 1)).toEqual([1, true, false, 3, 2])
    expect(at(activeFromBlock)).toEqual([2, true, true, 3, 3])
    expect(at(retiredBlock - 1)).toEqual([2, true, true, 3, 3])
    expect(at(retiredBlock)).toEqual([2, false, true, 5, 3])
    expect(f.world.adapters.read('isActive', [id])).toBe(true)
  })

  it('has its own weights, k, Datanets and rows; owner, base model, price and parents are the adapter’s', () => {
    const f = fixture()
    const parent = active(f)
    const id = created(f, { parents: [{ adapterId: parent, royaltyBps: 700 }] })
    f.world.publishRows(id, owner, f.rows)
    f.world.chain.advance(challengeWindowBlocks)
    const more = f.world.frozenDatanet(
      owner,
      scorer,
      [20, 21].map((n) => contribution(n, bob)),
    )
    const rows = Array.from({ length: 2 }, (_, n) => makeRow(1024, n))
    const overrides = { k: 1024, weightsHash: testHash('new weights'), rank: 9 }
    const { version } = f.world.nextVersion(id, owner, [more], rows, overrides)
    expect(versionOf(f, id, version)).toMatchObject({
      k: 1024,
      rank: 9,
      rowCount: 2,
      memberCount: 2,
      weightsHash: testHash('new weights'),
      datanets: [{ datanetId: more, version: 1 }],
    })
    expect(versionOf(f, id, 1)).toMatchObject({ k: 16, rank: 4, rowCount: 5 })
    expect(f.world.adapters.read('getRows', [id, 2, 1, 1])).toBe(`0x${Buffer.from(rows[1]!).toString('hex')}`)
    expect(f.world.adapters.read('getRows', [id, 1, 1, 1])).toBe(
      `0x${Buffer.from(f.rows[1]!).toString('hex')}`,
    )
    expect(f.world.adapters.read('parentsOf', [id])).toEqual([{ adapterId: parent, royaltyBps: 700 }])
  })

  it('that is dropped keeps its number and rows, and the next takes another', () => {
    const f = fixture()
    const id = active(f)
    expect(draftNext(f, id)).toMatchObject({ ok: true, value: 2 })
    const rows = `0x${Buffer.concat(f.rows).toString('hex')}`
    f.world.adapters.send('appendRows', [id, 0, rows], { from: owner.address })
    expect(f.world.adapters.send('dropDraft', [id], { from: owner.address }).value).toBe(2)
    expect(statuses(f, id)).toEqual([3, 7])
    expect(f.world.adapters.read('getRows', [id, 2, 0, 5])).toBe(rows)
    expect(publishNext(f, id).version).toBe(3)
    f.world.chain.advance(challengeWindowBlocks)
    expect(statuses(f, id)).toEqual([3, 7, 3])
    expect(adapterOf(f, id)).toMatchObject({ version: 3, newestVersion: 3 })
    expect(versionOf(f, id, 1).retiredBlock).toBe(versionOf(f, id, 3).activeFromBlock + priceRiseDelayBlocks)
  })

  it('can be the first one anew where the first was dropped', () => {
    const f = fixture()
    const id = created(f)
    f.world.adapters.send('dropDraft', [id], { from: owner.address })
    expect(adapterOf(f, id)).toMatchObject({ status: 1, version: 0 })
    expect(publishNext(f, id).version).toBe(2)
    expect(adapterOf(f, id)).toMatchObject({ status: 2, version: 0 })
    f.world.chain.advance(challengeWindowBlocks)
    expect(adapterOf(f, id)).toMatchObject({ status: 3, version: 2 })
  })

  it('is one of several that are accepted when they follow each other faster than the delay', () => {
    const f = fixture()
    const id = active(f)
    const second = publishNext(f, id)
    advanceTo(f, second.activeFromBlock)
    const third = publishNext(f, id)
    advanceTo(f, third.activeFromBlock)
    // the delay is 10 blocks and the window 8: for two blocks all three are accepted
    expect(statuses(f, id)).toEqual([3, 3, 3])
    advanceTo(f, second.activeFromBlock + priceRiseDelayBlocks)
    expect(statuses(f, id)).toEqual([5, 3, 3])
    advanceTo(f, third.activeFromBlock + priceRiseDelayBlocks)
    expect(statuses(f, id)).toEqual([5, 5, 3])
  })

  it('is not drafted while another is pending', () => {
    const f = fixture()
    const id = active(f)
    expect(draftNext(f, id)).toMatchObject({ ok: true })
    expect(draftNext(f, id)).toMatchObject({ error: 'VersionPending', args: [2] })
    f.world.publishRows(id, owner, f.rows)
    f.world.chain.advance(challengeWindowBlocks - 1)
    expect(draftNext(f, id)).toMatchObject({ error: 'VersionPending', args: [2] })
    f.world.chain.advance()
    expect(draftNext(f, id)).toMatchObject({ ok: true, value: 3 })
  })

  it('adds what comes with it to the bond', () => {
    const f = fixture()
    const id = active(f)
    expect(draftNext(f, id, {}, OPEN / 2n)).toMatchObject({ ok: true })
    expect(adapterOf(f, id).bondWei).toBe((3n * OPEN) / 2n)
    expect(f.world.adapters.read('totals').bondsWei).toBe((3n * OPEN) / 2n)
    expect(f.world.chain.balanceOf(f.world.adapters.address)).toBe((3n * OPEN) / 2n)
  })

  it('goes on while the adapter is paused, and settles nothing then', () => {
    const f = fixture()
    const id = active(f)
    f.world.adapters.send('pause', [id], { from: owner.address })
    const { activeFromBlock } = publishNext(f, id)
    advanceTo(f, activeFromBlock)
    expect(adapterOf(f, id)).toMatchObject({ status: 4, version: 2 })
    expect([accepts(f, id, 1), accepts(f, id, 2)]).toEqual([false, false])
    f.world.adapters.send('unpause', [id], { from: owner.address })
    expect([accepts(f, id, 1), accepts(f, id, 2)]).toEqual([true, true])
    f.world.adapters.send('deprecate', [id], { from: owner.address })
    expect([accepts(f, id, 1), accepts(f, id, 2)]).toEqual([false, false])
  })

  it('of an adapter that ended pending settles nothing', () => {
    const f = fixture()
    const id = active(f)
    const { activeFromBlock } = publishNext(f, id)
    f.world.adapters.send('deprecate', [id], { from: owner.address })
    advanceTo(f, activeFromBlock)
    expect(accepts(f, id, 2)).toBe(false)
    expect(f.world.adapters.read('isActive', [id])).toBe(false)
  })

  it('is listed in pages', () => {
    const f = fixture()
    const id = active(f)
    publishNext(f, id)
    const page = (start: number, count: number) => f.world.adapters.read('versionsOf', [id, start, count])
    expect([page(0, 1), page(1, 1), page(2, 5), page(3, 5)]).toEqual([[3], [3], [2], []])
  })

  it('0, or one that is not there, is accepted nowhere', () => {
    const f = fixture()
    const id = active(f)
    expect([accepts(f, id, 0), accepts(f, id, 2), accepts(f, 99n, 1)]).toEqual([false, false, false])
  })
})

describe('an adapter without a published version', () => {
  it('is nobody’s parent, whether it is a draft, dropped or deprecated', () => {
    const f = fixture()
    const id = created(f)
    const child = () => f.create({ parents: [{ adapterId: id, royaltyBps: 1 }] })
    expect(child()).toMatchObject({ error: 'InvalidParent' })
    f.world.adapters.send('dropDraft', [id], { from: owner.address })
    expect(child()).toMatchObject({ error: 'InvalidParent' })
    f.world.adapters.send('deprecate', [id], { from: owner.address })
    expect(child()).toMatchObject({ error: 'InvalidParent' })
  })

  it('can be a parent as soon as one is published, and stays one', () => {
    const f = fixture()
    const id = created(f)
    f.world.publishRows(id, owner, f.rows)
    const child = () => f.create({ parents: [{ adapterId: id, royaltyBps: 1 }] })
    expect(child()).toMatchObject({ ok: true })
    f.world.chain.advance(challengeWindowBlocks)
    f.world.adapters.send('deprecate', [id], { from: owner.address })
    expect(child()).toMatchObject({ ok: true })
  })
})
