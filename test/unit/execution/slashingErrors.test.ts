import { describe, expect, it } from 'vitest'
import { predeploys } from '../../../src/chainspec/addresses.ts'
import { expectedErrors } from '../../support/errorLists.ts'
import { keyName, type Outcome, person, StakingWorld } from '../../support/stakingWorld.ts'

type Case = readonly [error: string, what: string, run: (world: StakingWorld) => Promise<Outcome>]

const stranger = person(50).operator
const name = keyName(50)
const evidence = (world: StakingWorld, height = 1, of = keyName(0)) => world.doubleSign(of, height)

const cases: readonly Case[] = [
  [
    'NoDoubleSign',
    'one message twice',
    (world) => world.call(stranger, 'reportDoubleSign', [evidence(world)[0], evidence(world)[0]]),
  ],
  [
    'UnknownKey',
    'a key of nobody',
    (world) => world.call(stranger, 'reportDoubleSign', evidence(world, 1, name)),
  ],
  [
    'KeyRetired',
    'a key after its rotation',
    async (world) => {
      await world.rotate(0, 1)
      await world.to(12)
      return world.call(stranger, 'reportDoubleSign', evidence(world, 11))
    },
  ],
  [
    'EvidenceTooOld',
    'what is as old as the unbonding time',
    async (world) => {
      await world.to(31)
      return world.call(stranger, 'reportDoubleSign', evidence(world, 1))
    },
  ],
  ['NothingToClaim', 'a bounty of nobody', (world) => world.call(stranger, 'claimBounty')],
  [
    'TransferFailed',
    'a bounty to who still refuses it',
    async (world) => {
      world.setCode(stranger, '0x5f5ffd')
      await world.must(stranger, 'reportDoubleSign', evidence(world))
      return world.call(stranger, 'claimBounty')
    },
  ],
  ['OnlyStaking', 'wei of a stranger', (world) => world.pay(stranger, predeploys.slashing, 1n)],
]

describe('the Slashing predeploy refuses', () => {
  const reached = new Set<string>()

  it.each(cases.map(([error, what, run]) => ({ error, what, run })))('$what with $error', async (one) => {
    const world = await StakingWorld.open()
    await world.blocks(1)
    expect((await one.run(world)).error).toBe(one.error)
    reached.add(one.error)
  })

  it('with every error of its list, somewhere above', () => {
    expect([...reached].sort()).toEqual(expectedErrors('test/unit/execution/slashingErrors.test.ts'))
  })
})
