import { describe, expect, it } from 'vitest'
import { isNodeError } from '../../../src/errors/errors.ts'
import type { Mempool } from '../../../src/mempool/mempool.ts'
import { ETHER, GWEI, HEAD, setup, signed, type Wallet, wallet } from './fixtures.ts'

function outcome(pool: Mempool, bytes: Uint8Array): string {
  try {
    pool.add(bytes)
    return 'admitted'
  } catch (error) {
    if (!isNodeError(error)) throw error
    return error.code
  }
}

const tip = (tipCapWei: bigint) => ({ feeCapWei: 100n * GWEI, tipCapWei })

describe('a full pool', () => {
  it('gives the place of the cheapest to one that pays more, and to no other', () => {
    const { pool, wallets, events } = setup({ bounds: { slots: 3 } })
    const [a, b, c, d, e] = wallets as [Wallet, Wallet, Wallet, Wallet, Wallet]
    pool.add(signed(a, tip(30n)))
    const cheapest = pool.add(signed(b, tip(10n)))
    pool.add(signed(c, tip(20n)))
    expect(outcome(pool, signed(d, tip(10n)))).toBe('TX_UNDERPRICED')
    expect(outcome(pool, signed(d, tip(11n)))).toBe('admitted')
    expect(pool.has(cheapest.hash)).toBe(false)
    expect(events.at(-1)).toEqual({ type: 'dropped', transaction: cheapest, reason: 'evicted' })
    expect(outcome(pool, signed(e, tip(11n)))).toBe('TX_UNDERPRICED')
    expect(pool.status()).toEqual({ pending: 3, queued: 0, slots: 3 })
  })

  it('ranks by what is paid over the base fee, not by the promise', () => {
    const { pool, wallets } = setup({ bounds: { slots: 2 } })
    const [a, b, c] = wallets as [Wallet, Wallet, Wallet]
    const promises = pool.add(signed(a, { feeCapWei: GWEI + 1n, tipCapWei: GWEI + 1n }))
    pool.add(signed(b, tip(5n)))
    expect(outcome(pool, signed(c, tip(3n)))).toBe('admitted')
    expect(pool.has(promises.hash)).toBe(false)
  })

  it('takes the last of a chain, and does not let a dear child shield a cheap parent', () => {
    const { pool, wallets } = setup({ bounds: { slots: 3 } })
    const [a, b, c] = wallets as [Wallet, Wallet, Wallet]
    const parent = pool.add(signed(a, { nonce: 0, ...tip(1n) }))
    const child = pool.add(signed(a, { nonce: 1, ...tip(1000n) }))
    pool.add(signed(b, tip(50n)))
    expect(outcome(pool, signed(c, tip(2n)))).toBe('admitted')
    expect(pool.has(child.hash)).toBe(false)
    expect(pool.has(parent.hash)).toBe(true)
    expect(pool.status()).toEqual({ pending: 3, queued: 0, slots: 3 })
  })

  it('does not count a dear child of a cheap parent as dear', () => {
    const { pool, wallets } = setup({ bounds: { slots: 2 } })
    const [a, b] = wallets as [Wallet, Wallet]
    pool.add(signed(a, { nonce: 0, ...tip(1n) }))
    pool.add(signed(b, tip(5n)))
    expect(outcome(pool, signed(a, { nonce: 1, ...tip(1000n) }))).toBe('TX_UNDERPRICED')
  })

  it('counts large transactions by their slots and evicts all or nothing for them', () => {
    const { pool, wallets } = setup({ bounds: { slots: 4 } })
    const [a, b, c, d] = wallets as [Wallet, Wallet, Wallet, Wallet]
    pool.add(signed(a, tip(10n)))
    pool.add(signed(b, tip(20n)))
    pool.add(signed(c, tip(30n)))
    const large = (tipCapWei: bigint) =>
      signed(d, { data: new Uint8Array(9_000), gasLimit: 200_000n, ...tip(tipCapWei) })
    expect(outcome(pool, large(15n))).toBe('TX_UNDERPRICED')
    expect(pool.status()).toEqual({ pending: 3, queued: 0, slots: 3 })
    expect(outcome(pool, large(25n))).toBe('admitted')
    expect(pool.status()).toEqual({ pending: 2, queued: 0, slots: 4 })
    expect([...pool.content().keys()]).toEqual([c.address, d.address])
  })

  it('evicts by the new base fee after it moved', () => {
    const { pool, state, wallets } = setup({ bounds: { slots: 2 } })
    const [a, b, c] = wallets as [Wallet, Wallet, Wallet]
    const thin = pool.add(signed(a, { feeCapWei: 2n * GWEI, tipCapWei: 100n }))
    pool.add(signed(b, tip(50n)))
    pool.advance({ ...HEAD, number: 2n, nextBaseFeeWei: 2n * GWEI - 10n }, state, [])
    expect(outcome(pool, signed(c, tip(20n)))).toBe('admitted')
    expect(pool.has(thin.hash)).toBe(false)
  })
})

