import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { slashingAbi } from '../../../contracts/generated/Slashing.ts'
import { stakingAbi } from '../../../contracts/generated/Staking.ts'
import { predeploys } from '../../../src/chainspec/addresses.ts'
import type { Address } from '../../../src/primitives/hex.ts'
import { StakingModel } from '../../support/stakingModel.ts'
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

// FUZZ_RUNS lives of STEPS steps; PROPERTY_SEED chooses them.
const RUNS = Number(process.env.FUZZ_RUNS ?? 6)
const STEPS = 80
const CHECK_EVERY = 5
const PEOPLE = 7
const STAKES = [100, 120, 100, 150]
const RULES = { epoch: 5, members: 4, unbonding: 12, window: 10, jail: 7 }
const PURSE = 10_000n * OPEN

const op = (index: number): Address => person(index).operator
const reporter = op(60)

const who = fc.nat(PEOPLE - 1)
const numbered = (max: number) => fc.integer({ min: 0, max })
const stepOf = (weight: number, kinds: readonly string[], n: fc.Arbitrary<number>) => ({
  weight,
  arbitrary: fc.record({ kind: fc.constantFrom(...kinds), who, n }),
})
const step = fc.oneof(
  stepOf(6, ['blocks'], fc.integer({ min: 1, max: 10 })),
  // tens of OPEN, so that ties are common
  stepOf(5, ['join', 'add', 'unbond'], numbered(16)),
  stepOf(5, ['exit', 'rotate', 'unjail', 'fees', 'pull', 'claim'], numbered(3)),
  stepOf(2, ['withdraw'], numbered(0)),
  stepOf(2, ['report'], numbered(5)),
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** One world and its model, driven with the same steps. */
class Life {
  readonly world: StakingWorld
  readonly model: StakingModel
  /** The n-th key that a person would take next. */
  readonly #nextKey = new Map<number, number>()
  #mintedWei: bigint
  #dustWei = 0n
  readonly reached = new Set<string>()

  private constructor(world: StakingWorld) {
    this.world = world
    const { staking } = world.spec.genesis
    this.model = new StakingModel({
      ...RULES,
      minimumWei: MINIMUM,
      shareBps: staking.downtimeShareBps,
      slashBps: BigInt(staking.doubleSignSlashBps),
      bountyBps: BigInt(staking.doubleSignBountyBps),
    })
    STAKES.forEach((open, index) => {
      const { operator, feeRecipient } = person(index)
      this.model.join(operator, keyName(index, 0), feeRecipient, BigInt(open) * OPEN)
    })
    this.model.finishBlock()
    for (let index = 0; index < PEOPLE; index++) world.give(op(index), PURSE)
    this.#mintedWei = this.#allWei()
  }

  static async open(): Promise<Life> {
    const life = new Life(
      await StakingWorld.open({
        stakes: STAKES,
        epochBlocks: RULES.epoch,
        staking: {
          maxValidators: RULES.members,
          unbondingBlocks: RULES.unbonding,
          downtimeWindowBlocks: RULES.window,
          jailBlocks: RULES.jail,
        },
      }),
    )
    await life.#block([])
    return life
  }

  #allWei(): bigint {
    const people = Array.from({ length: PEOPLE }, (_, index) => op(index))
    const all = [...people, reporter, predeploys.staking, predeploys.slashing, predeploys.treasury]
    return all.reduce((sum, address) => sum + this.world.balance(address), 0n)
  }

  async #block(absent: readonly Address[]): Promise<void> {
    const { world, model } = this
    if (world.height > 0) {
      expect((await world.finish())?.error).toBeUndefined()
      model.finishBlock()
    }
    expect((await world.start(absent)).error).toBeUndefined()
    model.startBlock(absent)
    if (model.height % RULES.epoch !== 1) return
    const expected = model.active.map(({ key, ...member }) => ({ ...member, address: addressFor(key) }))
    expect(world.members).toEqual(expected)
  }

  #freshKey(index: number): number {
    const n = (this.#nextKey.get(index) ?? 0) + 1
    this.#nextKey.set(index, n)
    return n
  }

  async #both(outcome: Promise<Outcome>, expected: string | undefined): Promise<void> {
    expect((await outcome).error).toBe(expected)
    this.reached.add(expected ?? 'success')
  }

  async take({ kind, who: index, n }: Step): Promise<void> {
    const { world, model } = this
    const operator = op(index)
    const tens = BigInt(n) * 10n * OPEN
    if (kind === 'blocks') {
      // most of them without the one named
      for (let i = 0; i < n; i++) await this.#block(i % 4 === 3 ? [] : [operator])
    } else if (kind === 'join') {
      // half of the time a key that may be taken
      const key = n % 2 === 0 ? this.#freshKey(index) : n % 3
      const stakeWei = 9n * 10n * OPEN + tens
      const { feeRecipient } = person(index)
      const expected = model.join(operator, keyName(index, key), feeRecipient, stakeWei)
      await this.#both(world.join(index, stakeWei / OPEN, key), expected)
    } else if (kind === 'add') {
      await this.#both(
        world.call(operator, 'addStake', [], { valueWei: tens }),
        model.addStake(operator, tens),
      )
    } else if (kind === 'unbond') {
      await this.#both(world.call(operator, 'unbond', [tens]), model.unbond(operator, tens))
    } else {
      await this.#takeOther(kind, index, n)
    }
    // nothing was made or lost
    expect(this.#allWei()).toBe(this.#mintedWei)
  }

  async #takeOther(kind: string, index: number, n: number): Promise<void> {
    const { world, model } = this
    const operator = op(index)
    if (kind === 'exit') await this.#both(world.call(operator, 'exit'), model.exit(operator))
    if (kind === 'unjail') await this.#both(world.call(operator, 'unjail'), model.unjail(operator))
    if (kind === 'fees') {
      const fees = person(index + 10 * n).feeRecipient
      await this.#both(world.call(operator, 'setFeeRecipient', [fees]), model.setFeeRecipient(operator, fees))
    }
    if (kind === 'rotate') {
      const key = n === 0 ? 0 : this.#freshKey(index)
      await this.#both(world.rotate(index, key), model.rotate(operator, keyName(index, key)))
    }
    if (kind === 'withdraw') {
      const before = world.balance(operator)
      const paid = model.withdraw(operator)
      await this.#both(world.call(operator, 'withdraw'), typeof paid === 'string' ? paid : undefined)
      expect(world.balance(operator) - before).toBe(typeof paid === 'string' ? 0n : paid)
    }
    if (kind === 'report') {
      const name = keyName(index, n % 2)
      // half of it as old as the unbonding time
      const height = Math.max(1, world.height - (n < 3 ? n : RULES.unbonding))
      const evidence = world.doubleSign(name, height)
      const before = [world.balance(reporter), world.balance(predeploys.treasury)]
      const [bounties, treasury] = [model.bountiesWei, model.treasuryWei]
      const expected = model.report(name, height)
      await this.#both(world.call(reporter, 'reportDoubleSign', evidence), expected)
      expect(world.balance(reporter) - (before[0] ?? 0n)).toBe(model.bountiesWei - bounties)
      expect(world.balance(predeploys.treasury) - (before[1] ?? 0n)).toBe(model.treasuryWei - treasury)
    }
    if (kind === 'pull') await this.#pull(BigInt(n + 1) * 1_234_567_890_123_456_789n)
    if (kind === 'claim') await this.#claim(operator)
  }

  /** The precompile's transfer happens inside of `claim`; here before it. */
  async #pull(amountWei: bigint): Promise<void> {
    const { world, model } = this
    world.setCode(ATTRIBUTION, `0x7f${amountWei.toString(16).padStart(64, '0')}5f5260205ff3`)
    this.#dustWei += model.totalWei / OPEN + 1n
    const expected = model.pullRewards(amountWei)
    if (expected === undefined) {
      world.give(predeploys.staking, world.balance(predeploys.staking) + amountWei)
      this.#mintedWei += amountWei
    }
    await this.#both(world.call(reporter, 'pullRewards'), expected)
  }

  async #claim(operator: Address): Promise<void> {
    const { world, model } = this
    const pendingWei = await world.view<bigint>('pendingRewardsWei', [operator])
    const before = world.balance(operator)
    const expected = pendingWei === 0n ? 'NothingToWithdraw' : undefined
    await this.#both(world.call(operator, 'claimRewards'), expected)
    expect(world.balance(operator) - before).toBe(pendingWei)
    const one = model.accounts.get(operator)
    if (one !== undefined) one.rewardsScaled -= pendingWei * OPEN
  }

  /** Every book is as the model's, and the balance is what is owed, but for what rewards did not divide. */
  async checkBooks(): Promise<void> {
    const { world, model } = this
    let owedWei = 0n
    for (const [operator, one] of model.accounts) {
      const entries = await world.view<readonly { amountWei: bigint; withdrawableAt: bigint }[]>(
        'unbondingsOf',
        [operator],
      )
      expect(entries).toEqual(
        one.unbonding.map(({ amountWei, at }) => ({ amountWei, withdrawableAt: BigInt(at) })),
      )
      const validator = await world.view<{ stakeWei: bigint; jailedUntil: bigint }>('validatorOf', [operator])
      expect(validator.stakeWei).toBe(one.stakeWei)
      expect(validator.jailedUntil).toBe(BigInt(one.jailedUntil))
      if (one.jailedUntil > 0) this.reached.add('jailed')
      const pendingWei = await world.view<bigint>('pendingRewardsWei', [operator])
      const drift = one.rewardsScaled / OPEN - pendingWei
      expect(drift >= 0n && drift <= this.#dustWei + BigInt(STEPS)).toBe(true)
      owedWei += validator.stakeWei + pendingWei
      for (const entry of entries) owedWei += entry.amountWei
    }
    expect(await world.view('totalStakeWei')).toBe(model.totalWei)
    const leftWei = world.balance(predeploys.staking) - owedWei
    const boundWei = this.#dustWei === 0n ? 0n : this.#dustWei + BigInt(STEPS * PEOPLE)
    expect(leftWei >= 0n && leftWei <= boundWei).toBe(true)
    expect(world.balance(predeploys.slashing)).toBe(0n)
  }
}

