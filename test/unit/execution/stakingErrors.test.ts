import { describe, expect, it } from 'vitest'
import { SYSTEM_ADDRESS } from '../../../src/chainspec/addresses.ts'
import { type Address, ZERO_ADDRESS, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { expectedErrors } from '../../support/errorLists.ts'
import {
  ATTRIBUTION,
  addressFor,
  keyName,
  MINIMUM,
  OPEN,
  type Outcome,
  person,
  StakingWorld,
} from '../../support/stakingWorld.ts'

type Case = readonly [error: string, what: string, run: (world: StakingWorld) => Promise<Outcome>]

const op = (index: number): Address => person(index).operator
const stranger = op(50)
const name = keyName(50)
const key = addressFor(name)
const tip = `0x${'77'.repeat(32)}` as const
const evidence = (world: StakingWorld, height = 1, of = keyName(0)) => world.doubleSign(of, height)

/** `join` by the stranger, with some arguments replaced. */
function join(world: StakingWorld, change: Partial<Record<'key' | 'recipient' | 'tip' | 'proof', string>>) {
  world.give(stranger, MINIMUM)
  const proof = change.proof ?? world.keyProof(name, stranger)
  const args = [change.key ?? key, change.recipient ?? stranger, change.tip ?? tip, proof]
  return world.call(stranger, 'join', args, { valueWei: MINIMUM })
}

const cases: readonly Case[] = [
  ['OnlySystem', 'the end of an epoch by an account', (world) => world.call(stranger, 'onEpochEnd')],
  ['OnlySystem', 'a block’s start by an account', (world) => world.call(op(0), 'onBlockStart', ['0x', tip])],
  ['OnlySlashing', 'a slash by the system', (world) => world.call(SYSTEM_ADDRESS, 'slash', [op(0), 1n])],
  [
    'BadReveal',
    'a reveal that is nobody’s preimage',
    (world) => world.call(SYSTEM_ADDRESS, 'onBlockStart', ['0x', tip]),
  ],
  ['UnknownOperator', 'stake of a stranger', (world) => world.call(stranger, 'addStake')],
  [
    'BadKeyProof',
    'a key that signed for another operator',
    (world) => join(world, { proof: world.keyProof(name, op(1)) }),
  ],
  ['ZeroAddress', 'no fee recipient', (world) => join(world, { recipient: ZERO_ADDRESS })],
  ['ZeroAddress', 'a broken signature’s key', (world) => join(world, { key: ZERO_ADDRESS, proof: '0x' })],
  ['ZeroTip', 'no hash chain', (world) => join(world, { tip: ZERO_HASH })],
  ['AlreadyRegistered', 'an operator twice', (world) => world.join(0, 100n, 1)],
  [
    'ConsensusKeyTaken',
    'the key of another validator',
    (world) => join(world, { key: addressFor(keyName(1)), proof: world.keyProof(keyName(1), stranger) }),
  ],
  ['StakeTooLow', 'less than the minimum', (world) => world.join(50, 99n)],
  ['NothingToWithdraw', 'more than is staked', (world) => world.call(op(0), 'unbond', [10n ** 30n])],
  [
    'LastValidator',
    'the last one’s leaving',
    async (world) => {
      for (const index of [1, 2, 3]) await world.must(op(index), 'exit')
      return world.call(op(0), 'exit')
    },
  ],
  [
    'NotYetWithdrawable',
    'stake that is still bound',
    async (world) => {
      await world.must(op(0), 'exit')
      return world.call(op(0), 'withdraw')
    },
  ],
  [
    'UnbondingsFull',
    'a ninth epoch of unbonding stake',
    async (world) => {
      world.give(op(0), 9n * OPEN)
      await world.must(op(0), 'addStake', [], { valueWei: 9n * OPEN })
      for (let epoch = 0; epoch < 8; epoch++) {
        await world.must(op(0), 'unbond', [OPEN])
        await world.nextEpoch()
      }
      return world.call(op(0), 'unbond', [OPEN])
    },
  ],
  [
    'TransferFailed',
    'an operator whose code refuses the wei',
    async (world) => {
      await world.must(op(0), 'exit')
      world.setCode(op(0), '0x5f5ffd')
      await world.to(45)
      return world.call(op(0), 'withdraw')
    },
  ],
  ['NotJailed', 'unjailing who is free', (world) => world.call(op(0), 'unjail')],
  [
    'StillJailed',
    'unjailing too early',
    async (world) => {
      await world.blocks(19, [op(0)])
      return world.call(op(0), 'unjail')
    },
  ],
  [
    'Tombstoned',
    'a second report',
    async (world) => {
      await world.must(stranger, 'reportDoubleSign', evidence(world))
      return world.call(stranger, 'reportDoubleSign', evidence(world))
    },
  ],
  [
    'NothingStaked',
    'rewards for nobody',
    async (world) => {
      for (const index of [1, 2, 3]) await world.must(op(index), 'exit')
      await world.must(stranger, 'reportDoubleSign', evidence(world))
      world.setCode(ATTRIBUTION, '0x60015f5260205ff3')
      return world.call(stranger, 'pullRewards')
    },
  ],
]

describe('the Staking predeploy refuses', () => {
  const reached = new Set<string>()

  it.each(cases.map(([error, what, run]) => ({ error, what, run })))('$what with $error', async (one) => {
    const world = await StakingWorld.open()
    await world.blocks(1)
    expect((await one.run(world)).error).toBe(one.error)
    reached.add(one.error)
  })

  it('with every error of its list, somewhere above', () => {
    expect([...reached].sort()).toEqual(expectedErrors('test/unit/execution/stakingErrors.test.ts'))
  })
})
