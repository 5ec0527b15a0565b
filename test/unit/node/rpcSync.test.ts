import { describe, expect, it } from 'vitest'
import { neverSyncing, rpcSync } from '../../../src/node/rpcSync.ts'
import type { SyncProgress } from '../../../src/rpc/ports.ts'
import type { Syncer, SyncStatus } from '../../../src/sync/syncer.ts'
import { ManualClock } from '../../support/network/manualClock.ts'

function open(first: Partial<SyncStatus> = {}) {
  let status: SyncStatus = { syncing: false, startingHeight: 3, currentHeight: 5, highestHeight: 9, ...first }
  const clock = new ManualClock()
  const sync = rpcSync({ status: () => status } as unknown as Syncer, clock)
  const told: (SyncProgress | undefined)[] = []
  return {
    clock,
    sync,
    told,
    listen: () => sync.onChange((progress) => told.push(progress)),
    /** Changes the status and lets the poll see it. */
    next: async (change: Partial<SyncStatus> = {}) => {
      status = { ...status, ...change }
      await clock.advance(1_000)
    },
  }
}

const at = (currentBlock: bigint, highestBlock = 9n): SyncProgress => ({
  startingBlock: 3n,
  currentBlock,
  highestBlock,
})

describe('sync as JSON-RPC tells it', () => {
  it('is nothing unless the node catches up', () => {
    expect(open().sync.progress()).toBeUndefined()
    expect(open({ syncing: true }).sync.progress()).toEqual(at(5n))
    expect(neverSyncing.progress()).toBeUndefined()
  })

  it('is told when it begins, moves and ends, and not in between', async () => {
    const { told, listen, next } = open()
    listen()
    await next()
    await next({ syncing: true })
    await next()
    await next({ currentHeight: 7 })
    await next({ highestHeight: 12 })
    await next({ syncing: false })
    await next({ currentHeight: 12 })
    expect(told).toEqual([at(5n), at(7n), at(7n, 12n), undefined])
  })

  it('is not told again to one that came while it went on', async () => {
    const { told, listen, next } = open({ syncing: true })
    listen()
    await next()
    expect(told).toEqual([])
  })

  it('is not told after the end of the subscription', async () => {
    const { clock, told, listen, next } = open()
    const cancel = listen()
    await next({ syncing: true })
    cancel()
    await next({ currentHeight: 8 })
    expect(told).toEqual([at(5n)])
    expect(clock.pendingTimers).toBe(0)
  })
})
