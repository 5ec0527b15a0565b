import type { GenesisInput } from '../../src/chainspec/schema.ts'
import type { Mempool } from '../../src/mempool/mempool.ts'
import type { GossipPort } from '../../src/network/ports.ts'
import { HeadState } from '../../src/node/headState.ts'
import { TransactionPool } from '../../src/node/transactionPool.ts'
import { silentLogger } from '../../src/runtime/logger.ts'
import { MemoryStore } from '../../src/storage/memoryStore.ts'
import { TestChain } from './chain.ts'
import { ManualClock } from './network/manualClock.ts'

export interface PoolNodeOptions {
  readonly genesis?: GenesisInput
  readonly kv?: MemoryStore
  /** Nothing is read or written unless the pool is started and stopped. */
  readonly journalPath?: string
  readonly gossip?: GossipPort
  readonly transactionMs?: number
}

/** A chain in memory with the head's state and the pool that follow it, as a node wires them. */
export class PoolNode {
  readonly test: TestChain
  readonly kv: MemoryStore
  readonly clock = new ManualClock()
  readonly head: HeadState
  readonly pool: TransactionPool

  private constructor(test: TestChain, kv: MemoryStore, options: PoolNodeOptions) {
    const { chain } = test
    const { clock } = this
    this.test = test
    this.kv = kv
    this.head = new HeadState({ chain, kv, clock })
    this.pool = new TransactionPool(
      {
        journalPath: options.journalPath ?? '/dev/null/journal',
        ...(options.transactionMs === undefined ? {} : { transactionMs: options.transactionMs }),
      },
      { chain, head: this.head, clock, logger: silentLogger, gossip: options.gossip },
    )
    chain.onDecided(() => {
      this.head.advance(chain.head.height)
      this.pool.advance()
    })
  }

  static async open(options: PoolNodeOptions = {}): Promise<PoolNode> {
    const kv = options.kv ?? new MemoryStore()
    const { genesis } = options
    return new PoolNode(
      await TestChain.open({ kv, ...(genesis === undefined ? {} : { genesis }) }),
      kv,
      options,
    )
  }

  get mempool(): Mempool {
    return this.pool.mempool
  }

  /** Mines what the pool holds, the best paying first; whether each transaction succeeded. */
  async minePool(): Promise<boolean[]> {
    const { receipts } = await this.test.mine([...this.mempool.best()].map(({ tx }) => tx))
    return receipts.map(({ succeeded }) => succeeded)
  }
}
