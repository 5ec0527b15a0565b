import { describe, expect, it } from 'vitest'
import { limits } from '../../../src/config/limits.ts'
import { SlowTransactions } from '../../../src/node/slowTransactions.ts'
import type { Address } from '../../../src/primitives/hex.ts'
import { bytesToHex } from '../../../src/primitives/hex.ts'
import { account } from '../../support/chain.ts'
import { ManualClock } from '../../support/network/manualClock.ts'
import { PoolNode } from '../../support/poolNode.ts'

const TIME_MS = 300
const sender = account(0).address.toLowerCase() as Address
const addressOf = (index: number): Address => `0x${index.toString(16).padStart(40, '0')}`

function open() {
  const clock = new ManualClock()
  return { clock, slow: new SlowTransactions({ timeMs: TIME_MS }, { clock }) }
}

describe('a sender of slow transactions', () => {
  it('waits twice as long after each try, gets more time at each, and has no try left in the end', async () => {
    const { clock, slow } = open()
    expect(slow.timeMs(sender)).toBe(TIME_MS)
    for (let tries = 1; tries < limits.slowTransactionTries; tries++) {
      expect(slow.note(sender)).toBe(true)
      expect(slow.timeMs(sender)).toBe(TIME_MS * (1 + tries))
      const restMs = limits.slowTransactionRestMs * 2 ** (tries - 1)
      await clock.advance(restMs - 1)
      expect(slow.mayTry(sender)).toBe(false)
      await clock.advance(1)
      expect(slow.mayTry(sender)).toBe(true)
    }
    expect(slow.note(sender)).toBe(false)
  })

  it('begins anew when it was not slow for a time', async () => {
    const { clock, slow } = open()
    slow.note(sender)
    await clock.advance(limits.slowTransactionRestMs + limits.slowTransactionMemoryMs)
    expect(slow.timeMs(sender)).toBe(TIME_MS)
  })

  it('is one of so many that are remembered', () => {
    const { slow } = open()
    for (let index = 0; index <= limits.slowTransactionSenders; index++) slow.note(addressOf(index))
    expect(slow.mayTry(addressOf(0))).toBe(true)
    expect(slow.mayTry(addressOf(1))).toBe(false)
  })
})

describe('the pool', () => {
  it('offers others in the place of one that was slow, offers it again later, and drops it after the last try', async () => {
    const node = await PoolNode.open({ transactionMs: TIME_MS })
    const add = (index: number) => {
      const tx = node.test.transaction(account(index), { to: sender, gasLimit: 21_000n })
      node.mempool.add(tx.serialize())
      return bytesToHex(tx.hash())
    }
    const [slow, next, other] = [add(0), add(0), add(1)]
    const offered = () => node.pool.offer().map(({ hash, timeMs }) => [hash, timeMs])
    expect(offered()).toEqual([
      [slow, TIME_MS],
      [next, TIME_MS],
      [other, TIME_MS],
    ])
    node.pool.setBack(slow)
    expect(offered()).toEqual([[other, TIME_MS]])
    await node.clock.advance(limits.slowTransactionRestMs)
    expect(offered().map(([hash]) => hash)).toEqual([slow, next, other])
    for (let tries = 1; tries < limits.slowTransactionTries; tries++) node.pool.setBack(slow)
    expect(node.mempool.has(slow)).toBe(false)
    expect(node.mempool.has(other)).toBe(true)
  })
})
