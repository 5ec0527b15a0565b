import { describe, expect, it } from 'vitest'
import { limits } from '../../../src/config/limits.ts'
import { Mempool } from '../../../src/mempool/mempool.ts'
import type { GossipPort, GossipValidator } from '../../../src/network/ports.ts'
import { TransactionGossip } from '../../../src/node/transactionGossip.ts'
import { asBytes, asList, decodeRlp, encodeRlp } from '../../../src/primitives/rlp.ts'
import { silentLogger } from '../../../src/runtime/logger.ts'
import { account, TestChain } from '../../support/chain.ts'

const receiver = `0x${'42'.repeat(20)}` as const

/** A pool whose gossip is a list of what it published and a way to hand it a message. */
async function start() {
  const chain = await TestChain.open()
  const { header } = chain.chain.head.block
  const timers: (() => void)[] = []
  const clock = {
    nowMs: () => 0,
    after: (_delayMs: number, callback: () => void) => {
      timers.push(callback)
      return () => {
        const at = timers.indexOf(callback)
        if (at >= 0) timers.splice(at, 1)
      }
    },
  }
  const mempool = new Mempool(
    { common: chain.chain.spec.common, minimumBaseFeeWei: 1n, minimumTipWei: 0n, allowUnprotected: false },
    {
      clock,
      logger: silentLogger,
      head: { number: 0n, timestamp: header.timestamp, gasLimit: header.gasLimit, nextBaseFeeWei: 10n ** 9n },
      state: chain.chain.head.state,
    },
  )
  const published: Uint8Array[][] = []
  let validator: GossipValidator | undefined
  const gossip: GossipPort = {
    publish: async (_topic, bytes) => {
      published.push(asList(decodeRlp(bytes, bytes.length)).map((item) => asBytes(item)))
    },
    subscribe: (_topic, one) => {
      validator = one
      return () => {
        validator = undefined
      }
    },
  }
  const service = new TransactionGossip({ mempool, gossip, clock, logger: silentLogger })
  service.start()
  return {
    mempool,
    published,
    service,
    transfer: (sender: number, nonce: bigint) =>
      chain.transaction(account(sender), { to: receiver, gasLimit: 21_000n, nonce }).serialize(),
    receive: async (batch: readonly Uint8Array[]) => validator?.(encodeRlp([...batch]), 'peer'),
    receiveRaw: async (bytes: Uint8Array) => validator?.(bytes, 'peer'),
    tick: () => {
      for (const callback of timers.splice(0)) callback()
    },
  }
}

describe('transactions that came to this node', () => {
  it('travel together, once', async () => {
    const { mempool, transfer, published, tick } = await start()
    const sent = [transfer(0, 0n), transfer(0, 1n), transfer(1, 0n)]
    for (const bytes of sent) mempool.add(bytes)
    expect(published).toEqual([])
    tick()
    expect(published).toEqual([sent])
    tick()
    expect(published.length).toBe(1)
  })

  it('leave at once when a batch is full', async () => {
    const { mempool, transfer, published, tick } = await start()
    const sent = Array.from({ length: limits.gossipTransactionsBatch + 1 }, (_, i) => transfer(0, BigInt(i)))
    for (const bytes of sent) mempool.add(bytes)
    expect(published).toEqual([sent.slice(0, -1)])
    tick()
    expect(published[1]).toEqual(sent.slice(-1))
  })

  it('that cannot run yet wait until they can', async () => {
    const { mempool, transfer, published, tick } = await start()
    const [first, second] = [transfer(0, 0n), transfer(0, 1n)]
    mempool.add(second)
    tick()
    expect(published).toEqual([])
    mempool.add(first)
    tick()
    expect(published).toEqual([[first, second]])
  })

  it('are not told after the end', async () => {
    const { mempool, transfer, published, service, tick } = await start()
    mempool.add(transfer(0, 0n))
    service.stop()
    mempool.add(transfer(1, 0n))
    tick()
    expect(published).toEqual([])
  })
})

describe('a batch from a peer', () => {
  it('goes into the pool and on as it is', async () => {
    const { mempool, transfer, receive, published, tick } = await start()
    const batch = Array.from({ length: 40 }, (_, i) => transfer(0, BigInt(i)))
    expect(await receive(batch)).toBe('accept')
    expect(mempool.status().pending).toBe(40)
    tick()
    expect(published).toEqual([])
  })

  it('goes no further when nothing in it was new', async () => {
    const { transfer, receive } = await start()
    await receive([transfer(0, 0n)])
    expect(await receive([transfer(0, 0n)])).toBe('ignore')
  })

  it('of mostly old transactions gives its new ones to a batch of our own', async () => {
    const { transfer, receive, published, tick } = await start()
    const old = [transfer(0, 0n), transfer(0, 1n), transfer(0, 2n)]
    await receive(old)
    const fresh = transfer(1, 0n)
    expect(await receive([...old, fresh])).toBe('ignore')
    tick()
    expect(published).toEqual([[fresh]])
  })

  it('costs its sender when no honest peer would forward it', async () => {
    const { transfer, receive, receiveRaw } = await start()
    const blob = Uint8Array.of(3, ...transfer(0, 0n).subarray(1))
    expect(await receive([transfer(0, 0n), blob])).toBe('reject')
    await expect(receive([])).rejects.toHaveProperty('code', 'LIMIT_EXCEEDED')
    const many = Array.from({ length: limits.gossipTransactionsBatch + 1 }, () => Uint8Array.of(1))
    await expect(receive(many)).rejects.toHaveProperty('code', 'LIMIT_EXCEEDED')
    await expect(receiveRaw(Uint8Array.of(0xc2, 1))).rejects.toHaveProperty('code', 'BAD_RLP')
    await expect(receiveRaw(encodeRlp([[Uint8Array.of(1)]]))).rejects.toHaveProperty('code', 'BAD_RLP')
  })
})
