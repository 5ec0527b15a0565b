import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { limits } from '../../../src/config/limits.ts'
import { loadJournal, saveJournal } from '../../../src/mempool/journal.ts'
import { Mempool } from '../../../src/mempool/mempool.ts'
import { silentLogger } from '../../../src/runtime/logger.ts'
import { createCommon, ETHER, GWEI, HEAD, setup, signed, type Wallet } from './fixtures.ts'

describe('a new head', () => {
  it('drops used nonces, promotes what follows, and tells of both once the change is complete', () => {
    const { pool, state, wallets, events } = setup()
    const [a, b] = wallets as [Wallet, Wallet]
    const [first, second] = [0, 1].map((nonce) => pool.add(signed(a, { nonce })))
    const other = pool.add(signed(b, { nonce: 4 }))
    events.length = 0
    pool.subscribe(() => expect(pool.status()).toEqual({ pending: 2, queued: 0, slots: 2 }))
    state.set(a.address, { nonce: 1n })
    state.set(b.address, { nonce: 4n })
    pool.advance({ ...HEAD, number: 2n }, state, [a.address, b.address])
    expect(events).toEqual([
      { type: 'dropped', transaction: first, reason: 'nonceUsed' },
      { type: 'pending', transactions: [other] },
    ])
    expect(pool.contentFrom(a.address).pending).toEqual([second])
    expect(pool.get(other.hash)).toBe(other)
  })

  it('looks at all senders when it is not told who changed', () => {
    const { pool, state, wallets } = setup()
    const [a, b] = wallets as [Wallet, Wallet]
    pool.add(signed(a))
    pool.add(signed(b))
    for (const { address } of [a, b]) state.set(address, { nonce: 1n })
    pool.advance({ ...HEAD, number: 2n }, state, [a.address])
    expect(pool.status().pending).toBe(1)
    pool.advance({ ...HEAD, number: 3n }, state)
    expect(pool.status()).toEqual({ pending: 0, queued: 0, slots: 0 })
  })

  it('drops what no longer fits a lowered gas limit and demotes what stood behind', () => {
    const { pool, state, wallets } = setup()
    const [a] = wallets as [Wallet]
    pool.add(signed(a, { nonce: 0 }))
    const large = pool.add(signed(a, { nonce: 1, gasLimit: 2_000_000n }))
    const last = pool.add(signed(a, { nonce: 2 }))
    pool.advance({ ...HEAD, number: 2n, gasLimit: 1_000_000n }, state, [])
    expect(pool.has(large.hash)).toBe(false)
    expect(pool.contentFrom(a.address).queued).toEqual([last])
  })

  it('forgets gapped transactions after their lifetime, counted from when the gap opened', () => {
    const { pool, clock, state, wallets } = setup()
    const [a, b] = wallets as [Wallet, Wallet]
    const early = pool.add(signed(a, { nonce: 1 }))
    pool.add(signed(b, { nonce: 0 }))
    const late = pool.add(signed(b, { nonce: 1 }))
    clock.advance(limits.mempoolGappedLifetimeMs)
    pool.drop(pool.contentFrom(b.address).pending[0]!.hash)
    clock.advance(1)
    pool.advance({ ...HEAD, number: 2n }, state, [])
    expect(pool.has(early.hash)).toBe(false)
    expect(pool.has(late.hash)).toBe(true)
    clock.advance(limits.mempoolGappedLifetimeMs)
    pool.advance({ ...HEAD, number: 3n }, state, [])
    expect(pool.has(late.hash)).toBe(false)
  })

  it('keeps at most the gapped bound of a sender whose chain breaks', () => {
    const { pool, wallets } = setup({ bounds: { gappedPerAccount: 2 } })
    const [a] = wallets as [Wallet]
    const all = [0, 1, 2, 3, 4].map((nonce) => pool.add(signed(a, { nonce })))
    expect(pool.drop(all[0]!.hash)).toBe(true)
    expect(pool.drop(all[0]!.hash)).toBe(false)
    expect(pool.contentFrom(a.address)).toEqual({ pending: [], queued: all.slice(1, 3) })
  })

  it('decodes everything anew when a fork changes the rules', () => {
    const common = createCommon({ pragueTime: 1000, osakaTime: 1000 })
    const { pool, state, wallets, events } = setup({ common })
    const [a, b] = wallets as [Wallet, Wallet]
    const kept = pool.add(signed(a, {}, common))
    // EIP-7623 and EIP-7825 begin with the fork: this one has too little gas for its data by then.
    const data = new Uint8Array(100).fill(1)
    const dropped = pool.add(signed(b, { data, gasLimit: 22_600n }, common))
    expect(pool.get(kept.hash)?.tx.common.hardfork()).toBe('cancun')
    pool.advance({ ...HEAD, number: 2n, timestamp: 999n }, state, [])
    expect(pool.get(kept.hash)?.tx.common.hardfork()).toBe('osaka')
    expect(pool.status()).toEqual({ pending: 1, queued: 0, slots: 1 })
    expect(events).toContainEqual({ type: 'dropped', transaction: dropped, reason: 'forkRules' })
  })
})

describe('the journal', () => {
  it('brings the pool back after a restart, without what is no longer valid', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'openledger-'))
    try {
      const path = join(folder, 'deep', 'pool.rlp')
      expect(await loadJournal(path)).toEqual([])
      const { pool, clock, state, wallets } = setup()
      const [a, b] = wallets as [Wallet, Wallet]
      const kept = [pool.add(signed(a)), pool.add(signed(a, { nonce: 2 }))]
      pool.add(signed(b, { valueWei: ETHER / 2n }))
      await saveJournal(path, pool.transactions())
      state.set(b.address, { balanceWei: GWEI })
      const again = new Mempool(
        { common: createCommon(), minimumBaseFeeWei: 7n, minimumTipWei: 0n, allowUnprotected: false },
        { clock, logger: silentLogger, head: HEAD, state },
      )
      expect(again.reinject(await loadJournal(path))).toEqual({ admitted: 2, refused: 1 })
      expect(again.transactions().map(({ hash }) => hash)).toEqual(kept.map(({ hash }) => hash))
      await writeFile(path, Uint8Array.of(0xc2, 0x02, 0xc0))
      await expect(loadJournal(path)).rejects.toMatchObject({ code: 'BAD_RLP' })
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