describe('gapped transactions', () => {
  it('give way to any executable one, the cheapest first', () => {
    const { pool, wallets } = setup({ bounds: { slots: 3 } })
    const [a, b, c, d] = wallets as [Wallet, Wallet, Wallet, Wallet]
    const dear = pool.add(signed(a, { nonce: 5, ...tip(1000n) }))
    const cheap = pool.add(signed(b, { nonce: 5, ...tip(500n) }))
    pool.add(signed(c, tip(1n)))
    expect(outcome(pool, signed(d, tip(1n)))).toBe('admitted')
    expect(pool.has(cheap.hash)).toBe(false)
    expect(pool.has(dear.hash)).toBe(true)
  })

  it('never push out an executable one, whatever they promise', () => {
    const { pool, state, wallets } = setup({ bounds: { slots: 8 } })
    for (const honest of wallets) pool.add(signed(honest, tip(1n)))
    for (let index = 100; index < 140; index++) {
      const attacker = wallet(index)
      state.set(attacker.address, { balanceWei: 10n * ETHER })
      const bytes = signed(attacker, { nonce: 1, feeCapWei: 1000n * GWEI, tipCapWei: 1000n * GWEI })
      expect(outcome(pool, bytes)).toBe('TX_POOL_FULL')
    }
    expect(pool.status()).toEqual({ pending: 8, queued: 0, slots: 8 })
  })

  it('are bounded together, and better paid ones displace worse', () => {
    const { pool, wallets } = setup({ bounds: { gapped: 2 } })
    const [a, b, c, d] = wallets as [Wallet, Wallet, Wallet, Wallet]
    const low = pool.add(signed(a, { nonce: 3, ...tip(1n) }))
    pool.add(signed(b, { nonce: 3, ...tip(2n) }))
    expect(outcome(pool, signed(c, { nonce: 3, ...tip(1n) }))).toBe('TX_POOL_FULL')
    expect(outcome(pool, signed(d, { nonce: 3, ...tip(3n) }))).toBe('admitted')
    expect(pool.has(low.hash)).toBe(false)
    expect(pool.status().queued).toBe(2)
  })

  it('stay within their bound when evictions fail halfway', () => {
    const { pool, wallets } = setup({ bounds: { gapped: 2, slots: 3 } })
    const [a, b, c] = wallets as [Wallet, Wallet, Wallet]
    pool.add(signed(a, { nonce: 3, ...tip(1n) }))
    pool.add(signed(b, { nonce: 3, ...tip(9n) }))
    const large = { nonce: 3, data: new Uint8Array(9_000), gasLimit: 200_000n, ...tip(5n) }
    expect(outcome(pool, signed(c, large))).toBe('TX_POOL_FULL')
    expect(pool.status()).toEqual({ pending: 0, queued: 2, slots: 2 })
    expect(outcome(pool, signed(c, { nonce: 3, ...tip(5n) }))).toBe('admitted')
    expect(pool.status()).toEqual({ pending: 0, queued: 2, slots: 2 })
  })
})

describe('overdraft', () => {
  it('is refused at the door: all that a sender has pooled fits its balance', () => {
    const { pool, state, wallets } = setup()
    const [a] = wallets as [Wallet]
    const cost = 21_000n * 10n * GWEI
    state.set(a.address, { balanceWei: 3n * cost + 2n })
    const draft = (nonce: number) => signed(a, { nonce, valueWei: 1n })
    expect([0, 2, 1, 3].map((nonce) => outcome(pool, draft(nonce)))).toEqual([
      'admitted',
      'admitted',
      'TX_INSUFFICIENT_FUNDS',
      'TX_INSUFFICIENT_FUNDS',
    ])
  })

  it('that comes later leaves only what the balance still pays executable', () => {
    const { pool, state, wallets, events } = setup()
    const [a] = wallets as [Wallet]
    const cost = 21_000n * 10n * GWEI + 1n
    for (let nonce = 0; nonce < 4; nonce++) pool.add(signed(a, { nonce }))
    state.set(a.address, { balanceWei: 2n * cost })
    pool.advance({ ...HEAD, number: 2n }, state, [a.address])
    expect(pool.status()).toEqual({ pending: 2, queued: 2, slots: 4 })
    expect(pool.pendingNonce(a.address)).toBe(2n)
    state.set(a.address, { balanceWei: cost - 1n })
    pool.advance({ ...HEAD, number: 3n }, state, [a.address])
    expect(pool.status()).toEqual({ pending: 0, queued: 0, slots: 0 })
    expect(events.filter((event) => event.type === 'dropped').map(({ reason }) => reason)).toEqual(
      Array(4).fill('unaffordable'),
    )
  })
})
