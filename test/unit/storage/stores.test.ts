import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { isNodeError } from '../../../src/errors/errors.ts'
import { FaultyStore } from '../../../src/storage/faultyStore.ts'
import type { KvEntry, KvOp, KvRange, KvStore } from '../../../src/storage/kv.ts'
import { LevelStore } from '../../../src/storage/levelStore.ts'
import { MemoryStore } from '../../../src/storage/memoryStore.ts'

const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true })
})

const bytes = (...values: number[]) => Uint8Array.from(values)
const put = (key: Uint8Array, value: Uint8Array): KvOp => ({ type: 'put', key, value })
const del = (key: Uint8Array): KvOp => ({ type: 'del', key })
const all: KvRange = { gte: bytes(0), lt: bytes(0xff) }
const unsynced = { sync: false }

async function collect(entries: AsyncIterable<KvEntry>): Promise<number[][]> {
  const found: number[][] = []
  for await (const [key, value] of entries) found.push([...key, -1, ...value])
  return found
}

const implementations: readonly [string, () => Promise<KvStore>][] = [
  ['MemoryStore', async () => new MemoryStore()],
  ['FaultyStore', async () => new FaultyStore(new MemoryStore())],
  [
    'LevelStore',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'openledger-store-'))
      folders.push(folder)
      return LevelStore.open(folder)
    },
  ],
]

describe.each(implementations)('%s keeps the contract of KvStore:', (_name, open) => {
  let store: KvStore
  beforeEach(async () => {
    store = await open()
    return () => store.close()
  })

  test('a batch puts and deletes, and the later of two ops on a key wins', async () => {
    await store.write([put(bytes(1), bytes(10)), put(bytes(2), bytes(20))], { sync: true })
    await store.write([del(bytes(1)), put(bytes(2), bytes(21)), put(bytes(2), bytes(22))], unsynced)
    await store.write(
      [put(bytes(3), bytes(30)), del(bytes(3)), del(bytes(4)), put(bytes(4), bytes())],
      unsynced,
    )
    expect(store.get(bytes(1))).toBeUndefined()
    expect(store.get(bytes(2))).toEqual(bytes(22))
    expect(store.get(bytes(3))).toBeUndefined()
    expect(store.get(bytes(4))).toEqual(bytes())
  })

  test('values are plain Uint8Arrays that share nothing with what was put', async () => {
    const value = bytes(1, 2, 3)
    await store.write([put(bytes(1), value)], unsynced)
    value[0] = 9
    const read = store.get(bytes(1))
    expect(read?.constructor).toBe(Uint8Array)
    if (read !== undefined) read[1] = 9
    expect(store.get(bytes(1))).toEqual(bytes(1, 2, 3))
  })

  test('writes apply in the order of the calls without waiting in between', async () => {
    const writes: Promise<void>[] = []
    for (let i = 0; i < 50; i++) writes.push(store.write([put(bytes(7), bytes(i))], { sync: i % 10 === 0 }))
    await Promise.all(writes)
    expect(store.get(bytes(7))).toEqual(bytes(49))
  })

  test('the caller may change its bytes once it has called', async () => {
    const key = bytes(1)
    const value = bytes(5)
    const writes = [
      store.write([put(bytes(9), bytes(9))], { sync: true }),
      store.write([put(key, value)], unsynced),
    ]
    key[0] = 2
    value[0] = 6
    await Promise.all(writes)
    expect(store.get(bytes(1))).toEqual(bytes(5))
    expect(store.get(bytes(2))).toBeUndefined()
  })

  test('iteration is in byte order, from gte up to lt, reversed and limited on demand', async () => {
    const keys = [[0x80], [1], [1, 0], [0xfe, 0xff], [2], [0x7f, 0xff]].map((key) => bytes(...key))
    await store.write(
      keys.map((key) => put(key, bytes(key.length))),
      unsynced,
    )
    const order = [[1], [1, 0], [2], [0x7f, 0xff], [0x80], [0xfe, 0xff]].map((key) => [
      ...key,
      -1,
      key.length,
    ])
    expect(await collect(store.iterate(all))).toEqual(order)
    expect(await collect(store.iterate({ ...all, reverse: true }))).toEqual([...order].reverse())
    expect(await collect(store.iterate({ gte: bytes(1, 0), lt: bytes(0x80) }))).toEqual(order.slice(1, 4))
    expect(await collect(store.iterate({ ...all, limit: 2 }))).toEqual(order.slice(0, 2))
    expect(await collect(store.iterate({ ...all, reverse: true, limit: 1 }))).toEqual(order.slice(-1))
    expect(await collect(store.iterate({ gte: bytes(3), lt: bytes(3) }))).toEqual([])
    expect(await collect(store.iterate({ gte: bytes(9), lt: bytes(3) }))).toEqual([])
  })

  test('an iteration does not see writes made while it runs', async () => {
    await store.write([put(bytes(1), bytes(1)), put(bytes(2), bytes(1)), put(bytes(3), bytes(1))], unsynced)
    const seen: number[] = []
    for await (const [key, value] of store.iterate(all)) {
      seen.push(key[0] ?? -1, value[0] ?? -1)
      await store.write([put(bytes(3), bytes(9)), put(bytes(4), bytes(9)), del(bytes(2))], unsynced)
    }
    expect(seen).toEqual([1, 1, 2, 1, 3, 1])
    expect(await collect(store.iterate(all))).toEqual([
      [1, -1, 1],
      [3, -1, 9],
      [4, -1, 9],
    ])
  })

  test('a snapshot is frozen, and refuses to be read once closed', async () => {
    await store.write([put(bytes(1), bytes(1)), put(bytes(2), bytes(2))], unsynced)
    const snapshot = store.snapshot()
    await store.write([put(bytes(1), bytes(9)), del(bytes(2)), put(bytes(3), bytes(9))], unsynced)
    expect(snapshot.get(bytes(1))).toEqual(bytes(1))
    expect(snapshot.get(bytes(3))).toBeUndefined()
    expect(await collect(snapshot.iterate(all))).toEqual([
      [1, -1, 1],
      [2, -1, 2],
    ])
    expect(store.get(bytes(1))).toEqual(bytes(9))
    await snapshot.close()
    expect(() => snapshot.get(bytes(1))).toThrow()
  })

  test('a closed store refuses everything', async () => {
    const closing = await open()
    await closing.close()
    const refused = (error: unknown) => isNodeError(error, 'STORAGE_FAILED')
    expect(() => closing.get(bytes(1))).toThrowError(expect.toSatisfy(refused))
    expect(() => closing.snapshot()).toThrowError(expect.toSatisfy(refused))
    await expect(closing.write([put(bytes(1), bytes(1))], unsynced)).rejects.toSatisfy(refused)
    await expect(collect(closing.iterate(all))).rejects.toSatisfy(refused)
  })
})
