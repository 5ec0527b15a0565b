import { describe, expect, it } from 'vitest'
import { ZERO_ADDRESS } from '../../../../src/primitives/hex.ts'
import type { DecodedEvent } from '../../../support/contract.ts'
import {
  account,
  contribution,
  datanetTerms,
  OPEN,
  testParameters,
  World,
} from '../../../support/precompileWorld.ts'

const [owner, heir, manager, freezer, scorer, alice, stranger] = [
  account(1),
  account(2),
  account(3),
  account(4),
  account(5),
  account(6),
  account(7),
] as const
const lower = (text: string) => text.toLowerCase()

function openWorld(policy = 1) {
  const world = new World()
  const datanetId = world.createDatanet(owner, { policy })
  const send = (method: string, args: readonly unknown[], by = owner) =>
    world.datanets.send(method as 'setTerms', args, { from: by.address }) as {
      readonly value: unknown
      readonly events: readonly DecodedEvent[]
    }
  const attempt = (method: string, args: readonly unknown[], by = owner) => {
    const outcome = world.datanets.try(method as 'setTerms', args, { from: by.address })
    return outcome.ok ? 'ok' : outcome.error
  }
  const facts = () => world.datanets.read('getDatanet', [datanetId])
  return { world, datanetId, send, attempt, facts }
}

describe('a Datanet', () => {
  it('is created with its terms, of any policy, and counted', () => {
    const world = new World()
    const terms = { minBondWei: 3n, acceptThresholdBps: 10_000, bountyPerRecordWei: 5n, scorerPayWei: 7n }
    expect([0, 1, 2].map((policy) => world.createDatanet(owner, { policy, terms }))).toEqual([1n, 2n, 3n])
    for (const policy of [0, 1, 2]) {
      expect(world.datanets.read('getDatanet', [BigInt(policy + 1)])).toMatchObject({ policy, terms })
    }
    expect(world.datanets.read('counts')).toEqual([3n, 0n])
    world.commit(2n, contribution(1, alice))
    expect(world.datanets.read('counts')).toEqual([3n, 1n])
  })

  it('changes licence and metadata, and nothing else', () => {
    const { send, facts, datanetId } = openWorld()
    const before = facts()
    const { events } = send('updateDatanet', [datanetId, 'MIT', ''])
    expect(facts()).toEqual({ ...before, licence: 'MIT', metadataCid: '' })
    expect(events).toEqual([{ name: 'DatanetUpdated', args: { datanetId, licence: 'MIT', metadataCid: '' } }])
  })

  it('changes its terms for contributions committed from then on', () => {
    const { world, send, datanetId } = openWorld()
    send('appointScorer', [datanetId, scorer.address])
    const [before, after] = [contribution(1, alice), contribution(2, alice)]
    const first = world.commit(datanetId, before)
    const terms = datanetTerms({ acceptThresholdBps: 9000, bountyPerRecordWei: 5n, minBondWei: 2n * OPEN })
    expect(send('setTerms', [datanetId, terms]).events).toEqual([
      { name: 'TermsSet', args: { datanetId, terms } },
    ])
    const second = world.commit(datanetId, after, 2n * OPEN)
    const termsOf = (id: bigint) => {
      const { acceptThresholdBps, bountyPerRecordWei } = world.datanets.read('getContribution', [id])
      return [acceptThresholdBps, bountyPerRecordWei]
    }
    expect([termsOf(first), termsOf(second)]).toEqual([
      [5000, 0n],
      [9000, 5n],
    ])
    world.chain.advance(2)
    world.reveal(first, before)
    world.reveal(second, after)
    send('settleOrder', [datanetId, 8], stranger)
    const reports = [before, after].map((spec) => world.report(spec, 8999))
    expect(world.score([first, second], [scorer], () => reports)).toEqual([4, 5])
  })
})

describe('the ownership of a Datanet', () => {
  it('moves when the new owner takes it, with everything that belongs to it', () => {
    const { send, attempt, facts, datanetId } = openWorld()
    send('transferOwnership', [datanetId, heir.address])
    expect([lower(facts().owner), lower(facts().pendingOwner)]).toEqual([owner.address, heir.address])
    expect(attempt('setRoles', [datanetId, manager.address, 1], heir)).toBe('NotOwner')
    expect(attempt('acceptOwnership', [datanetId], stranger)).toBe('NotPendingOwner')
    const { events } = send('acceptOwnership', [datanetId], heir)
    expect(events.map(({ name }) => name)).toEqual(['OwnershipTransferred'])
    expect([lower(facts().owner), lower(facts().pendingOwner)]).toEqual([heir.address, ZERO_ADDRESS])
    expect(attempt('setRoles', [datanetId, manager.address, 1])).toBe('NotOwner')
    expect(attempt('setRoles', [datanetId, manager.address, 1], heir)).toBe('ok')
    expect(attempt('acceptOwnership', [datanetId], heir)).toBe('NotPendingOwner')
  })

  it('is not offered any more once the offer is taken back', () => {
    const { send, attempt, datanetId } = openWorld()
    send('transferOwnership', [datanetId, heir.address])
    send('transferOwnership', [datanetId, ZERO_ADDRESS])
    expect(attempt('acceptOwnership', [datanetId], heir)).toBe('NotPendingOwner')
  })

  it('is not for accounts of the system', () => {
    const { attempt, datanetId } = openWorld()
    const outcomes = testParameters.systemAccounts.map((to) => attempt('transferOwnership', [datanetId, to]))
    expect(new Set(outcomes)).toEqual(new Set(['InvalidAccount']))
  })
})

