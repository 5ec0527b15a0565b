import { expect, test } from 'vitest'
import { isNodeError } from '../../../src/errors/errors.ts'
import { encodeHeight, HEAD_KEY, LAYOUT_KEY, STORAGE_LAYOUT } from '../../../src/storage/keys.ts'
import { ensureLayout } from '../../../src/storage/layout.ts'
import { MemoryStore } from '../../../src/storage/memoryStore.ts'

const unknown = (error: unknown) => isNodeError(error, 'DATA_LAYOUT_UNKNOWN')

test('an empty store is marked with this layout and accepted again', async () => {
  const store = new MemoryStore()
  await ensureLayout(store)
  expect(store.get(LAYOUT_KEY)).toEqual(encodeHeight(STORAGE_LAYOUT))
  await ensureLayout(store)
})

test('a store of another layout is refused and left as it was', async () => {
  const store = new MemoryStore()
  const value = encodeHeight(STORAGE_LAYOUT + 1)
  await store.write([{ type: 'put', key: LAYOUT_KEY, value }], { sync: true })
  await expect(ensureLayout(store)).rejects.toSatisfy(unknown)
  expect(store.get(LAYOUT_KEY)).toEqual(value)
})

test('a store with data and no mark is refused', async () => {
  const store = new MemoryStore()
  await store.write([{ type: 'put', key: HEAD_KEY, value: encodeHeight(1) }], { sync: true })
  await expect(ensureLayout(store)).rejects.toSatisfy(unknown)
})
