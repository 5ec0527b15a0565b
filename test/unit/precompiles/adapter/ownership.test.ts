import { describe, expect, it } from 'vitest'
import { bounds } from '../../../../precompiles/bounds.ts'
import { ZERO_ADDRESS } from '../../../../src/primitives/hex.ts'
import { type Account, account, OPEN, testParameters } from '../../../support/precompileWorld.ts'
import {
  active,
  alice,
  bob,
  challenge,
  created,
  type Fixture,
  fixture,
  owner,
  published,
  publishNext,
} from './fixture.ts'

const adapterOf = (f: Fixture, id: bigint) => f.world.adapters.read('getAdapter', [id])
const ownerOf = (f: Fixture, id: bigint) => adapterOf(f, id).owner.toLowerCase()
const send = (f: Fixture, method: string, args: readonly unknown[], by = owner, valueWei = 0n) =>
  f.world.adapters.try(method as never, args, { from: by.address, valueWei })
const FOR_EVER = 2 ** 40 - 1

/** A published adapter with these parents. */
function child(f: Fixture, parents: readonly bigint[]): bigint {
  const id = created(f, { parents: parents.map((adapterId) => ({ adapterId, royaltyBps: 100 })) })
  f.world.publishRows(id, owner, f.rows)
  return id
}

describe('a lineage', () => {
  it('is one deeper than the deepest parent, and at most eight deep', () => {
    const f = fixture()
    const ids = [child(f, [])]
    for (let depth = 1; depth <= bounds.adapterDepth; depth++) {
      ids.push(child(f, [ids[depth - 1]!]))
      expect(adapterOf(f, ids[depth]!).depth).toBe(depth)
    }
    expect(adapterOf(f, ids[0]!).depth).toBe(0)
    const shallow = child(f, [])
    for (const two of [
      [ids[2]!, ids[5]!],
      [ids[5]!, shallow],
    ]) {
      expect(adapterOf(f, child(f, two)).depth).toBe(6)
    }
    const tooDeep = f.create({ parents: [{ adapterId: ids.at(-1)!, royaltyBps: 1 }] })
    expect(tooDeep).toMatchObject({ error: 'LineageTooDeep', args: [9n] })
  })

  it('has no cycles: an adapter can name neither itself nor one that comes later', () => {
    const f = fixture()
    const id = child(f, [])
    for (const adapterId of [id + 1n, id + 2n]) {
      const outcome = f.create({ parents: [{ adapterId, royaltyBps: 1 }] })
      expect(outcome).toMatchObject({ error: 'InvalidParent', args: [adapterId] })
    }
    // and what is there says nothing else later: no method changes parents
    const grandchild = child(f, [id])
    f.world.chain.advance(testParameters.challengeWindowBlocks)
    publishNext(f, grandchild)
    expect(f.world.adapters.read('parentsOf', [grandchild])).toEqual([{ adapterId: id, royaltyBps: 100 }])
  })
})

describe('access', () => {
  const mayUse = (f: Fixture, id: bigint, who: Account) => f.world.adapters.read('mayUse', [id, who.address])
  const until = (f: Fixture, id: bigint, who: Account) =>
    f.world.adapters.read('accessUntil', [id, who.address])

  it('is everybody’s, or that of those on the list up to and with their last block', () => {
    const f = fixture()
    const id = active(f)
    expect([mayUse(f, id, bob), until(f, id, bob)]).toEqual([true, FOR_EVER])
    send(f, 'setAccessPolicy', [id, 1])
    expect([mayUse(f, id, bob), until(f, id, bob)]).toEqual([false, 0])
    const last = Number(f.world.chain.number) + 3
    send(f, 'setAccess', [id, bob.address, last])
    expect([mayUse(f, id, bob), mayUse(f, id, alice), until(f, id, bob)]).toEqual([true, false, last])
    f.world.chain.advance(3)
    expect(mayUse(f, id, bob)).toBe(true)
    f.world.chain.advance()
    expect(mayUse(f, id, bob)).toBe(false)
    send(f, 'setAccess', [id, bob.address, FOR_EVER])
    expect(mayUse(f, id, bob)).toBe(true)
    send(f, 'setAccess', [id, bob.address, 0])
    expect(mayUse(f, id, bob)).toBe(false)
    send(f, 'setAccessPolicy', [id, 0])
    expect(mayUse(f, id, bob)).toBe(true)
    expect(adapterOf(f, id).accessPolicy).toBe(0)
  })

  it('is the owner’s whatever the list says, and goes with the adapter', () => {
    const f = fixture()
    const id = active(f)
    send(f, 'setAccessPolicy', [id, 1])
    expect(mayUse(f, id, owner)).toBe(true)
    send(f, 'transferAdapter', [id, bob.address])
    send(f, 'acceptAdapter', [id], bob)
    expect([mayUse(f, id, owner), mayUse(f, id, bob)]).toEqual([false, true])
  })

  it('to an adapter that is not there is nobody’s', () => {
    expect(mayUse(fixture(), 9n, owner)).toBe(false)
  })
})

