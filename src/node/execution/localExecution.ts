import { createTxFromRLP, type TypedTransaction } from '@ethereumjs/tx'
import type { Cancellation } from '../../execution/cancellation.ts'
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
    const candidate = await chain.build(
      {
        ...{ feeRecipient, reveal, timestamp, transactions: offer },
        isTimeUp: () => {
          const nowMs = clock.nowMs()
          deadlineMs ??= nowMs + request.budgetMs
          return nowMs >= deadlineMs
        },
        signal: this.#orInterrupted(signal),
      },
      parentCertificate,
    )
    return {
      blockHash: candidate.blockHash,
      envelope: encodeEnvelope(candidate.envelope),
      faulty: offer.faulty,
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
  readonly #request: BuildRequest
  readonly #common: Chain['spec']['common']
  readonly #skippedSenders = new Set<Address>()
  #position = 0
  #included = 0
  #last: { readonly hash: Hash; readonly sender: Address } | undefined

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
      this.#last = { hash: offered.hash, sender }
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
  }
}

function decodeOffered({ bytes, senderKey }: OfferedTransaction, common: Chain['spec']['common']) {
  const tx = createTxFromRLP(bytes, { common })
  tx.cache.senderPubKey = senderKey
  return tx
}
