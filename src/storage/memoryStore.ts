import { NodeError } from '../errors/errors.ts'
import type { KvEntry, KvOp, KvRange, KvSnapshot, KvStore } from './kv.ts'

/** One generation of the data. Once a snapshot or an iteration shares it, a write works on a copy. */
interface Table {
  readonly values: Map<string, Uint8Array>
  sortedKeys: readonly string[] | undefined
  isShared: boolean
}

/** A store for tests and the simulator: same order, atomicity and isolation as the one on disk, kept nowhere. */
export class MemoryStore implements KvStore {
  #table: Table = { values: new Map(), sortedKeys: undefined, isShared: false }
  #isOpen = true

  get(key: Uint8Array): Uint8Array | undefined {
    this.#checkOpen()
    return this.#table.values.get(textOf(key))?.slice()
  }

  async write(ops: readonly KvOp[], _options: { readonly sync: boolean }): Promise<void> {
    this.#checkOpen()
    const { values } = this.#writable()
    for (const op of ops) {
      if (op.type === 'put') values.set(textOf(op.key), op.value.slice())
      else values.delete(textOf(op.key))
    }
  }

  async *iterate(range: KvRange): AsyncIterable<KvEntry> {
    this.#checkOpen()
    yield* entriesOf(this.#share(), range)
  }

  snapshot(): KvSnapshot {
    this.#checkOpen()
    const table = this.#share()
    let isOpen = true
    const checkOpen = () => {
      this.#checkOpen()
      if (!isOpen) throw new NodeError('STORAGE_FAILED', 'The snapshot is closed.')
    }
    return {
      get(key) {
        checkOpen()
        return table.values.get(textOf(key))?.slice()
      },
      async *iterate(range) {
        checkOpen()
        yield* entriesOf(table, range)
      },
      async close() {
        isOpen = false
      },
    }
  }

  async close(): Promise<void> {
    this.#isOpen = false
  }

  #checkOpen(): void {
    if (!this.#isOpen) throw new NodeError('STORAGE_FAILED', 'The store is closed.')
  }

  #share(): Table {
    this.#table.isShared = true
    return this.#table
  }

  #writable(): Table {
    const { values, isShared } = this.#table
    if (isShared) this.#table = { values: new Map(values), sortedKeys: undefined, isShared: false }
    else this.#table.sortedKeys = undefined
    return this.#table
  }
}

function* entriesOf(table: Table, range: KvRange): Iterable<KvEntry> {
  table.sortedKeys ??= [...table.values.keys()].sort()
  const keys = table.sortedKeys
  const from = firstAtLeast(keys, textOf(range.gte))
  const to = firstAtLeast(keys, textOf(range.lt))
  const count = Math.min(Math.max(0, to - from), range.limit ?? Number.POSITIVE_INFINITY)
  for (let i = 0; i < count; i++) {
    const key = keys[range.reverse === true ? to - 1 - i : from + i]
    const value = key === undefined ? undefined : table.values.get(key)
    if (key === undefined || value === undefined) return
    yield [Uint8Array.from(Buffer.from(key, 'latin1')), value.slice()]
  }
}

/** Latin-1 text compares as its bytes do. */
function textOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1')
}

function firstAtLeast(sorted: readonly string[], wanted: string): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const key = sorted[middle]
    if (key !== undefined && key < wanted) low = middle + 1
    else high = middle
  }
  return low
}
