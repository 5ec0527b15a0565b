import { nameOfWorkRecordKey, type WorkArea, workRecordKey, workRecordRange } from './keys.ts'
import type { KvStore } from './kv.ts'

export interface WorkRecord {
  readonly key: string
  readonly value: Uint8Array
}

export type WorkRecordOp =
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: string }

/** What one service of this node keeps in the node's store, by name; synced, so that it outlives a crash. */
export class WorkRecords {
  readonly #area: WorkArea
  readonly #kv: KvStore

  constructor(options: { area: WorkArea }, modules: { kv: KvStore }) {
    this.#area = options.area
    this.#kv = modules.kv
  }

  get(key: string): Uint8Array | undefined {
    return this.#kv.get(workRecordKey(this.#area, key))
  }

  async *entries(): AsyncIterable<WorkRecord> {
    for await (const [key, value] of this.#kv.iterate(workRecordRange(this.#area))) {
      yield { key: nameOfWorkRecordKey(key), value }
    }
  }

  /** All or nothing, and on disk when it resolves. */
  write(ops: readonly WorkRecordOp[]): Promise<void> {
    const area = this.#area
    return this.#kv.write(
      ops.map((op) =>
        op.type === 'put'
          ? { type: 'put', key: workRecordKey(area, op.key), value: op.value }
          : { type: 'del', key: workRecordKey(area, op.key) },
      ),
      { sync: true },
    )
  }
}
