import { beforeEach, describe, expect, it } from 'vitest'
import { predeploys } from '../../../src/chainspec/addresses.ts'
import { readRandomnessTip } from '../../../src/execution/stakingView.ts'
import { type Hash, ZERO_HASH } from '../../../src/primitives/hex.ts'
import {
  addressFor,
  EPOCH,
  keyName,
  MINIMUM,
  OPEN,
  person,
  StakingWorld,
} from '../../support/stakingWorld.ts'

const UNBONDING = 30
const op = (index: number) => person(index).operator

interface Unbonding {
  readonly amountWei: bigint
  readonly withdrawableAt: bigint
}

let world: StakingWorld
beforeEach(async () => {
  world = await StakingWorld.open()
  await world.blocks(1)
})

const unbondings = (index: number) => world.view<readonly Unbonding[]>('unbondingsOf', [op(index)])
const names = () => world.members.map((member) => member.operator)
const add = (index: number, valueWei: bigint) => {
  world.give(op(index), valueWei)
  return world.must(op(index), 'addStake', [], { valueWei })
}

describe('unbonding', () => {
  it('leaves at least the minimum, or nothing', async () => {
    await add(0, 50n * OPEN)
    expect((await world.call(op(0), 'unbond', [50n * OPEN + 1n])).error).toBe('StakeTooLow')
    expect((await world.call(op(0), 'unbond', [0n])).error).toBe('NothingToWithdraw')
    expect((await world.call(op(0), 'unbond', [150n * OPEN + 1n])).error).toBe('NothingToWithdraw')
    await world.must(op(0), 'unbond', [50n * OPEN])
    expect(await world.view('operators')).toHaveLength(4)
    await world.must(op(0), 'unbond', [MINIMUM])
    expect(await world.view('operators')).toHaveLength(3)
    expect((await world.call(op(0), 'unbond', [1n])).error).toBe('UnknownOperator')
  })

  it('counts from the epoch’s end, in one entry an epoch, each with its own time', async () => {
    await add(0, 50n * OPEN)
    await world.must(op(0), 'unbond', [10n * OPEN])
    await world.to(EPOCH)
    await world.must(op(0), 'unbond', [5n * OPEN])
    await world.nextEpoch()
    await world.must(op(0), 'unbond', [7n * OPEN])
    const first = BigInt(EPOCH + UNBONDING)
    expect(await unbondings(0)).toEqual([
      { amountWei: 15n * OPEN, withdrawableAt: first },
      { amountWei: 7n * OPEN, withdrawableAt: first + BigInt(EPOCH) },
    ])
    await world.to(EPOCH + UNBONDING - 1)
    expect((await world.call(op(0), 'withdraw')).error).toBe('NotYetWithdrawable')
    await world.to(EPOCH + UNBONDING)
    const before = world.balance(op(0))
    await world.must(op(0), 'withdraw')
    expect(world.balance(op(0)) - before).toBe(15n * OPEN)
    expect((await world.call(op(0), 'withdraw')).error).toBe('NotYetWithdrawable')
    await world.nextEpoch()
    await world.to(2 * EPOCH + UNBONDING)
    await world.must(op(0), 'withdraw')
    expect(world.balance(op(0)) - before).toBe(22n * OPEN)
    expect((await world.call(op(0), 'withdraw')).error).toBe('NothingToWithdraw')
  })

  it('keeps eight epochs apart; leaving never fails and waits with the newest', async () => {
    world = await StakingWorld.open({ staking: { unbondingBlocks: 1_000 } })
    await world.blocks(1)
    await add(0, 50n * OPEN)
    for (let epoch = 0; epoch < 8; epoch++) {
      await world.must(op(0), 'unbond', [OPEN])
      await world.nextEpoch()
    }
    expect((await world.call(op(0), 'unbond', [OPEN])).error).toBe('UnbondingsFull')
    await world.must(op(0), 'exit')
    const queue = await unbondings(0)
    expect(queue).toHaveLength(8)
    expect(queue[7]).toEqual({ amountWei: 143n * OPEN, withdrawableAt: BigInt(9 * EPOCH + 1_000) })
    // the worst that a report has to slash; what the node's reporter gives it is in src/node/evidenceReporter.ts
    const report = await world.call(op(9), 'reportDoubleSign', world.doubleSign(keyName(0), 1))
    expect(report.error).toBeUndefined()
    expect(report.gasUsed).toBeLessThan(300_000n)
  })

  it('keeps stake that left in the set until the epoch’s end', async () => {
    await world.must(op(0), 'exit')
    await world.to(EPOCH)
    expect(names()).toContain(op(0))
    await world.nextEpoch()
    expect(names()).not.toContain(op(0))
  })

  it('is refused to the last validator', async () => {
    for (const index of [0, 1, 2]) await world.must(op(index), 'exit')
    expect((await world.call(op(3), 'exit')).error).toBe('LastValidator')
    expect((await world.call(op(3), 'unbond', [MINIMUM])).error).toBe('LastValidator')
    await world.nextEpoch()
    expect(names()).toEqual([op(3)])
  })
})

