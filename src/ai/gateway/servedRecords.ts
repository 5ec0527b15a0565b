import { limits } from '../../config/limits.ts'
import { NodeError } from '../../errors/errors.ts'
import { bytesToUtf8, utf8ToBytes } from '../../primitives/bytes.ts'
import type { Address, Hash } from '../../primitives/hex.ts'
import { asBigInt, asBytes, asInt, asList, decodeRlp, encodeRlp, fromInt } from '../../primitives/rlp.ts'
import { decodeEvidence, encodeEvidence } from '../receipts/evidence.ts'
import type { DurableMap, Evidence } from '../receipts/ports.ts'
import type { Prediction } from './ports.ts'

/** One answer that was given, with all that an auditor may ask for. */
export interface ServedRecord extends Evidence {
  readonly receiptId: Hash
  readonly predictions: readonly Prediction[]
  /** What the chain will take, as far as this host sees. */
  readonly feeWei: bigint
}

/** What of a record stays in memory. */
export interface ServedEntry {
  readonly receiptId: Hash
  readonly requester: Address
  readonly feeWei: bigint
  /** Last block in which it settles. */
  readonly deadlineBlock: number
  isSettled: boolean
  /** When it was last handed to other nodes; zero before. */
  publishedMs: number
}

const VERSION = 1
/** Evidence, and the answer for people: at most as large as the output allows, with room for labels. */
const RECORD_BYTES = limits.evidenceBytes + 128 * 1024

/**
 * Answers that this host has given and whose receipts have not ended, on disk before the answer leaves. They are what
 * makes the same request give the same answer, what is published until it settles, and what auditors get.
 */
export class ServedRecords {
  readonly #store: DurableMap
  readonly #entries = new Map<Hash, ServedEntry>()

  private constructor(store: DurableMap) {
    this.#store = store
  }

  /** DATA_CORRUPT when a record is not what was written. */
  static async open(store: DurableMap): Promise<ServedRecords> {
    const records = new ServedRecords(store)
    for await (const { key, value } of store.entries()) records.#index(decodeRecord(key as Hash, value))
    return records
  }

  get size(): number {
    return this.#entries.size
  }

  has(receiptId: Hash): boolean {
    return this.#entries.has(receiptId)
  }

  get(receiptId: Hash): ServedRecord | undefined {
    if (!this.#entries.has(receiptId)) return undefined
    const value = this.#store.get(receiptId)
    return value && decodeRecord(receiptId, value)
  }

  entry(receiptId: Hash): ServedEntry | undefined {
    return this.#entries.get(receiptId)
  }

  /** The one published longest ago first. */
  unsettled(): readonly ServedEntry[] {
    return [...this.#entries.values()]
      .filter((entry) => !entry.isSettled)
      .sort((a, b) => a.publishedMs - b.publishedMs)
  }

  entries(): readonly ServedEntry[] {
    return [...this.#entries.values()]
  }

  /** On disk when it resolves. */
  async add(record: ServedRecord): Promise<void> {
    await this.#store.write([{ type: 'put', key: record.receiptId, value: encodeRecord(record) }])
    this.#index(record)
  }

  async remove(receiptIds: readonly Hash[]): Promise<void> {
    const gone = receiptIds.filter((receiptId) => this.#entries.delete(receiptId))
    if (gone.length === 0) return
    await this.#store.write(gone.map((key) => ({ type: 'del', key })))
  }

  #index({ receiptId, receipt, feeWei }: ServedRecord): void {
    const { requester, deadlineBlock } = receipt.request
    this.#entries.set(receiptId, {
      receiptId,
      requester,
      feeWei,
      deadlineBlock: Number(deadlineBlock),
      isSettled: false,
      publishedMs: 0,
    })
  }
}

function encodeRecord(record: ServedRecord): Uint8Array {
  const predictions = utf8ToBytes(JSON.stringify(record.predictions))
  return encodeRlp([fromInt(VERSION), encodeEvidence(record), predictions, fromInt(record.feeWei)])
}

function decodeRecord(receiptId: Hash, bytes: Uint8Array): ServedRecord {
  try {
    const [version, evidence, predictions, feeWei] = asList(decodeRlp(bytes, RECORD_BYTES), 4)
    if (asInt(version) !== VERSION) throw new NodeError('BAD_RLP', 'A record of an unknown version.')
    return {
      receiptId,
      ...decodeEvidence(asBytes(evidence)),
      predictions: JSON.parse(bytesToUtf8(asBytes(predictions))) as Prediction[],
      feeWei: asBigInt(feeWei),
    }
  } catch (error) {
    throw new NodeError('DATA_CORRUPT', `The answer ${receiptId} is not readable.`, { receiptId }, error)
  }
}
