import { messageOf } from '../../errors/errors.ts'
import type { Address, Hash } from '../../primitives/hex.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { ReceiptMetrics, TransactionRequest, TransactionSender } from './ports.ts'

export interface OutboxModules {
  readonly sender: TransactionSender
  readonly metrics: ReceiptMetrics
  readonly logger: Logger
}

/** Sends calls that may fail to be taken: a refusal is counted and logged, and the work stays due. */
export class Outbox {
  readonly #modules: OutboxModules

  constructor(modules: OutboxModules) {
    this.#modules = modules
  }

  get address(): Address {
    return this.#modules.sender.address
  }

  /** The transaction's hash, or undefined when the pool refused it. */
  send(work: string, request: TransactionRequest): Hash | undefined {
    const { sender, metrics, logger } = this.#modules
    try {
      const hash = sender.send(request)
      metrics.count('transactions_sent', { work })
      logger.debug({ work, hash }, 'transaction sent')
      return hash
    } catch (error) {
      metrics.count('transactions_refused', { work })
      logger.warn({ work, error: messageOf(error) }, 'a transaction was refused')
      return undefined
    }
  }
}
