import { limits } from '../config/limits.ts'
import { NodeError } from '../errors/errors.ts'
import type { ChainView } from '../execution/chainView.ts'
import type { OfferedTransaction } from '../execution/ports.ts'
import { nextBaseFee, parentHeaderOf } from '../ledger/headerRules.ts'
import { loadJournal, saveJournal } from '../mempool/journal.ts'
import { Mempool } from '../mempool/mempool.ts'
import type { PoolHead } from '../mempool/ports.ts'
import type { GossipPort } from '../network/ports.ts'
import type { Hash } from '../primitives/hex.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Service } from '../runtime/lifecycle.ts'
import type { Logger } from '../runtime/logger.ts'
import type { HeadState } from './headState.ts'
import { SlowTransactions } from './slowTransactions.ts'
import { TransactionGossip } from './transactionGossip.ts'

/** No transaction takes less (Yellow Paper, appendix G). */
const TRANSFER_GAS = 21_000n

export interface TransactionPoolModules {
  readonly chain: ChainView
  readonly head: HeadState
  readonly clock: Clock
  readonly logger: Logger
  /** Absent in a node without a network. */
  readonly gossip: GossipPort | undefined
  readonly observe?: (outcome: string) => void
}

export interface TransactionPoolOptions {
  readonly journalPath: string
  /** How long one transaction may keep a builder; as long as it takes unless given. */
  readonly transactionMs?: number
}

/** The mempool in its surroundings: it follows the head, is fed and told on by gossip, and survives a restart. */
export class TransactionPool implements Service {
  readonly name = 'transaction pool'
  readonly mempool: Mempool
  readonly #journalPath: string
  readonly #modules: TransactionPoolModules
  readonly #gossip: TransactionGossip | undefined
  readonly #slow: SlowTransactions | undefined

  constructor(options: TransactionPoolOptions, modules: TransactionPoolModules) {
    const { chain, head, clock, logger } = modules
    this.#journalPath = options.journalPath
    this.#modules = modules
    const { transactionMs } = options
    this.#slow =
      transactionMs === undefined ? undefined : new SlowTransactions({ timeMs: transactionMs }, modules)
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

  /** For a builder, the best paying first: what fills a block, and some more for those that cannot be included. */
  offer(most: number = Number.POSITIVE_INFINITY): OfferedTransaction[] {
    const { gasLimit } = this.#modules.chain.spec.genesis
    const roomGas = (BigInt(gasLimit) * BigInt(100 + limits.offeredSlackPercent)) / 100n
    const offered: OfferedTransaction[] = []
    let leastGas = 0n
    const best = this.mempool.best()
    for (const { hash, bytes, tx, sender } of best) {
      if (this.#slow?.mayTry(sender) === false) {
        best.skipSender()
        continue
      }
      leastGas += leastGasOf(bytes)
      if (leastGas > roomGas || offered.length >= most + limits.offeredSpare) break
      // a copy: the key may be a view of memory that much else lies in, and all of it would go to the builder's thread
      const senderKey = Uint8Array.from(tx.getSenderPublicKey())
      offered.push({ hash, bytes, senderKey, timeMs: this.#slow?.timeMs(sender) })
    }
    return offered
  }

  /** It made the execution fail by itself. */
  drop(hash: Hash): void {
    this.mempool.drop(hash)
  }

  /** It took longer than its time. */
  setBack(hash: Hash): void {
    const sender = this.mempool.get(hash)?.sender
    if (sender === undefined || this.#slow?.note(sender) !== false) return
    this.mempool.drop(hash)
    this.#modules.logger.warn({ hash }, 'a transaction runs too long for any block and is dropped')
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

/**
 * What a transaction takes of a block whatever it does: its limit says little, because the block counts what is used. A
 * byte of calldata costs 10 gas (EIP-7623); what else is in the encoding costs more.
 */
function leastGasOf(bytes: Uint8Array): bigint {
  const contents = BigInt(bytes.length) * 10n
  return contents > TRANSFER_GAS ? contents : TRANSFER_GAS
}

function poolHead(chain: ChainView): PoolHead {
  const { header } = chain.head.block
  const { gasLimit, fees } = chain.spec.genesis
  return {
    number: header.number,
    timestamp: header.timestamp,
    gasLimit: BigInt(gasLimit),
    nextBaseFeeWei: nextBaseFee(fees, parentHeaderOf(chain.head.block)),
  }
}
