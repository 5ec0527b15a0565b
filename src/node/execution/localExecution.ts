import { createTxFromRLP, type TypedTransaction } from '@ethereumjs/tx'
import type { Cancellation, TransactionTimer } from '../../execution/cancellation.ts'
import { Chain } from '../../execution/chain.ts'
import type { TransactionSource } from '../../execution/executor.ts'
import type { BuildRequest, BuiltBlock, ExecutionPort, OfferedTransaction } from '../../execution/ports.ts'
import type { Certificate } from '../../ledger/certificate.ts'
import { decodeEnvelope, encodeEnvelope } from '../../ledger/envelope.ts'
import { type Address, bytesToHex, type Hash } from '../../primitives/hex.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { KvReader, KvStore } from '../../storage/kv.ts'
import { nextPrioritiesOps } from './priorities.ts'

export interface LocalExecutionModules {
  readonly chain: Chain
  readonly kv: KvReader
  readonly clock: Clock
}

/** Opens the chain of a store, to be executed in this thread. Fails as `Chain.open` does. */
export async function openLocalExecution(
  options: Parameters<typeof Chain.open>[0],
  modules: { kv: KvStore; clock: Clock; logger: Logger },
): Promise<{ chain: Chain; execution: LocalExecution }> {
  const chain = await Chain.open(options, modules)
  return { chain, execution: new LocalExecution({ ...modules, chain }) }
}

/**
 * Execution in this thread: what the execution thread runs, and what a node without one does. Everything else in a
 * thread waits while it runs.
 */
export class LocalExecution implements ExecutionPort {
  readonly #modules: LocalExecutionModules
  #isInterrupted = false

  constructor(modules: LocalExecutionModules) {
    this.#modules = modules
  }

  async build(request: BuildRequest, signal: Cancellation): Promise<BuiltBlock> {
    const { chain, clock } = this.#modules
    const { feeRecipient, reveal, timestamp, parentCertificate } = request
    const offer = new Offer(request, chain.spec.common)
    let deadlineMs: number | undefined
    const timer = new OfferTimer(offer, clock)
    const candidate = await chain.build(
      {
        ...{ feeRecipient, reveal, timestamp, transactions: offer },
        isTimeUp: () => {
          const nowMs = clock.nowMs()
          deadlineMs ??= nowMs + request.budgetMs
          return nowMs >= deadlineMs + timer.pardonedMs
        },
        timer,
        signal: this.#orInterrupted(signal),
      },
      parentCertificate,
    )
    return {
      blockHash: candidate.blockHash,
      envelope: encodeEnvelope(candidate.envelope),
      faulty: offer.faulty,
      slow: offer.slow,
    }
  }

  async validate(envelope: Uint8Array, signal: Cancellation): Promise<void> {
    await this.#modules.chain.validate(decodeEnvelope(envelope), this.#orInterrupted(signal))
  }

  async commit(envelope: Uint8Array, certificate: Certificate, signal?: Cancellation): Promise<void> {
    const { chain, kv } = this.#modules
    await chain.commit(
      decodeEnvelope(envelope),
      certificate,
      (nextSet) => nextPrioritiesOps(kv, chain.head, nextSet),
      this.#orInterrupted(signal),
    )
  }

  interrupt(): void {
    this.#isInterrupted = true
  }

  async close(): Promise<void> {
    this.interrupt()
    await this.#modules.chain.close()
  }

  #orInterrupted(signal: Cancellation | undefined): Cancellation {
    const isInterrupted = () => this.#isInterrupted
    return {
      get aborted() {
        return isInterrupted() || signal?.aborted === true
      },
    }
  }
}

/** The transactions of a request, decoded one by one as the builder comes to them. */
class Offer implements TransactionSource {
  readonly faulty: Hash[] = []
  readonly slow: Hash[] = []
  readonly #request: BuildRequest
  readonly #common: Chain['spec']['common']
  readonly #skippedSenders = new Set<Address>()
  #position = 0
  #included = 0
  #last: { readonly hash: Hash; readonly sender: Address; readonly timeMs: number | undefined } | undefined

  constructor(request: BuildRequest, common: Chain['spec']['common']) {
    this.#request = request
    this.#common = common
  }

  next(): TypedTransaction | undefined {
    const { transactions, mostTransactions = Number.POSITIVE_INFINITY } = this.#request
    while (this.#included < mostTransactions) {
      const offered = transactions[this.#position++]
      if (offered === undefined) return undefined
      const tx = decodeOffered(offered, this.#common)
      const sender: Address = bytesToHex(tx.getSenderAddress().bytes)
      if (this.#skippedSenders.has(sender)) continue
      this.#last = { hash: offered.hash, sender, timeMs: offered.timeMs }
      this.#included++
      return tx
    }
    return undefined
  }

  skip(reason: { readonly code: string }): void {
    if (this.#last === undefined) return
    this.#included--
    this.#skippedSenders.add(this.#last.sender)
    if (reason.code === 'TX_FAULT') this.faulty.push(this.#last.hash)
    if (reason.code === 'TX_TOO_SLOW') this.slow.push(this.#last.hash)
  }

  /** Of the transaction given last. */
  get timeMs(): number | undefined {
    return this.#last?.timeMs
  }
}

/** Holds each transaction of an offer to its time. */
class OfferTimer implements TransactionTimer {
  readonly #offer: Offer
  readonly #clock: Clock
  #beganMs = 0
  #pardonedMs = 0

  constructor(offer: Offer, clock: Clock) {
    this.#offer = offer
    this.#clock = clock
  }

  /** What the first transaction that was too slow took. */
  get pardonedMs(): number {
    return this.#pardonedMs
  }

  begin(): void {
    if (this.#offer.timeMs !== undefined) this.#beganMs = this.#clock.nowMs()
  }

  isOver(): boolean {
    const { timeMs } = this.#offer
    if (timeMs === undefined) return false
    const tookMs = this.#clock.nowMs() - this.#beganMs
    if (tookMs < timeMs) return false
    if (this.#offer.slow.length === 0) this.#pardonedMs = tookMs
    return true
  }
}

function decodeOffered({ bytes, senderKey }: OfferedTransaction, common: Chain['spec']['common']) {
  const tx = createTxFromRLP(bytes, { common })
  tx.cache.senderPubKey = senderKey
  return tx
}
