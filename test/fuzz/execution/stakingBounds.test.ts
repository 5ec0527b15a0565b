import { beforeAll, describe, expect, it } from 'vitest'
import { expectedErrors } from '../../support/errorLists.ts'
import { OPEN, person, StakingWorld } from '../../support/stakingWorld.ts'

/** As Staking's MAX_CANDIDATES and the schema's most members. */
const CANDIDATES = 200
const MEMBERS = 100
/** Two thirds of what the node gives a system call: one that runs out halts the chain. */
const MOST_GAS = 20_000_000n

const op = (index: number) => person(index).operator

/** 100 members of 300 OPEN and 100 candidates outside the set; the first two of them have the least. */
let world: StakingWorld
const candidateWei = (index: number) => (index < MEMBERS + 2 ? 100n : 100n + BigInt(index - MEMBERS))

beforeAll(async () => {
  world = await StakingWorld.open({ stakes: Array.from({ length: MEMBERS }, () => 300) })
  await world.blocks(1)
  for (let index = MEMBERS; index < CANDIDATES; index++) {
    expect((await world.join(index, candidateWei(index))).error).toBeUndefined()
  }
})

const places = () => world.view<readonly string[]>('operators')

describe('with all places taken', () => {
  it('a newcomer needs more stake than the least outside the set', async () => {
    const refused = await world.join(300, 100n)
    expect(refused.error).toBe('CandidatesFull')
    expect([refused.error]).toEqual(expectedErrors('test/fuzz/execution/stakingBounds.test.ts'))
    const joined = await world.join(300, 101n)
    expect(joined.error).toBeUndefined()
    // EIP-7825: a transaction holds 2^24 gas
    expect(joined.gasUsed).toBeLessThan(2n ** 23n)
    const [lower, higher] = [op(MEMBERS), op(MEMBERS + 1)].sort()
    const now = (await places()).map((place) => place.toLowerCase())
    expect(now).toHaveLength(CANDIDATES)
    expect(now).toContain(op(300))
    expect(now).toContain(lower)
    expect(now).not.toContain(higher)
    const gone = [MEMBERS, MEMBERS + 1].find((index) => op(index) === higher) ?? 0
    expect(await world.view('unbondingsOf', [op(gone)])).toEqual([
      { amountWei: 100n * OPEN, withdrawableAt: 40n },
    ])
  })

  it('a leaver makes room for one', async () => {
    await world.must(op(150), 'exit')
    expect((await world.join(301, 100n)).error).toBeUndefined()
    expect((await world.join(302, 100n)).error).toBe('CandidatesFull')
  })

  it('an epoch that changes every member ends well within a system call’s gas', async () => {
    // the worst order to sort: each candidate goes before all that were seen
    for (let index = MEMBERS; index < CANDIDATES; index++) {
      const operator = op(index)
      const valueWei = BigInt(1_000 + index) * OPEN
      world.give(operator, valueWei)
      const added = await world.call(operator, 'addStake', [], { valueWei })
      expect([undefined, 'UnknownOperator']).toContain(added.error)
    }
    await world.to(10)
    const before = world.members.map((member) => member.operator)
    const ended = await world.finish()
    expect(ended?.error).toBeUndefined()
    expect(ended?.gasUsed).toBeLessThan(MOST_GAS)
    const kept = world.members.filter((member) => before.includes(member.operator))
    expect(world.members).toHaveLength(MEMBERS)
    expect(kept.length).toBeLessThan(5)
  })

  it('a block that nobody signed and that ends a window starts well within it, too', async () => {
    await world.start()
    await world.to(19)
    const absent = world.members.map((member) => member.operator)
    const started = await world.start(absent)
    expect(world.height).toBe(20)
    expect(started.error).toBeUndefined()
    expect(started.gasUsed).toBeLessThan(MOST_GAS)
  })
})