describe('joining', () => {
  it('gives a place that leaving freed, to a fresh key only', async () => {
    await world.must(op(0), 'exit')
    expect((await world.join(0, 100n, 0)).error).toBe('ConsensusKeyTaken')
    expect((await world.join(0, 100n, 1)).error).toBeUndefined()
    await world.nextEpoch()
    expect(world.members.find((one) => one.operator === op(0))?.address).toBe(addressFor(keyName(0, 1)))
    expect(await unbondings(0)).toHaveLength(1)
  })

  it('ranks by stake, ties by the lower operator, and cuts at the limit', async () => {
    world = await StakingWorld.open({ staking: { maxValidators: 3 }, stakes: [100, 100, 100, 101] })
    await world.blocks(1)
    const byAddress = [0, 1, 2].map(op).sort()
    expect(names()).toEqual([op(3), ...byAddress.slice(0, 2)])
    await add([0, 1, 2].find((index) => op(index) === byAddress[2]) ?? 0, 5n * OPEN)
    await world.nextEpoch()
    expect(names()).toEqual([byAddress[2], op(3), byAddress[0]])
    // less than a whole OPEN more ranks first, at the same power
    await add(3, 4n * OPEN + 1n)
    await world.nextEpoch()
    expect(names().slice(0, 2)).toEqual([op(3), byAddress[2]])
    expect(world.members.slice(0, 2).map((member) => member.power)).toEqual([105n, 105n])
  })
})

describe('a consensus key', () => {
  it('signs from the epoch after its rotation on', async () => {
    expect((await world.rotate(0, 1)).error).toBeUndefined()
    const keyNow = () => world.members.find((one) => one.operator === op(0))?.address
    await world.to(EPOCH)
    expect(keyNow()).toBe(addressFor(keyName(0, 0)))
    await world.nextEpoch()
    expect(keyNow()).toBe(addressFor(keyName(0, 1)))
    expect(await world.view('keyOf', [addressFor(keyName(0, 0))])).toEqual([expect.anything(), BigInt(EPOCH)])
    expect(await world.view('keyOf', [addressFor(keyName(0, 1))])).toEqual([expect.anything(), 0n])
  })

  it('is never registered again, by its operator or another', async () => {
    expect((await world.rotate(0, 0)).error).toBe('ConsensusKeyTaken')
    await world.rotate(0, 1)
    expect((await world.rotate(0, 0)).error).toBe('ConsensusKeyTaken')
    const stolen = [addressFor(keyName(0, 0)), world.keyProof(keyName(0, 0), op(1))]
    expect((await world.call(op(1), 'rotateConsensusKey', stolen)).error).toBe('ConsensusKeyTaken')
  })

  it('needs a proof by itself for this operator', async () => {
    const proof = world.keyProof(keyName(1, 7), op(1))
    const args = [addressFor(keyName(1, 7)), proof]
    expect((await world.call(op(0), 'rotateConsensusKey', args)).error).toBe('BadKeyProof')
  })

  it('remains accountable for the heights until its rotation, and for none after', async () => {
    await world.rotate(0, 1)
    await world.nextEpoch()
    const report = (height: number) =>
      world.call(op(9), 'reportDoubleSign', world.doubleSign(keyName(0, 0), height))
    expect((await report(EPOCH + 1)).error).toBe('KeyRetired')
    expect((await report(EPOCH)).error).toBeUndefined()
    await world.nextEpoch()
    expect(names()).not.toContain(op(0))
  })
})

describe('the hash chain', () => {
  it('changes at the epoch’s end, never in time to choose what it is mixed with', async () => {
    // every block here is the first member's
    const index = [0, 1].find((one) => op(one) !== names()[0]) ?? 0
    const tip = world.newTip(index, 1)
    const old = readRandomnessTip(world.journal, op(index))
    expect((await world.call(op(index), 'setRandomnessTip', [ZERO_HASH])).error).toBe('ZeroTip')
    await world.must(op(index), 'setRandomnessTip', [tip])
    await world.to(EPOCH)
    expect(readRandomnessTip(world.journal, op(index))).toBe(old)
    await world.finish()
    expect(readRandomnessTip(world.journal, op(index))).toBe(tip)
    expect((await world.start([], op(index))).error).toBeUndefined()
    expect(readRandomnessTip(world.journal, op(index))).not.toBe(tip)
  })

  it('moves on in whoever copied its tip, so that no value is revealed twice', async () => {
    const [copier, owner] = [0, 1, 2, 3].filter((one) => op(one) !== names()[0]) as [number, number]
    const tipNow = (index: number) => readRandomnessTip(world.journal, op(index))
    await world.must(op(copier), 'setFeeRecipient', [person(owner).feeRecipient])
    await world.must(op(copier), 'setRandomnessTip', [tipNow(owner)])
    await world.to(EPOCH)
    await world.finish()
    const copied = tipNow(owner)
    expect(tipNow(copier)).toBe(copied)
    await world.start([], op(owner))
    expect(tipNow(owner)).not.toBe(copied)
    expect(tipNow(copier)).toBe(tipNow(owner))
  })
})

