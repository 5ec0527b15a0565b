import { limits } from '../../config/limits.ts'
import { isNodeError, messageOf } from '../../errors/errors.ts'
import { bytesToHex, type Hash, ZERO_HASH } from '../../primitives/hex.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { Random } from '../../runtime/random.ts'
import type { AuditorRecords, RoundKind, VerdictBatch } from './auditorRecords.ts'
import { commitAppealCall, commitAuditCall, revealAppealCall, revealAuditCall } from './calls.ts'
import { SALT_BYTES, type SealedVerdict } from './commitments.ts'
import type { LocatedEvent } from './events.ts'
import { checkEvidence } from './evidence.ts'
import {
  commitsClosed,
  type OpenAudit,
  type OpenReceipt,
  type Round,
  type Seat,
  verdicts,
} from './openReceipt.ts'
import type { Outbox } from './outbox.ts'
import type {
  AuditEngine,
  BlockFollower,
  Evidence,
  EvidenceSource,
  HeadReader,
  ReceiptMetrics,
  RowComparison,
} from './ports.ts'
import type { Tracker } from './tracker.ts'
import type { ReceiptDomain } from './typedData.ts'
import { UnderWay } from './underWay.ts'
import { verdictOf } from './verdict.ts'
import type { ReceiptViews } from './views.ts'

export interface AuditorModules {
  readonly tracker: Tracker
  readonly views: ReceiptViews
  readonly records: AuditorRecords
  readonly evidence: EvidenceSource
  readonly engine: AuditEngine
  readonly compareRows: RowComparison
  readonly outbox: Outbox
  readonly head: HeadReader
  readonly random: Random
  readonly metrics: ReceiptMetrics
  readonly logger: Logger
}

/** A receipt that this node has a seat in the audit of, or a vote in the appeal. */
interface Duty {
  readonly receipt: OpenReceipt
  readonly audit: OpenAudit
  readonly kind: RoundKind
  readonly round: Round
  readonly seat: Seat
}

const commitKey = (kind: RoundKind, receiptId: Hash) => `commit/${kind}/${receiptId}`
const revealKey = (commitment: Hash) => `reveal/${commitment}`
/** A host is called unavailable only when this share of the commit window is left, and this many blocks at least. */
const LAST_PART = 4
const LAST_BLOCKS = 2

/**
 * Audits the receipts whose committees name this node, and those of whose appeals it is an elector: gets the evidence
 * from the host, runs the answer again, commits to the verdicts, one commitment for many receipts, and opens it when all
 * have committed. What it has found in an audit it says in the appeal too.
 */
export class Auditor implements BlockFollower {
  readonly #domain: ReceiptDomain
  readonly #modules: AuditorModules
  readonly #underWay = new UnderWay()
  readonly #running = new Map<Hash, Promise<void>>()
  /** How often the host gave no evidence, at different blocks. */
  readonly #failures = new Map<Hash, number>()
  /** The height at which an audit was last tried: once a block, so that a host gets time to come back. */
  readonly #triedAt = new Map<Hash, number>()
  readonly #stopping = new AbortController()

  constructor(options: { domain: ReceiptDomain }, modules: AuditorModules) {
    this.#domain = options.domain
    this.#modules = modules
  }

  /** Call it once the tracker is loaded: forgets what ended while the node was down. */
  async start(): Promise<void> {
    const { records, tracker } = this.#modules
    await records.remove(records.receiptIds().filter((receiptId) => tracker.receipt(receiptId) === undefined))
  }