describe('roles', () => {
  it('let others do what they are for, and nothing more', () => {
    const { world, send, attempt, datanetId } = openWorld()
    send('setRoles', [datanetId, manager.address, 1])
    send('setRoles', [datanetId, freezer.address, 2])
    const manage = (by: typeof owner) => [
      attempt('updateDatanet', [datanetId, 'MIT', ''], by),
      attempt('setTerms', [datanetId, datanetTerms()], by),
      attempt('appointScorer', [datanetId, scorer.address], by),
      attempt('dismissScorer', [datanetId, scorer.address], by),
    ]
    expect(manage(manager)).toEqual(['ok', 'ok', 'ok', 'ok'])
    expect(new Set(manage(freezer))).toEqual(new Set(['MissingRole']))
    expect(new Set(manage(stranger))).toEqual(new Set(['MissingRole']))
    for (const only of [
      ['transferOwnership', [datanetId, manager.address]],
      ['setRoles', [datanetId, manager.address, 7]],
      ['requestPurse', [datanetId, 1n]],
      ['withdrawPurse', [datanetId]],
    ] as const) {
      expect(attempt(only[0], only[1], manager)).toBe('NotOwner')
    }
    // nothing is accepted yet: the freezer comes as far as the owner
    const freezes = [owner, freezer, manager].map((by) => attempt('freezeVersion', [datanetId, 5], by))
    expect(freezes).toEqual(['NothingAccepted', 'NothingAccepted', 'MissingRole'])
    expect(world.datanets.read('rolesOf', [datanetId, manager.address])).toBe(1)
  })

  it('are taken away again, and the owner always has all', () => {
    const { world, send, attempt, datanetId } = openWorld()
    send('setRoles', [datanetId, manager.address, 7])
    send('setRoles', [datanetId, manager.address, 0])
    expect(attempt('setTerms', [datanetId, datanetTerms()], manager)).toBe('MissingRole')
    send('setRoles', [datanetId, owner.address, 0])
    expect(world.datanets.read('rolesOf', [datanetId, owner.address])).toBe(7)
    expect(attempt('setTerms', [datanetId, datanetTerms()])).toBe('ok')
  })

  it('hold in one Datanet only', () => {
    const { world, send, attempt, datanetId } = openWorld()
    const other = world.createDatanet(owner)
    send('setRoles', [datanetId, manager.address, 1])
    expect(attempt('setTerms', [other, datanetTerms()], manager)).toBe('MissingRole')
  })
})

describe('the purse', () => {
  const books = (world: World) => world.datanets.read('totals')

  it('is filled by anyone and emptied by its owner, after the exit', () => {
    const { world, send, attempt, facts, datanetId } = openWorld()
    world.datanets.send('fund', [datanetId], { from: stranger.address, valueWei: 10n })
    world.datanets.send('fund', [datanetId], { from: owner.address, valueWei: 5n })
    expect(facts()).toMatchObject({ purseWei: 15n, promisedWei: 0n })
    expect(books(world)).toMatchObject({ potsWei: 15n, creditsWei: 0n })

    const from = Number(world.chain.number) + testParameters.purseExitBlocks
    expect(send('requestPurse', [datanetId, 15n]).value).toBe(from)
    expect(facts()).toMatchObject({ purseWei: 15n, purseLeavingWei: 15n, purseWithdrawableBlock: from })
    world.chain.advance(testParameters.purseExitBlocks - 1)
    expect(attempt('withdrawPurse', [datanetId])).toBe('TooEarly')
    world.chain.advance(1)
    expect(send('withdrawPurse', [datanetId]).value).toBe(15n)
    expect(books(world)).toMatchObject({ potsWei: 0n, creditsWei: 15n })
    expect(world.datanets.read('credits', [owner.address])).toBe(15n)
    expect(facts()).toMatchObject({ purseWei: 0n, purseLeavingWei: 0n, purseWithdrawableBlock: 0 })
    expect(attempt('withdrawPurse', [datanetId])).toBe('NothingRequested')
  })

  it('lets no more leave than was announced, and the announcement be replaced', () => {
    const { world, send, attempt, facts, datanetId } = openWorld()
    world.datanets.send('fund', [datanetId], { from: stranger.address, valueWei: 10n })
    expect(attempt('requestPurse', [datanetId, 11n])).toBe('AmountTooHigh')
    send('requestPurse', [datanetId, 10n])
    world.chain.advance(5)
    send('requestPurse', [datanetId, 4n])
    world.chain.advance(testParameters.purseExitBlocks - 1)
    expect(attempt('withdrawPurse', [datanetId])).toBe('TooEarly')
    world.chain.advance(1)
    world.datanets.send('fund', [datanetId], { from: stranger.address, valueWei: 10n })
    expect(send('withdrawPurse', [datanetId]).value).toBe(4n)
    expect(facts().purseWei).toBe(16n)
  })

  it('of one Datanet does not pay for another', () => {
    const { world, send, datanetId } = openWorld()
    const other = world.createDatanet(stranger)
    world.datanets.send('fund', [other], { from: stranger.address, valueWei: 10n })
    world.datanets.send('fund', [datanetId], { from: owner.address, valueWei: 2n })
    send('requestPurse', [datanetId, 2n])
    world.chain.advance(testParameters.purseExitBlocks)
    expect(send('withdrawPurse', [datanetId]).value).toBe(2n)
    expect(world.datanets.read('getDatanet', [other]).purseWei).toBe(10n)
  })
})
