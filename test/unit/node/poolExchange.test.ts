import { describe, expect, it } from 'vitest'
import { Mempool } from '../../../src/mempool/mempool.ts'
import type { Peer, RequestHandler } from '../../../src/network/ports.ts'
import { PoolExchange } from '../../../src/node/poolExchange.ts'
import { encodeRlp } from '../../../src/primitives/rlp.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { silentLogger } from '../../../src/runtime/logger.ts'
import { account, TestChain } from '../../support/chain.ts'

const receiver = `0x${'42'.repeat(20)}` as const

async function poolOf(): Promise<{ mempool: Mempool; chain: TestChain }> {
  const chain = await TestChain.open()
  const { header } = chain.chain.head.block
  const mempool = new Mempool(
    { common: chain.chain.spec.common, minimumBaseFeeWei: 1n, minimumTipWei: 0n, allowUnprotected: false },
    {
      clock: systemClock,
      logger: silentLogger,
      head: { number: 0n, timestamp: header.timestamp, gasLimit: header.gasLimit, nextBaseFeeWei: 10n ** 9n },
      state: chain.chain.head.state,
    },
  )
  return { mempool, chain }
}

/** Two pools whose exchanges talk directly; `connect` tells the first of the second. */
async function pair() {
  const [own, other] = [await poolOf(), await poolOf()]
  let handler: RequestHandler | undefined
  let connected: ((peer: Peer) => void) | undefined
  let asked = 0
  const peer: Peer = {
    id: 'other',
    direction: 'outbound',
    address: '',
    head: { height: 0, hash: '0x' },
    agent: '',
  }
  const common = { clock: { nowMs: () => 0, after: () => () => undefined }, logger: silentLogger }
  const peers = {
    list: () => [peer],
    get: () => peer,
    onConnect: (listener: (peer: Peer) => void) => {
      connected = listener
      return () => undefined
    },
    onDisconnect: () => () => undefined,
    onHead: () => () => undefined,
    headChanged: () => undefined,
    report: () => undefined,
  }
  let settle: () => void = () => undefined
  const idle = new Promise<void>((resolve) => {
    settle = resolve
  })
  const requests = {
    handle: () => () => undefined,
    request: async (_peer: string, _protocol: string, bytes: Uint8Array) => {
      asked += 1
      const answer = await handler?.('own', bytes)
      if (asked === 2) setImmediate(settle)
      return answer ?? new Uint8Array()
    },
  }
  const served = new PoolExchange({
    ...common,
    mempool: other.mempool,
    peers: { ...peers, onConnect: () => () => undefined },
    requests: {
      ...requests,
      handle: (_name: string, one: RequestHandler) => {
        handler = one
        return () => undefined
      },
    },
  })
  await served.start()
  await new PoolExchange({ ...common, mempool: own.mempool, peers, requests }).start()
  return { own, other, connect: () => connected?.(peer), idle, handler: () => handler }
}

describe('the pool exchange', () => {
  it('brings the transactions that a new peer holds', async () => {
    const { own, other, connect, idle } = await pair()
    const known = other.chain.transaction(account(0), { to: receiver, gasLimit: 21_000n }).serialize()
    const missing = other.chain.transaction(account(1), { to: receiver, gasLimit: 21_000n }).serialize()
    own.mempool.add(known)
    const [, { hash }] = [other.mempool.add(known), other.mempool.add(missing)]
    connect()
    await idle
    expect(own.mempool.has(hash)).toBe(true)
    expect(own.mempool.status().pending).toBe(2)
  })

  it('tells of executable transactions only', async () => {
    const { other, handler } = await pair()
    other.mempool.add(
      other.chain.transaction(account(0), { to: receiver, gasLimit: 21_000n, nonce: 1n }).serialize(),
    )
    expect(await handler()?.('own', encodeRlp([]))).toEqual(encodeRlp([]))
  })

  it('refuses a request that is no list of hashes', async () => {
    const { handler } = await pair()
    const bad = async () => handler()?.('own', encodeRlp([Uint8Array.of(1)]))
    await expect(bad()).rejects.toHaveProperty('code', 'BAD_RLP')
  })
})
