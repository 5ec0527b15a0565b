import { describe, expect, it } from 'vitest'
import { limits } from '../../../src/config/limits.ts'
import { HeadState } from '../../../src/node/headState.ts'
import type { StateReader } from '../../../src/state/types.ts'
import { MemoryStore } from '../../../src/storage/memoryStore.ts'
import { account, TestChain } from '../../support/chain.ts'
import { ManualClock } from '../../support/network/manualClock.ts'
import { thrownCode } from '../../support/network/outcome.ts'

const receiver = `0x${'42'.repeat(20)}` as const
const balanceIn = (state: StateReader) => state.account(receiver)?.balanceWei ?? 0n
const readCode = (state: StateReader) => thrownCode(() => balanceIn(state))

async function open() {
  const [kv, clock] = [new MemoryStore(), new ManualClock()]
  const test = await TestChain.open({ kv })
  const head = new HeadState({ chain: test.chain, kv, clock })
  return {
    test,
    clock,
    head,
    pay: () => test.mine([test.transaction(account(0), { to: receiver, value: 5n, gasLimit: 21_000n })]),
  }
}

describe('the head’s state', () => {
  it('shows one block to a reader that spans a commit', async () => {
    const { head, test, pay } = await open()
    const reader = head.state
    const before = reader.account(account(0).address)
    await pay()
    expect(test.chain.head.state.account(receiver)?.balanceWei).toBe(5n)
    expect([head.height, balanceIn(head.state)]).toEqual([0, 0n])
    head.advance(1)
    expect(balanceIn(reader)).toBe(0n)
    expect(reader.account(account(0).address)).toEqual(before)
    expect([head.height, balanceIn(head.state)]).toEqual([1, 5n])
  })

  it('stays readable for a while after its block, and no longer', async () => {
    const { head, clock } = await open()
    const first = head.state
    head.advance(1)
    const second = head.state
    await clock.advance(limits.headStateMs - 1)
    expect(readCode(first)).toBe('no error')
    head.advance(2)
    // one a block that is over
    expect(clock.pendingTimers).toBe(2)
    await clock.advance(1)
    expect([first, second].map(readCode)).toEqual(['STORAGE_FAILED', 'no error'])
    await clock.advance(limits.headStateMs)
    expect([second, head.state].map(readCode)).toEqual(['STORAGE_FAILED', 'no error'])
    expect(clock.pendingTimers).toBe(0)
  })

  it('of the oldest blocks ends early when there are too many', async () => {
    const { head } = await open()
    const states = [head.state]
    for (let height = 1; height <= limits.headStates; height++) {
      head.advance(height)
      states.push(head.state)
    }
    expect(states.map(readCode).filter((code) => code === 'STORAGE_FAILED').length).toBe(1)
    expect(readCode(states[0]!)).toBe('STORAGE_FAILED')
  })

  it('of every block ends when it is closed, and no timer is left', async () => {
    const { head, clock } = await open()
    const states = [head.state]
    head.advance(1)
    states.push(head.state)
    await head.close()
    expect(states.map(readCode)).toEqual(['STORAGE_FAILED', 'STORAGE_FAILED'])
    expect(clock.pendingTimers).toBe(0)
  })
})
