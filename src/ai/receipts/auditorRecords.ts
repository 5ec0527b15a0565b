import { limits } from '../../config/limits.ts'
import { NodeError } from '../../errors/errors.ts'
import type { Address, Hash } from '../../primitives/hex.ts'
import { asHash, asInt, asList, decodeRlp, encodeRlp, fromHex, fromInt } from '../../primitives/rlp.ts'
import { type SealedVerdict, verdictCommitment, voteCommitment } from './commitments.ts'
import type { DurableMap, StoreOp } from './ports.ts'

/** What an auditor has a voice in; each has commitments of its own. */
export type RoundKind = 'audit' | 'appeal'
const KINDS: readonly RoundKind[] = ['audit', 'appeal']

/** Verdicts that were committed together, or were about to be. */
export interface VerdictBatch {
  readonly kind: RoundKind
  readonly commitment: Hash
  readonly verdicts: readonly SealedVerdict[]
  readonly salt: Hash
}

const VERSION = 2
const VERDICT = 'verdict/'
const BATCH = 'batch/'
/** A batch of 64 receipts. */
const RECORD_BYTES = 64 * 80 + 128

/**
 * An auditor's verdicts and commitments, on disk before anything of them is sent: after a crash it can open every
 * commitment that it made, and never gives a second, other verdict on a receipt.
 */
export class AuditorRecords {
  readonly #auditor: Address
  readonly #store: DurableMap
  readonly #verdicts = new Map<Hash, SealedVerdict>()
  readonly #batches = new Map<Hash, VerdictBatch>()

  private constructor(auditor: Address, store: DurableMap) {
    this.#auditor = auditor
    this.#store = store
  }

  /** DATA_CORRUPT when a record is not what was written. */
  static async open(auditor: Address, store: DurableMap): Promise<AuditorRecords> {
    const records = new AuditorRecords(auditor, store)
    for await (const { key, value } of store.entries()) records.#load(key, value)
    return records
  }

  verdict(receiptId: Hash): SealedVerdict | undefined {
    return this.#verdicts.get(receiptId)
  }

  batch(commitment: Hash): VerdictBatch | undefined {
    return this.#batches.get(commitment)
  }

  batches(): readonly VerdictBatch[] {
    return [...this.#batches.values()]
  }

  receiptIds(): readonly Hash[] {
    return [...this.#verdicts.keys()]
  }

  /** Keeps the first verdict on a receipt. LIMIT_EXCEEDED when there are too many. */
  async addVerdict(verdict: SealedVerdict): Promise<void> {
    const { receiptId } = verdict
    if (this.#verdicts.has(receiptId)) return
    if (this.#verdicts.size >= limits.auditRecords) {
      throw new NodeError('LIMIT_EXCEEDED', `At most ${limits.auditRecords} verdicts are kept.`)
    }
    await this.#store.write([{ type: 'put', key: VERDICT + receiptId, value: encodeVerdict(verdict) }])
    this.#verdicts.set(receiptId, verdict)
  }

  /** Makes the commitment to these verdicts, which are in the records. On disk when it resolves. */
  async addBatch(kind: RoundKind, verdicts: readonly SealedVerdict[], salt: Hash): Promise<VerdictBatch> {
    const commitment = commitmentOf(kind, this.#auditor, verdicts, salt)
    const batch = { kind, commitment, verdicts, salt }
    await this.#store.write([{ type: 'put', key: BATCH + commitment, value: encodeBatch(batch) }])
    this.#batches.set(commitment, batch)
    return batch
  }

  /** Forgets receipts that have ended, and batches in which all have. */
  async remove(receiptIds: readonly Hash[]): Promise<void> {
    const gone = receiptIds.filter((receiptId) => this.#verdicts.delete(receiptId))
    if (gone.length === 0) return
    const ops: StoreOp[] = gone.map((receiptId) => ({ type: 'del', key: VERDICT + receiptId }))
    for (const { commitment, verdicts } of this.#batches.values()) {
      if (verdicts.some(({ receiptId }) => this.#verdicts.has(receiptId))) continue
      this.#batches.delete(commitment)
      ops.push({ type: 'del', key: BATCH + commitment })
    }
    await this.#store.write(ops)
  }

  #load(key: string, value: Uint8Array): void {
    try {
      if (key.startsWith(VERDICT)) {
        const verdict = decodeVerdict(value)
        this.#verdicts.set(verdict.receiptId, verdict)
        return
      }
      const batch = decodeBatch(this.#auditor, value)
      // another key's commitment cannot be opened by this auditor
      if (key === BATCH + batch.commitment) this.#batches.set(batch.commitment, batch)
    } catch (error) {
      throw new NodeError('DATA_CORRUPT', `The auditor's record ${key} is not readable.`, { key }, error)
    }
  }
}

function verdictToRlp({ receiptId, verdict, digest }: SealedVerdict) {
  return [fromHex(receiptId), fromInt(verdict), fromHex(digest)]
}

function verdictFromRlp(item: Parameters<typeof asList>[0]): SealedVerdict {
  const [receiptId, verdict, digest] = asList(item, 3)
  return { receiptId: asHash(receiptId), verdict: asInt(verdict, 255), digest: asHash(digest) }
}

function encodeVerdict(verdict: SealedVerdict): Uint8Array {
  return encodeRlp([fromInt(VERSION), verdictToRlp(verdict)])
}

function decodeVerdict(bytes: Uint8Array): SealedVerdict {
  const [version, verdict] = asList(decodeRlp(bytes, RECORD_BYTES), 2)
  checkVersion(asInt(version))
  return verdictFromRlp(verdict)
}

function commitmentOf(
  kind: RoundKind,
  auditor: Address,
  verdicts: readonly SealedVerdict[],
  salt: Hash,
): Hash {
  return (kind === 'audit' ? verdictCommitment : voteCommitment)(auditor, verdicts, salt)
}

function encodeBatch({ kind, verdicts, salt }: VerdictBatch): Uint8Array {
  const number = KINDS.indexOf(kind)
  return encodeRlp([fromInt(VERSION), fromInt(number), verdicts.map(verdictToRlp), fromHex(salt)])
}

function decodeBatch(auditor: Address, bytes: Uint8Array): VerdictBatch {
  const [version, number, list, saltItem] = asList(decodeRlp(bytes, RECORD_BYTES), 4)
  checkVersion(asInt(version))
  const kind = KINDS[asInt(number, KINDS.length - 1)] ?? 'audit'
  const verdicts = asList(list).map(verdictFromRlp)
  const salt = asHash(saltItem)
  return { kind, commitment: commitmentOf(kind, auditor, verdicts, salt), verdicts, salt }
}

function checkVersion(version: number): void {
  if (version !== VERSION) throw new NodeError('BAD_RLP', 'A record of an unknown version.')
}
