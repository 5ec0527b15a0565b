import { limits } from '../config/limits.ts'
import { isNodeError, messageOf, NodeError } from '../errors/errors.ts'
import type { Mempool } from '../mempool/mempool.ts'
import type { GossipPort, Verdict } from '../network/ports.ts'
import { asBytes, asList, decodeRlp, encodeRlp } from '../primitives/rlp.ts'
import type { Cancel, Clock } from '../runtime/clock.ts'
import type { Logger } from '../runtime/logger.ts'
import { yieldToEventLoop } from '../runtime/yield.ts'

export interface TransactionGossipModules {
  readonly mempool: Mempool
  readonly gossip: GossipPort
  readonly clock: Clock
  readonly logger: Logger
}

/** Codes of transactions that no honest peer forwards, whatever head it is on. */
const NEVER_VALID = new Set([
  'BAD_RLP',
  'LIMIT_EXCEEDED',
  'TX_TYPE_REFUSED',
  'TX_WRONG_CHAIN',
  'BAD_SIGNATURE',
])

/** Bytes that RLP puts before a string or list of the largest message. */
const RLP_HEADER_BYTES = 5

/**
 * Spreads the pool's transactions, some at a time: a message is signed, checked and forwarded at a cost that does not
 * depend on its size. A message is an RLP list of encoded transactions.
 */
export class TransactionGossip {
  readonly #modules: TransactionGossipModules
  readonly #undo: (() => void)[] = []
  #waiting: Uint8Array[] = []
  #waitingBytes = 0
  #cancelTimer: Cancel | undefined
  /** Set while a batch goes into the pool that gossip itself hands on. */
  #isForwarded = false

  constructor(modules: TransactionGossipModules) {
    this.#modules = modules
  }

  start(): void {
    const { gossip, mempool } = this.#modules
    this.#undo.push(
      gossip.subscribe('tx', (bytes) => this.#judge(bytes)),
      mempool.subscribe((event) => {
        if (event.type !== 'pending' || this.#isForwarded) return
        for (const { bytes } of event.transactions) this.#enqueue(bytes)
      }),
    )
  }

  stop(): void {
    for (const undo of this.#undo.splice(0)) undo()
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    this.#waiting = []
    this.#waitingBytes = 0
  }

  #enqueue(bytes: Uint8Array): void {
    const size = bytes.length + RLP_HEADER_BYTES
    const isFull = this.#waitingBytes + size > limits.gossipTransactionsBytes - RLP_HEADER_BYTES
    if (isFull || this.#waiting.length >= limits.gossipTransactionsBatch) this.#flush()
    this.#waiting.push(bytes)
    this.#waitingBytes += size
    this.#cancelTimer ??= this.#modules.clock.after(limits.gossipTransactionsWaitMs, () => this.#flush())
  }

  #flush(): void {
    const { gossip, logger } = this.#modules
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    const batch = this.#waiting
    this.#waiting = []
    this.#waitingBytes = 0
    gossip.publish('tx', encodeRlp(batch)).catch((error: unknown) => {
      logger.debug({ transactions: batch.length, error: messageOf(error) }, 'transactions not gossiped')
    })
  }

  /**
   * A batch of which half or more was new here goes on as it is. Of any other the new ones go on in a batch of our
   * own, so that nobody can have the network carry old transactions about by adding a new one.
   */
  async #judge(message: Uint8Array): Promise<Verdict> {
    const batch = decodeTransactionBatch(message)
    const admitted: Uint8Array[] = []
    for (const [index, bytes] of batch.entries()) {
      if (index > 0 && index % limits.transactionsATurn === 0) await yieldToEventLoop()
      const outcome = this.#admit(bytes)
      if (outcome === 'reject') return 'reject'
      if (outcome === 'accept') admitted.push(bytes)
    }
    if (admitted.length > 0 && admitted.length * 2 >= batch.length) return 'accept'
    for (const bytes of admitted) this.#enqueue(bytes)
    return 'ignore'
  }

  #admit(bytes: Uint8Array): Verdict {
    this.#isForwarded = true
    try {
      this.#modules.mempool.add(bytes)
      return 'accept'
    } catch (error) {
      if (!isNodeError(error)) throw error
      return NEVER_VALID.has(error.code) ? 'reject' : 'ignore'
    } finally {
      this.#isForwarded = false
    }
  }
}

/** The encoded transactions of a gossip message. Errors: BAD_RLP, LIMIT_EXCEEDED. */
export function decodeTransactionBatch(message: Uint8Array): Uint8Array[] {
  const items = asList(decodeRlp(message, limits.gossipTransactionsBytes, limits.gossipTransactionsBatch + 1))
  if (items.length === 0 || items.length > limits.gossipTransactionsBatch) {
    throw new NodeError('LIMIT_EXCEEDED', `A batch has 1 to ${limits.gossipTransactionsBatch} transactions.`)
  }
  return items.map((item) => asBytes(item))
}