describe('a transfer', () => {
  it('takes two: the owner offers, the new one accepts', () => {
    const f = fixture()
    const id = active(f)
    expect(send(f, 'transferAdapter', [id, bob.address])).toMatchObject({ ok: true })
    expect([ownerOf(f, id), adapterOf(f, id).pendingOwner.toLowerCase()]).toEqual([
      owner.address,
      bob.address,
    ])
    expect(send(f, 'acceptAdapter', [id], alice)).toMatchObject({ error: 'NotPendingOwner' })
    expect(send(f, 'pause', [id], bob)).toMatchObject({ error: 'NotOwner' })
    expect(send(f, 'acceptAdapter', [id], bob)).toMatchObject({ ok: true })
    expect([ownerOf(f, id), adapterOf(f, id).pendingOwner]).toEqual([bob.address, ZERO_ADDRESS])
    expect(send(f, 'pause', [id])).toMatchObject({ error: 'NotOwner' })
    expect(send(f, 'pause', [id], bob)).toMatchObject({ ok: true })
    expect(send(f, 'acceptAdapter', [id], bob)).toMatchObject({ error: 'NotPendingOwner' })
  })

  it('is taken back by an offer to nobody, and replaced by another', () => {
    const f = fixture()
    const id = active(f)
    send(f, 'transferAdapter', [id, bob.address])
    send(f, 'transferAdapter', [id, ZERO_ADDRESS])
    expect(send(f, 'acceptAdapter', [id], bob)).toMatchObject({ error: 'NotPendingOwner' })
    send(f, 'transferAdapter', [id, bob.address])
    send(f, 'transferAdapter', [id, alice.address])
    expect(send(f, 'acceptAdapter', [id], bob)).toMatchObject({ error: 'NotPendingOwner' })
    expect(send(f, 'acceptAdapter', [id], alice)).toMatchObject({ ok: true })
  })

  it('takes bond and draft along', () => {
    const f = fixture()
    const id = created(f)
    send(f, 'transferAdapter', [id, bob.address])
    send(f, 'acceptAdapter', [id], bob)
    expect(() => f.world.publishRows(id, owner, f.rows)).toThrow('NotOwner')
    f.world.publishRows(id, bob, f.rows)
    f.world.chain.advance(testParameters.challengeWindowBlocks)
    send(f, 'deprecate', [id], bob)
    f.world.chain.advance(testParameters.adapterExitBlocks)
    send(f, 'releaseBond', [id], alice)
    expect(f.world.adapters.read('credits', [bob.address])).toBe(OPEN)
    expect(f.world.adapters.read('credits', [owner.address])).toBe(0n)
  })

  it('is possible while rows are challenged, and the new owner is the one who is paid', () => {
    const f = fixture()
    const id = published(f)
    challenge(f, id)
    send(f, 'transferAdapter', [id, account(31).address])
    expect(send(f, 'acceptAdapter', [id], account(31))).toMatchObject({ ok: true })
    expect(ownerOf(f, id)).toBe(account(31).address)
  })
})

describe('what people see of an adapter', () => {
  it('is set by its owner', () => {
    const f = fixture()
    const id = active(f)
    send(f, 'setMetadata', [id, 'MIT', 'bafynew'])
    expect(adapterOf(f, id)).toMatchObject({ licence: 'MIT', metadataCid: 'bafynew' })
    send(f, 'setMetadata', [id, 'MIT', ''])
    expect(adapterOf(f, id).metadataCid).toBe('')
    const set = f.world.adapters.history().filter(({ name }) => name === 'MetadataSet')
    expect(set.map(({ args }) => args.metadataCid)).toEqual(['bafynew', ''])
  })
})

describe('a bond', () => {
  it('is raised by anyone, and is the owner’s', () => {
    const f = fixture()
    const id = active(f)
    expect(send(f, 'topUpBond', [id], bob, OPEN / 2n)).toMatchObject({ ok: true, value: (3n * OPEN) / 2n })
    expect(adapterOf(f, id).bondWei).toBe((3n * OPEN) / 2n)
    expect(f.world.adapters.read('totals').bondsWei).toBe((3n * OPEN) / 2n)
    send(f, 'deprecate', [id])
    expect(send(f, 'topUpBond', [id], bob, 1n)).toMatchObject({ error: 'WrongStatus' })
    f.world.chain.advance(testParameters.adapterExitBlocks)
    send(f, 'releaseBond', [id], bob)
    expect(f.world.adapters.read('credits', [owner.address])).toBe((3n * OPEN) / 2n)
    expect(send(f, 'releaseBond', [id], bob)).toMatchObject({ error: 'WrongStatus' })
  })
})