describe('downtime', () => {
  const jailed = async (index: number) =>
    (await world.view<{ jailedUntil: bigint }>('validatorOf', [op(index)])).jailedUntil

  it('is counted from the certificates, in windows', async () => {
    await world.blocks(4, [op(2)])
    expect(await world.view('participationOf', [op(2)])).toEqual([4n, 4n, 4])
    expect(await world.view('participationOf', [op(1)])).toEqual([4n, 0n, 0])
    await world.to(21)
    expect(await world.view('participationOf', [op(2)])).toEqual([20n, 4n, 0])
  })

  it('counts the certificate of an epoch’s last block for the set that decided it', async () => {
    const [leaver, ...stay] = names()
    await world.must(leaver ?? op(0), 'exit')
    await world.to(EPOCH)
    await world.finish()
    await world.start([leaver ?? op(0)])
    expect(names()).toEqual(stay)
    expect(await world.view('participationOf', [leaver])).toEqual([10n, 1n, 1])
    for (const operator of stay) expect(await world.view('participationOf', [operator])).toEqual([10n, 0n, 0])
  })

  it('jails a member that signed less than half of a window, from the next epoch on', async () => {
    // window 0 is of the certificates in blocks 2 to 20
    await world.to(9)
    await world.blocks(11, [op(2)])
    expect(world.height).toBe(20)
    expect(await jailed(2)).toBe(35n)
    expect(names()).toContain(op(2))
    await world.nextEpoch()
    expect(names()).not.toContain(op(2))
    expect((await world.call(op(1), 'unjail')).error).toBe('NotJailed')
    await world.to(34)
    expect((await world.call(op(2), 'unjail')).error).toBe('StillJailed')
    await world.to(35)
    await world.must(op(2), 'unjail')
    await world.nextEpoch()
    expect(names()).toContain(op(2))
  })

  it('does not jail at exactly half', async () => {
    await world.to(10)
    await world.blocks(10, [op(2)])
    expect(world.height).toBe(20)
    expect(await jailed(2)).toBe(0n)
  })

  it('starts each window anew', async () => {
    await world.blocks(9, [op(2)])
    await world.to(21)
    await world.blocks(9, [op(2)])
    expect(await world.view('participationOf', [op(2)])).toEqual([29n, 18n, 9])
    await world.to(40)
    expect(await jailed(2)).toBe(0n)
  })

  it('never jails a third of the power in one epoch: those that missed most go first', async () => {
    await world.blocks(4, [op(3)])
    await world.blocks(15, [op(2), op(3)])
    expect(world.height).toBe(20)
    expect(await jailed(3)).toBeGreaterThan(0n)
    expect(await jailed(2)).toBe(0n)
  })

  it('counts those jailed earlier in the epoch', async () => {
    world = await StakingWorld.open({ epochBlocks: 100 })
    await world.blocks(20, [op(2)])
    expect(await jailed(2)).toBeGreaterThan(0n)
    await world.blocks(20, [op(3)])
    expect(world.height).toBe(40)
    expect(await jailed(3)).toBe(0n)
  })

  it('never jails the last that could validate', async () => {
    world = await StakingWorld.open({ epochBlocks: 20 })
    await world.blocks(1)
    for (const index of [0, 1, 2]) await world.must(op(index), 'exit')
    await world.blocks(19, [op(3)])
    expect(await jailed(3)).toBe(0n)
    await world.nextEpoch()
    expect(names()).toEqual([op(3)])
  })

  it('is not shaken off by leaving and joining again', async () => {
    await world.blocks(19, [op(2)])
    await world.must(op(2), 'exit')
    await world.join(2, 500n, 1)
    await world.nextEpoch()
    expect(names()).not.toContain(op(2))
  })
})

