import { NodeError } from '../errors/errors.ts'
import type { Chain } from '../execution/chain.ts'
import type { TransactionSource } from '../execution/executor.ts'
import { nextBaseFee, parentHeaderOf } from '../ledger/headerRules.ts'
import { loadJournal, saveJournal } from '../mempool/journal.ts'
import { Mempool } from '../mempool/mempool.ts'
import type { PoolHead } from '../mempool/ports.ts'
import type { PooledTransaction } from '../mempool/transaction.ts'
import type { GossipPort } from '../network/ports.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Service } from '../runtime/lifecycle.ts'
import type { Logger } from '../runtime/logger.ts'
import type { HeadState } from './headState.ts'
import { TransactionGossip } from './transactionGossip.ts'

export interface TransactionPoolModules {
  readonly chain: Chain
  readonly head: HeadState
  readonly clock: Clock
  readonly logger: Logger
  /** Absent in a node without a network. */
  readonly gossip: GossipPort | undefined
  readonly observe?: (outcome: string) => void
}

/** The mempool in its surroundings: it follows the head, is fed and told on by gossip, and survives a restart. */
export class TransactionPool implements Service {
  readonly name = 'transaction pool'
  readonly mempool: Mempool
  readonly #journalPath: string
  readonly #modules: TransactionPoolModules
  readonly #gossip: TransactionGossip | undefined

  constructor(options: { journalPath: string }, modules: TransactionPoolModules) {
    const { chain, head, clock, logger } = modules
    this.#journalPath = options.journalPath
    this.#modules = modules
    this.mempool = new Mempool(
      {
        common: chain.spec.common,
        minimumBaseFeeWei: chain.spec.genesis.fees.minimumBaseFeeWei,
        minimumTipWei: 0n,
        allowUnprotected: false,
      },
      {
        clock,
        logger,
        head: poolHead(chain),
        state: head.state,
        ...(modules.observe === undefined ? {} : { observe: modules.observe }),
      },
    )
    const { mempool } = this
    const { gossip } = modules
    this.#gossip = gossip && new TransactionGossip({ mempool, gossip, clock, logger })
  }

  async start(): Promise<void> {
    const { logger } = this.#modules
    const journal = await this.#readJournal()
    const { admitted, refused } = this.mempool.reinject(journal)
    if (journal.length > 0)
      logger.info({ admitted, refused }, 'transactions of the last run are back in the pool')
    this.#gossip?.start()
  }

  async stop(): Promise<void> {
    this.#gossip?.stop()
    await saveJournal(this.#journalPath, this.mempool.transactions())
  }

  /** To be called for each decided block, after the head's state moved. */
  advance(): void {
    const { chain, head } = this.#modules
    this.mempool.advance(poolHead(chain), head.state)
  }

  /** For a builder, the best paying first; `maximum` of those that it includes. */
  source(maximum = Number.POSITIVE_INFINITY): TransactionSource {
    const best = this.mempool.best()
    let given = 0
    let last: PooledTransaction | undefined
    return {
      next: () => {
        last = given++ < maximum ? best.next() : undefined
        return last?.tx
      },
      skip: (reason) => {
        given--
        best.skipSender()
        // it would fail, and cost its time, in each block
        if (reason.code === 'TX_FAULT' && last !== undefined) this.mempool.drop(last.hash)
      },
    }
  }

  async #readJournal(): Promise<Uint8Array[]> {
    try {
      return await loadJournal(this.#journalPath)
    } catch (error) {
      if (!(error instanceof NodeError)) throw error
      this.#modules.logger.warn(
        { reason: error.message },
        'the journal of transactions is unreadable and is left out',
      )
      return []
    }
  }
}

function poolHead(chain: Chain): PoolHead {
  const { header } = chain.head.block
  const { gasLimit, fees } = chain.spec.genesis
  return {
    number: header.number,
    timestamp: header.timestamp,
    gasLimit: BigInt(gasLimit),
    nextBaseFeeWei: nextBaseFee(fees, parentHeaderOf(chain.head.block)),
  }
}