describe('random lives of validators', () => {
  it('keep money and sets as an independent model says', async () => {
    const reached = new Set<string>()
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: STEPS, maxLength: STEPS }), async (steps) => {
        const life = await Life.open()
        for (const [index, one] of steps.entries()) {
          await life.take(one)
          if (index % CHECK_EVERY === CHECK_EVERY - 1) await life.checkBooks()
        }
        for (const name of life.reached) reached.add(name)
      }),
      { numRuns: RUNS },
    )
    // a life in which nothing happens would prove nothing
    const needed = [
      'success',
      'AlreadyRegistered',
      'ConsensusKeyTaken',
      'EvidenceTooOld',
      'NotYetWithdrawable',
    ]
    const also = ['KeyRetired', 'NotJailed', 'StakeTooLow', 'Tombstoned', 'UnknownKey', 'UnknownOperator']
    expect([...reached]).toEqual(expect.arrayContaining([...needed, ...also]))
  }, 600_000)
})

describe('who holds a consensus key, or collects the fees', () => {
  it('can call anything and change nothing', async () => {
    const world = await StakingWorld.open()
    await world.blocks(11)
    world.setCode(ATTRIBUTION, '0x5f5ffd')
    const callers = [addressFor(keyName(0)), person(0).feeRecipient, addressFor(keyName(3))]
    const addresses = [...callers, person(0).operator, person(1).operator, predeploys.slashing]
    const methods = [...stakingAbi, ...slashingAbi].flatMap((entry) =>
      entry.type === 'function' && entry.stateMutability !== 'view' ? [entry] : [],
    )
    const valueFor: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
      address: fc.constantFrom(...addresses),
      uint256: fc.bigInt({ min: 0n, max: 200n * OPEN }),
      bytes32: fc.constantFrom(`0x${'77'.repeat(32)}`, `0x${'00'.repeat(32)}`),
      bytes: fc.constantFrom('0x', '0x0f', world.keyProof(keyName(0, 1), person(0).operator)),
      tuple: fc.integer({ min: 1, max: 11 }).map((height) => world.doubleSign(keyName(9), height)[0]),
    }
    const call = fc.constantFrom(...methods).chain(({ name, inputs, stateMutability }) =>
      fc.record({
        name: fc.constant(name),
        args: fc.tuple(...inputs.map(({ type }) => valueFor[type] ?? fc.constant(undefined))),
        from: fc.constantFrom(...callers),
        valueWei: fc.constant(stateMutability === 'payable' ? 150n * OPEN : 0n),
      }),
    )
    const called = new Set<string>()
    await fc.assert(
      fc.asyncProperty(call, async ({ name, args, from, valueWei }) => {
        world.give(from, 1_000n * OPEN)
        const before = world.journal.diff()
        const outcome = await world.call(from, name, args, { valueWei })
        expect(outcome.error, name).toBeDefined()
        expect(world.journal.diff()).toEqual(before)
        called.add(name)
      }),
      { numRuns: 400 },
    )
    expect([...called].sort()).toEqual([...new Set(methods.map(({ name }) => name))].sort())
  })
})