  /** Resolves when no audit runs any more. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.idle()
  }

  /** Resolves when the audits that run now are done. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running.values())
  }

  async follow(events: readonly LocatedEvent[]): Promise<void> {
    const ended: Hash[] = []
    for (const { event } of events) if (event.type === 'ended') ended.push(event.receiptId)
    await this.#modules.records.remove(ended)
  }

  async act(): Promise<void> {
    const { head, tracker } = this.#modules
    for (const receiptId of this.#triedAt.keys()) {
      if (tracker.receipt(receiptId) !== undefined) continue
      this.#triedAt.delete(receiptId)
      this.#failures.delete(receiptId)
    }
    this.#underWay.advance(head.height)
    const nextBlock = head.height + 1
    const duties = this.#duties()
    await this.#audit(duties, nextBlock)
    await this.#commit(duties, nextBlock)
    this.#reveal(duties, nextBlock)
  }

  #duties(): ReadonlyMap<Hash, Duty> {
    const { tracker, outbox } = this.#modules
    const duties = new Map<Hash, Duty>()
    for (const receipt of tracker.receipts()) {
      const { audit, appeal } = receipt
      const round = appeal ?? audit
      const seat = round?.seats.find(({ auditor }) => auditor === outbox.address)
      if (audit === undefined || round === undefined || seat === undefined) continue
      const kind = appeal === undefined ? 'audit' : 'appeal'
      duties.set(receipt.facts.receiptId, { receipt, audit, kind, round, seat })
    }
    return duties
  }

  /** Starts audits of receipts without a verdict, some at a time; gives up on hosts that gave nothing. */
  async #audit(duties: ReadonlyMap<Hash, Duty>, nextBlock: number): Promise<void> {
    const { records, head } = this.#modules
    const failuresOf = (receiptId: Hash) => this.#failures.get(receiptId) ?? 0
    // a host that does not answer must not hold up the audits of others
    const inTurn = [...duties].sort(([a], [b]) => failuresOf(a) - failuresOf(b))
    for (const [receiptId, duty] of inTurn) {
      const isOver = duty.seat.commitment !== undefined || nextBlock > duty.round.commitEndBlock
      if (isOver || this.#running.has(receiptId) || records.verdict(receiptId) !== undefined) continue
      if (this.#isUnavailable(receiptId, duty.round, nextBlock)) {
        await records.addVerdict({ receiptId, verdict: verdicts.unavailable, digest: ZERO_HASH })
        continue
      }
      const isTried = this.#triedAt.get(receiptId) === head.height
      if (isTried || this.#running.size >= limits.auditsRunning) continue
      this.#triedAt.set(receiptId, head.height)
      this.#running.set(receiptId, this.#runThenNext(receiptId, duty))
    }
  }

  /** The next audit begins when one is done, and need not wait for a block. */
  async #runThenNext(receiptId: Hash, duty: Duty): Promise<void> {
    await this.#run(duty)
    this.#running.delete(receiptId)
    if (!this.#stopping.signal.aborted) await this.#audit(this.#duties(), this.#modules.head.height + 1)
  }

  #isUnavailable(receiptId: Hash, round: Round, nextBlock: number): boolean {
    if ((this.#failures.get(receiptId) ?? 0) < limits.evidenceAttempts) return false
    const window = round.commitEndBlock - round.openedBlock
    return nextBlock >= round.commitEndBlock - Math.max(LAST_BLOCKS, Math.floor(window / LAST_PART))
  }

  /** Never rejects: a failure is noted, and the audit is tried again at a later block. */
  async #run({ receipt, audit }: Duty): Promise<void> {
    const { records, metrics, logger } = this.#modules
    const { receiptId } = receipt.facts
    try {
      const evidence = await this.#evidenceOf(receipt)
      if (evidence === undefined) return
      const found = await this.#examine(evidence, audit)
      metrics.count('audits_done')
      await records.addVerdict({ receiptId, ...found })
      logger.debug({ receiptId, verdict: found.verdict }, 'a receipt is audited')
    } catch (error) {
      if (this.#stopping.signal.aborted) return
      metrics.count('audits_failed')
      logger.warn({ receiptId, error: messageOf(error) }, 'an audit failed here; it is tried again')
    }
  }

  async #evidenceOf({ facts, host }: OpenReceipt): Promise<Evidence | undefined> {
    const { views, evidence: source, logger } = this.#modules
    const { receiptId } = facts
    const endpoint = views.host(host)?.endpoint ?? ''
    try {
      const evidence = await source.fetch(endpoint, receiptId, this.#stopping.signal)
      checkEvidence(this.#domain, facts, evidence)
      return evidence
    } catch (error) {
      if (this.#stopping.signal.aborted) return undefined
      this.#failures.set(receiptId, (this.#failures.get(receiptId) ?? 0) + 1)
      logger.warn({ receiptId, host, error: messageOf(error) }, 'a host gave no evidence')
      return undefined
    }
  }

  async #examine(
    evidence: Evidence,
    { auditSeed }: OpenAudit,
  ): Promise<{ readonly verdict: number; readonly digest: Hash }> {
    const { engine, compareRows } = this.#modules
    const { adapterId, adapterVersion } = evidence.receipt.request
    const { input, output } = evidence
    try {
      const job = { adapterId, adapterVersion, input, output, auditSeed }
      const own = await engine.reexecute(job, this.#stopping.signal)
      return { verdict: verdictOf(evidence, own, compareRows), digest: own.digest }
    } catch (error) {
      if (!isNodeError(error, 'BAD_RECEIPT')) throw error
      // no answer of this adapter at all
      return { verdict: verdicts.outputMismatch, digest: ZERO_HASH }
    }
  }

  /** Commits to the verdicts that are there. Those of one commitment share their windows, so that they open together. */
  async #commit(duties: ReadonlyMap<Hash, Duty>, nextBlock: number): Promise<void> {
    const { records } = this.#modules
    const isDue = (kind: RoundKind, receiptId: Hash) => {
      const duty = duties.get(receiptId)
      if (duty?.kind !== kind || this.#underWay.has(commitKey(kind, receiptId))) return false
      return duty.seat.commitment === undefined && nextBlock <= duty.round.commitEndBlock
    }
    // first those whose commitment was made and has not reached the chain
    for (const batch of records.batches()) {
      if (batch.verdicts.every(({ receiptId }) => isDue(batch.kind, receiptId))) this.#sendCommitment(batch)
    }
    const groups = new Map<string, { readonly kind: RoundKind; readonly list: SealedVerdict[] }>()
    for (const [receiptId, { kind, round }] of duties) {
      const verdict = records.verdict(receiptId)
      if (verdict === undefined || !isDue(kind, receiptId)) continue
      const key = `${kind}/${round.commitEndBlock}/${round.revealEndBlock}`
      const group = groups.get(key) ?? { kind, list: [] }
      group.list.push(verdict)
      groups.set(key, group)
    }
    for (const { kind, list } of groups.values()) {
      for (let from = 0; from < list.length; from += limits.auditsPerCommit) {
        const salt = bytesToHex(this.#modules.random.bytes(SALT_BYTES))
        const part = list.slice(from, from + limits.auditsPerCommit)
        this.#sendCommitment(await records.addBatch(kind, part, salt))
      }
    }
  }

  #sendCommitment({ kind, commitment, verdicts: list }: VerdictBatch): void {
    const { outbox, head } = this.#modules
    const receiptIds = list.map(({ receiptId }) => receiptId)
    const sent =
      kind === 'audit'
        ? outbox.send('commitAudit', commitAuditCall(receiptIds, commitment))
        : outbox.send('commitAppeal', commitAppealCall(receiptIds, commitment))
    if (sent === undefined) return
    for (const receiptId of receiptIds) this.#underWay.sent(commitKey(kind, receiptId), head.height)
  }

  #reveal(duties: ReadonlyMap<Hash, Duty>, nextBlock: number): void {
    const { records, outbox, head } = this.#modules
    const mayReveal = (kind: RoundKind, commitment: Hash, receiptId: Hash) => {
      const duty = duties.get(receiptId)
      if (duty?.kind !== kind || duty.seat.commitment !== commitment) return false
      if (duty.seat.verdict !== verdicts.none || nextBlock > duty.round.revealEndBlock) return false
      return commitsClosed(duty.round, nextBlock)
    }
    for (const { kind, commitment, verdicts: list, salt } of records.batches()) {
      if (this.#underWay.has(revealKey(commitment))) continue
      if (!list.every(({ receiptId }) => mayReveal(kind, commitment, receiptId))) continue
      const sent =
        kind === 'audit'
          ? outbox.send('revealAudit', revealAuditCall(list, salt))
          : outbox.send('revealAppeal', revealAppealCall(list, salt))
      if (sent === undefined) return
      this.#underWay.sent(revealKey(commitment), head.height)
    }
  }
}