describe('slashing', () => {
  const A: Hash = `0x${'aa'.repeat(32)}`
  const reporter = op(9)
  const report = (evidence: readonly unknown[]) => world.call(reporter, 'reportDoubleSign', evidence)

  it('takes 5 % of stake and of all that unbonds, pays the reporter, and is for good', async () => {
    await add(0, 60n * OPEN)
    await world.must(op(0), 'unbond', [20n * OPEN])
    await world.nextEpoch()
    await world.must(op(0), 'unbond', [40n * OPEN])
    const treasury = world.balance(predeploys.treasury)
    expect((await report(world.doubleSign(keyName(0), 3))).error).toBeUndefined()
    // 8 OPEN, of which 5 % is the bounty
    expect(world.balance(reporter)).toBe((8n * OPEN * 5n) / 100n)
    expect(world.balance(predeploys.treasury) - treasury).toBe((8n * OPEN * 95n) / 100n)
    expect((await unbondings(0)).map((entry) => entry.amountWei)).toEqual([19n * OPEN, (38n + 95n) * OPEN])
    expect((await report(world.doubleSign(keyName(0), 4))).error).toBe('Tombstoned')
    expect((await world.join(0, 100n, 1)).error).toBe('Tombstoned')
    expect((await world.call(op(0), 'addStake', [], { valueWei: 0n })).error).toBe('Tombstoned')
    await world.to(50)
    await world.must(op(0), 'withdraw')
    expect(world.balance(predeploys.slashing)).toBe(0n)
  })

  it('reaches stake that has left, while any of it is there', async () => {
    await world.must(op(0), 'exit')
    await world.to(EPOCH + UNBONDING - 1)
    expect((await report(world.doubleSign(keyName(0), EPOCH))).error).toBeUndefined()
    await world.to(EPOCH + UNBONDING)
    const before = world.balance(op(0))
    await world.must(op(0), 'withdraw')
    expect(world.balance(op(0)) - before).toBe(95n * OPEN)
  })

  it('refuses evidence as old as the unbonding time, when the stake may be gone', async () => {
    await world.to(5 + UNBONDING)
    expect((await report(world.doubleSign(keyName(1), 5))).error).toBe('EvidenceTooOld')
    expect((await report(world.doubleSign(keyName(1), 6))).error).toBeUndefined()
  })

  it.each([
    ['a vote for a block and one for none', 'vote'],
    ['two proposals', 'proposal'],
    ['a fresh proposal and one of an earlier round', 'validRound'],
  ])('accepts %s', async (_what, kind) => {
    const name = keyName(2)
    const evidence = {
      vote: () => [world.vote(name, 1, A, 'prevote'), world.vote(name, 1, null, 'prevote')],
      proposal: () => [world.proposal(name, 1, A, -1), world.proposal(name, 1, `0x${'bb'.repeat(32)}`, -1)],
      validRound: () => [world.proposal(name, 1, A, -1), world.proposal(name, 1, A, 0)],
    }[kind]
    expect((await report(evidence?.() ?? [])).error).toBeUndefined()
  })

  it('refuses what an honest validator may sign', async () => {
    const name = keyName(2)
    const [first, second] = world.doubleSign(name, 1)
    const later = world.vote(name, 2, A)
    const other = world.vote(name, 1, A, 'prevote')
    const stranger = world.vote(keyName(3), 1, `0x${'bb'.repeat(32)}`)
    for (const pair of [
      [first, first],
      [first, later],
      [first, other],
      [first, stranger],
      [first, { ...second, round: 1n }],
      [
        { ...first, v: 29 },
        { ...second, v: 29 },
      ],
      [first, { ...second, s: `0x${'ff'.repeat(32)}` }],
    ]) {
      expect((await report(pair)).error).toBe('NoDoubleSign')
    }
    expect((await report(world.doubleSign('nobody', 1))).error).toBe('UnknownKey')
  })

  it('is not stopped by a reporter that refuses its bounty, which stays to be claimed', async () => {
    world.setCode(reporter, '0x5f5ffd')
    expect((await report(world.doubleSign(keyName(0), 1))).error).toBeUndefined()
    const bounty = (5n * OPEN * 5n) / 100n
    expect(await world.view('bountyOf', [reporter])).toBe(bounty)
    expect((await world.call(reporter, 'claimBounty')).error).toBe('TransferFailed')
    world.setCode(reporter, '0x00')
    await world.must(reporter, 'claimBounty')
    expect(world.balance(reporter)).toBe(bounty)
    expect((await world.call(reporter, 'claimBounty')).error).toBe('NothingToClaim')
  })

  it('keeps the last validator in the set: an empty one would halt the chain', async () => {
    for (const index of [0, 1, 2]) await world.must(op(index), 'exit')
    await world.nextEpoch()
    expect((await report(world.doubleSign(keyName(3), EPOCH + 1))).error).toBeUndefined()
    await world.nextEpoch()
    expect(names()).toEqual([op(3)])
  })
})
