import { describe, expect, test } from 'vitest'
import { isNodeError } from '../../../src/errors/errors.ts'
import { FaultyStore, faultAt, type WriteFault } from '../../../src/storage/faultyStore.ts'
import { MemoryStore } from '../../../src/storage/memoryStore.ts'

const key = Uint8Array.of(1)
const other = Uint8Array.of(2)
const refused = (error: unknown) => isNodeError(error, 'STORAGE_FAILED')

function write(store: FaultyStore, value: number, sync = true): Promise<void> {
  return store.write([{ type: 'put', key, value: Uint8Array.of(value) }], { sync })
}

/** `pending` when nothing happened within the turns of the event loop that a memory store needs. */
async function outcome(promise: Promise<void>): Promise<'done' | 'pending' | 'failed'> {
  const turns = async () => {
    for (let i = 0; i < 20; i++) await Promise.resolve()
    return 'pending' as const
  }
  return Promise.race([promise.then(() => 'done' as const).catch(() => 'failed' as const), turns()])
}

describe('FaultyStore', () => {
  test.each<[WriteFault, 'done' | 'pending' | 'failed', number]>([
    ['none', 'done', 2],
    ['fail', 'failed', 1],
    ['fail-written', 'failed', 2],
    ['stop', 'pending', 1],
    ['stop-written', 'pending', 2],
  ])('fault %s: the caller sees %s and the store holds %i', async (fault, expected, value) => {
    const store = new FaultyStore(new MemoryStore(), faultAt(2, fault))
    await write(store, 1)
    expect(await outcome(write(store, 2))).toBe(expected)
    expect(store.get(key)).toEqual(Uint8Array.of(value))
    expect(store.writes).toBe(2)
  })

  test('a failed write does not hinder the next', async () => {
    const store = new FaultyStore(new MemoryStore(), faultAt(1, 'fail'))
    await expect(write(store, 1)).rejects.toSatisfy(refused)
    await write(store, 2)
    expect(store.get(key)).toEqual(Uint8Array.of(2))
  })

  test('after a stop nothing is written until the restart', async () => {
    const store = new FaultyStore(new MemoryStore(), faultAt(2, 'stop'))
    await write(store, 1)
    expect(await outcome(write(store, 2))).toBe('pending')
    expect(await outcome(write(store, 3))).toBe('pending')
    expect(store.isStopped).toBe(true)
    await store.whenStopped()
    await store.restart()
    expect(await outcome(store.whenStopped())).toBe('pending')
    expect(store.get(key)).toEqual(Uint8Array.of(1))
    await write(store, 4)
    expect(store.get(key)).toEqual(Uint8Array.of(4))
  })

  test.each([
    [0, [1, undefined]],
    [1, [2, undefined]],
    [2, [undefined, 5]],
    [9, [3, 6]],
  ])('a power cut that keeps %i unsynced writes leaves that prefix of them', async (kept, expected) => {
    const store = new FaultyStore(new MemoryStore())
    await write(store, 0, false)
    await write(store, 1)
    await write(store, 2, false)
    await store.write(
      [
        { type: 'del', key },
        { type: 'put', key: other, value: Uint8Array.of(5) },
      ],
      { sync: false },
    )
    await store.write(
      [
        { type: 'put', key, value: Uint8Array.of(9) },
        { type: 'put', key, value: Uint8Array.of(3) },
        { type: 'put', key: other, value: Uint8Array.of(6) },
      ],
      { sync: false },
    )
    await store.restart(kept)
    expect([store.get(key)?.[0], store.get(other)?.[0]]).toEqual(expected)
  })

  test('a synced write makes the writes before it durable', async () => {
    const store = new FaultyStore(new MemoryStore())
    await write(store, 1, false)
    await store.write([{ type: 'put', key: other, value: Uint8Array.of(2) }], { sync: true })
    await store.restart()
    expect(store.get(key)).toEqual(Uint8Array.of(1))
  })

  test('a plan sees number, ops and sync of each write', async () => {
    const seen: unknown[] = []
    const store = new FaultyStore(new MemoryStore())
    await write(store, 1)
    store.setPlan(({ number, ops, sync }) => {
      seen.push([number, ops.length, sync])
      return 'none'
    })
    await write(store, 2, false)
    expect(seen).toEqual([[2, 1, false]])
  })
})
