import { limits } from '../../config/limits.ts'
import { isNodeError, NodeError } from '../../errors/errors.ts'
import { epochRecordKey, numberedRange, numberOfKey } from '../../storage/keys.ts'
import type { KvOp, KvStore } from '../../storage/kv.ts'
import { decodeEpochRecord, type EpochRecord, encodeEpochRecord } from './epochRecord.ts'

/** Epoch records on disk; they are never deleted. */
export class EpochStore {
  readonly #kv: KvStore
  #latest: number | undefined

  private constructor(kv: KvStore, latest: number | undefined) {
    this.#kv = kv
    this.#latest = latest
  }

  static async open(kv: KvStore): Promise<EpochStore> {
    const range = { ...numberedRange('epochRecord', 0, Number.MAX_SAFE_INTEGER), reverse: true, limit: 1 }
    for await (const [key] of kv.iterate(range)) return new EpochStore(kv, numberOfKey('epochRecord', key))
    return new EpochStore(kv, undefined)
  }

  /** The newest epoch with a record. */
  get latest(): number | undefined {
    return this.#latest
  }

  bytes(epoch: number): Uint8Array | undefined {
    return this.#kv.get(epochRecordKey(epoch))
  }

  record(epoch: number): EpochRecord | undefined {
    const bytes = this.bytes(epoch)
    if (bytes === undefined) return undefined
    try {
      return decodeEpochRecord(bytes)
    } catch (error) {
      if (!isNodeError(error)) throw error
      throw new NodeError('DATA_CORRUPT', `The stored record of epoch ${epoch} is malformed.`, {}, error)
    }
  }

  /** Records from an epoch up without a gap, as many as fit an answer; always the first if it is there. */
  range(fromEpoch: number, count: number): readonly Uint8Array[] {
    const records: Uint8Array[] = []
    let bytes = 0
    for (let epoch = fromEpoch; records.length < Math.min(count, limits.epochRangeRecords); epoch++) {
      const record = this.bytes(epoch)
      if (record === undefined) break
      bytes += record.length
      if (records.length > 0 && bytes > limits.epochRangeBytes) break
      records.push(record)
    }
    return records
  }

  /** Need not be synced: a record that is lost is made again. */
  async put(records: readonly EpochRecord[]): Promise<void> {
    await this.#kv.write(records.map(putEpochRecord), { sync: false })
    for (const { epoch } of records) this.#latest = Math.max(epoch, this.#latest ?? 0)
  }
}

export function putEpochRecord(record: EpochRecord): KvOp {
  return { type: 'put', key: epochRecordKey(record.epoch), value: encodeEpochRecord(record) }
}
