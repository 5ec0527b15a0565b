import { describe, expect, it } from 'vitest'
import { DatanetReader } from '../../../../precompiles/datanet/read.ts'
import { bytesToHex } from '../../../../src/primitives/hex.ts'
import { keccakHex } from '../../../../src/primitives/keccak.ts'
import { type Account, account, World } from '../../../support/precompileWorld.ts'

const [owner, keeper, alice, bob, heir] = [
  account(1),
  account(2),
  account(3),
  account(4),
  account(5),
] as const
const compressed = bytesToHex(Uint8Array.from({ length: 33 }, (_, n) => (n === 0 ? 3 : n)))
const key = bytesToHex(new Uint8Array(113).fill(7))

function openWorld(policy = 2) {
  const world = new World()
  const datanetId = world.createDatanet(owner, { policy })
  const send = (method: string, args: readonly unknown[], by: Account) => {
    const outcome = world.datanets.try(method as 'revokeAccess', [datanetId, ...args], { from: by.address })
    return outcome.ok ? outcome.events.map(({ name, args: values }) => ({ name, ...values })) : outcome.error
  }
  const has = (who: Account) => world.datanets.read('hasAccess', [datanetId, who.address])
  const accessOf = (who: Account) => world.datanets.read('accessOf', [datanetId, who.address])
  const until = (blocks: number) => Number(world.chain.number) + blocks
  return { world, datanetId, send, has, accessOf, until }
}

describe('access to a private Datanet', () => {
  it('is asked for, granted with a key, and over after its last block', () => {
    const { world, datanetId, send, has, accessOf, until } = openWorld()
    world.chain.advance(4)
    expect([has(owner), has(alice), accessOf(alice)]).toEqual([
      true,
      false,
      { status: 0, requestedBlock: 0, untilBlock: 0 },
    ])
    const [requested] = send('requestAccess', [compressed, 'bafypurpose'], alice)
    expect(requested).toMatchObject({
      name: 'AccessRequested',
      datanetId,
      publicKey: compressed,
      purposeCid: 'bafypurpose',
    })
    expect(accessOf(alice)).toEqual({ status: 1, requestedBlock: 5, untilBlock: 0 })
    expect(has(alice)).toBe(false)
    const [granted] = send('grantAccess', [alice.address, until(3), key], owner)
    expect(granted).toMatchObject({ name: 'AccessGranted', untilBlock: 8, keyEpoch: 0, wrappedKey: key })
    expect(accessOf(alice)).toEqual({ status: 2, requestedBlock: 5, untilBlock: 8 })
    world.chain.advance(3)
    expect([has(alice), has(bob)]).toEqual([true, false])
    world.chain.advance(1)
    expect([has(alice), accessOf(alice).status]).toEqual([false, 3])
  })

  it('is granted by an access manager, of whatever nobody asked for, and for this block at least', () => {
    const { world, datanetId, send, has, until } = openWorld()
    expect(send('grantAccess', [bob.address, until(1), '0x'], keeper)).toBe('MissingRole')
    world.datanets.send('setRoles', [datanetId, keeper.address, 4], { from: owner.address })
    world.chain.advance(3)
    expect(send('grantAccess', [bob.address, until(-1), '0x'], keeper)).toBe('InvalidExpiry')
    expect(send('grantAccess', [bob.address, until(0), '0x'], keeper)).toHaveLength(1)
    expect([has(bob), has(keeper)]).toEqual([true, false])
    world.chain.advance(1)
    expect(has(bob)).toBe(false)
  })

  it('is revoked, with a new key epoch each time', () => {
    const { world, datanetId, send, has, accessOf, until } = openWorld()
    for (const who of [alice, bob]) send('grantAccess', [who.address, until(100), key], owner)
    const [revoked] = send('revokeAccess', [alice.address], owner)
    expect(revoked).toMatchObject({ name: 'AccessRevoked', keyEpoch: 1 })
    expect([has(alice), has(bob), accessOf(alice)]).toEqual([
      false,
      true,
      { status: 4, requestedBlock: 0, untilBlock: 0 },
    ])
    expect(send('revokeAccess', [alice.address], owner)).toBe('NoGrant')
    send('revokeAccess', [bob.address], owner)
    expect(world.datanets.read('getDatanet', [datanetId]).keyEpoch).toBe(2)
    // who is granted again gets the key of the new epoch
    const [again] = send('grantAccess', [alice.address, until(1), key], owner)
    expect(again).toMatchObject({ keyEpoch: 2 })
    expect(has(alice)).toBe(true)
  })

  it('can be revoked after it expired, for the old key is still with who had it', () => {
    const { world, datanetId, send, until } = openWorld()
    send('grantAccess', [alice.address, until(1), key], owner)
    world.chain.advance(2)
    expect(send('revokeAccess', [alice.address], owner)).toHaveLength(1)
    expect(world.datanets.read('getDatanet', [datanetId]).keyEpoch).toBe(1)
  })

  it('stays while a new key is asked for, and is asked for anew once it is over', () => {
    const { world, send, accessOf, until } = openWorld()
    send('grantAccess', [alice.address, until(2), key], owner)
    world.chain.advance(1)
    send('requestAccess', [compressed, ''], alice)
    expect(accessOf(alice)).toMatchObject({ status: 2, requestedBlock: 2, untilBlock: 3 })
    world.chain.advance(2)
    send('requestAccess', [compressed, ''], alice)
    expect(accessOf(alice)).toEqual({ status: 1, requestedBlock: 4, untilBlock: 0 })
  })

  it('is the new owner’s when the Datanet changes hands, and no more the old one’s', () => {
    const { send, has } = openWorld()
    send('transferOwnership', [heir.address], owner)
    expect(has(heir)).toBe(false)
    send('acceptOwnership', [], heir)
    expect([has(heir), has(owner)]).toEqual([true, false])
  })

  it('is read by siblings in the same way', () => {
    const { world, datanetId, send, until } = openWorld()
    send('grantAccess', [alice.address, until(1), key], owner)
    const host = {
      useGas: () => {},
      sloadOf: (of: `0x${string}`, slot: bigint) => world.chain.slot(of, slot),
      keccak: (data: Uint8Array) => keccakHex(data),
      get block() {
        return world.chain.block
      },
    }
    const reads = (id: bigint) => {
      const reader = new DatanetReader(host as never)
      return [owner, alice, bob].map((who) => reader.hasAccess(id, who.address))
    }
    expect(reads(datanetId)).toEqual([true, true, false])
    const open = world.createDatanet(owner)
    expect(reads(open)).toEqual([true, true, true])
    expect([reads(0n), reads(open + 1n)]).toEqual([Array(3).fill(false), Array(3).fill(false)])
    world.chain.advance(2)
    expect(reads(datanetId)).toEqual([true, false, false])
  })
})

describe.each([
  ['open', 0],
  ['curated', 1],
])('access to an %s Datanet', (_, policy) => {
  it('is everybody’s, and nothing to ask for', () => {
    const { send, has, until } = openWorld(policy)
    expect([has(alice), has(owner)]).toEqual([true, true])
    expect(send('requestAccess', [compressed, ''], alice)).toBe('WrongPolicy')
    expect(send('grantAccess', [alice.address, until(1), '0x'], owner)).toBe('WrongPolicy')
  })
})
