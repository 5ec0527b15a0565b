import { NodeError } from '../errors/errors.ts'
import { encodeHeight, LAYOUT_KEY, STORAGE_LAYOUT } from './keys.ts'
import type { KvStore } from './kv.ts'

/** Marks an empty store with this layout; refuses a store that another layout wrote (DATA_LAYOUT_UNKNOWN). */
export async function ensureLayout(store: KvStore): Promise<void> {
  const expected = encodeHeight(STORAGE_LAYOUT)
  const found = store.get(LAYOUT_KEY)
  if (found !== undefined && Buffer.compare(found, expected) === 0) return
  if (found !== undefined || !(await isEmpty(store))) {
    throw new NodeError(
      'DATA_LAYOUT_UNKNOWN',
      `The data folder was written by another version of openledger; this one reads layout ${STORAGE_LAYOUT}.`,
      { expected: STORAGE_LAYOUT },
    )
  }
  await store.write([{ type: 'put', key: LAYOUT_KEY, value: expected }], { sync: true })
}

async function isEmpty(store: KvStore): Promise<boolean> {
  for await (const _entry of store.iterate({ gte: Uint8Array.of(0), lt: Uint8Array.of(0xff), limit: 1 })) {
    return false
  }
  return true
}
