import type { PrecompileRegistry } from '../../precompiles/registry.ts'
import type { ChainSpec } from '../chainspec/chainSpec.ts'
import { InvariantError, NodeError } from '../errors/errors.ts'
import { blockHashOf } from '../ledger/block.ts'
import type { SigningDomain } from '../ledger/vote.ts'
import type { Hash } from '../primitives/hex.ts'
import type { Logger } from '../runtime/logger.ts'
import { FlatState } from '../state/flatState.ts'
import { readProgress, statesWholeFrom } from '../state/pruneProgress.ts'
import { ChainStore } from '../storage/chainStore.ts'
import type { KvSnapshot, KvStore } from '../storage/kv.ts'
import { type ChainHead, type ChainView, type DecidedListener, readHead } from './chainView.ts'
import { DecidedListeners } from './decidedListeners.ts'

/** Heads whose state stays readable: whoever took the head just before a block still gets its answers. */
const SNAPSHOTS_KEPT = 2

/**
 * The chain beside its writer: another thread decides blocks in the same store, and `advance` makes its newest block
 * the head here. The head's state is a snapshot, so it stays the head's while the writer goes on.
 */
export class ChainFollower implements ChainView {
  readonly spec: ChainSpec
  readonly genesisHash: Hash
  readonly precompiles: PrecompileRegistry
  readonly store: ChainStore
  readonly #kv: KvStore
  readonly #listeners: DecidedListeners
  readonly #snapshots: KvSnapshot[] = []
  #head: ChainHead

  /** `kv` holds a chain that was opened by its writer. */
  constructor(
    options: { spec: ChainSpec; precompiles: PrecompileRegistry },
    modules: { kv: KvStore; logger: Logger },
  ) {
    this.spec = options.spec
    this.precompiles = options.precompiles
    this.#kv = modules.kv
    this.#listeners = new DecidedListeners(modules)
    this.store = new ChainStore({ common: options.spec.common }, modules)
    const genesis = this.store.block(0)
    if (genesis === undefined) throw new NodeError('DATA_CORRUPT', 'The data folder lacks the genesis block.')
    this.genesisHash = blockHashOf(genesis)
    this.#head = this.#readHead()
  }

  get head(): ChainHead {
    return this.#head
  }

  get statesFrom(): number {
    return statesWholeFrom(readProgress(this.#kv))
  }

  get signingDomain(): SigningDomain {
    return { genesisHash: this.genesisHash, chainId: this.spec.chainId }
  }

  onDecided(listener: DecidedListener): () => void {
    return this.#listeners.add(listener)
  }

  /** To be called for each block that the writer has decided, before it is given another. */
  advance(blockHash: Hash): void {
    const head = this.#readHead()
    const receipts = this.store.receipts(head.height)
    if (head.blockHash !== blockHash || head.certificate === null || receipts === undefined) {
      throw new InvariantError('The store’s head is the block that was just decided.')
    }
    this.#head = head
    const { block, certificate } = head
    this.#listeners.tell({ block, blockHash, receipts, certificate })
  }

  async close(): Promise<void> {
    await Promise.all(this.#snapshots.splice(0).map((snapshot) => snapshot.close()))
  }

  #readHead(): ChainHead {
    const snapshot = this.#kv.snapshot()
    this.#snapshots.push(snapshot)
    if (this.#snapshots.length > SNAPSHOTS_KEPT) void this.#snapshots.shift()?.close()
    return readHead(this.store, new FlatState(snapshot))
  }
}
