import { limits } from '../config/limits.ts'
import { messageOf, NodeError } from '../errors/errors.ts'
import type { GossipPort, Verdict } from '../network/ports.ts'
import { asBytes, asList, decodeRlp, encodeRlp } from '../primitives/rlp.ts'
import type { Cancel, Clock } from '../runtime/clock.ts'
import type { Logger } from '../runtime/logger.ts'
import { yieldToEventLoop } from '../runtime/yield.ts'

export interface ReceiptGossipModules {
  readonly gossip: GossipPort
  /** Judges a receipt; an accepted one is kept. */
  readonly check: (receipt: Uint8Array) => Verdict
  readonly clock: Clock
  readonly logger: Logger
}

/** Bytes that RLP puts before a string or list of the largest message. */
const RLP_HEADER_BYTES = 4

/**
 * Spreads receipts, some at a time, as transactions are: a message costs its signing, its checks and its forwarding
 * whatever its size. A message is an RLP list of encoded receipts.
 */
export class ReceiptGossip {
  readonly #modules: ReceiptGossipModules
  #waiting: Uint8Array[] = []
  #waitingBytes = 0
  #cancelTimer: Cancel | undefined

  constructor(modules: ReceiptGossipModules) {
    this.#modules = modules
    modules.gossip.subscribe('receipt', (bytes) => this.#judge(bytes))
  }

  /** Sends it with others, soon. */
  publish(receipt: Uint8Array): void {
    const size = receipt.length + RLP_HEADER_BYTES
    const isFull = this.#waitingBytes + size > limits.gossipReceiptsBytes - RLP_HEADER_BYTES
    if (isFull || this.#waiting.length >= limits.gossipReceiptsBatch) this.#flush()
    this.#waiting.push(receipt)
    this.#waitingBytes += size
    this.#cancelTimer ??= this.#modules.clock.after(limits.gossipReceiptsWaitMs, () => this.#flush())
  }

  #flush(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    const batch = this.#waiting
    this.#waiting = []
    this.#waitingBytes = 0
    const { gossip, logger } = this.#modules
    gossip.publish('receipt', encodeRlp(batch)).catch((error: unknown) => {
      logger.warn({ receipts: batch.length, error: messageOf(error) }, 'receipts not gossiped')
    })
  }

  /** As with transactions: a batch of which less than half was new goes no further, its new ones travel anew. */
  async #judge(message: Uint8Array): Promise<Verdict> {
    const batch = decodeReceiptBatch(message)
    const accepted: Uint8Array[] = []
    for (const [index, receipt] of batch.entries()) {
      if (index > 0 && index % limits.receiptsATurn === 0) await yieldToEventLoop()
      const verdict = this.#modules.check(receipt)
      if (verdict === 'reject') return 'reject'
      if (verdict === 'accept') accepted.push(receipt)
    }
    if (accepted.length > 0 && accepted.length * 2 >= batch.length) return 'accept'
    for (const receipt of accepted) this.publish(receipt)
    return 'ignore'
  }
}

/** The encoded receipts of a gossip message. Errors: BAD_RLP, LIMIT_EXCEEDED. */
export function decodeReceiptBatch(message: Uint8Array): Uint8Array[] {
  const items = asList(decodeRlp(message, limits.gossipReceiptsBytes, limits.gossipReceiptsBatch + 1))
  if (items.length === 0) throw new NodeError('BAD_RLP', 'A batch has a receipt at least.')
  return items.map((item) => asBytes(item))
}
