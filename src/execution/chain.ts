import type { PrecompileRegistry } from '../../precompiles/registry.ts'
import type { ChainSpec } from '../chainspec/chainSpec.ts'
import { InvariantError, messageOf, NodeError } from '../errors/errors.ts'
import { type Block, blockHashOf, heightOf } from '../ledger/block.ts'
import type { Certificate } from '../ledger/certificate.ts'
import { type Envelope, encodeEnvelope } from '../ledger/envelope.ts'
import type { Receipt } from '../ledger/receipt.ts'
import type { ValidatorSet } from '../ledger/validators.ts'
import type { SigningDomain } from '../ledger/vote.ts'
import { bytesToHex, type Hash } from '../primitives/hex.ts'
import { keccakHex } from '../primitives/keccak.ts'
import type { Logger } from '../runtime/logger.ts'
import { stateCommitOps } from '../state/commitOps.ts'
import { FlatState } from '../state/flatState.ts'
import { OverlayState } from '../state/overlayState.ts'
import type { StateKeeping } from '../state/pruneProgress.ts'
import { StatePruner } from '../state/statePruner.ts'
import { blockCommitOps, ChainStore } from '../storage/chainStore.ts'
import type { KvOp, KvStore } from '../storage/kv.ts'
import type { StandardPrecompile } from './crypto/standardPrecompile.ts'
import { loadStandardPrecompiles } from './crypto/standardPrecompiles.ts'
import { type BuildInput, type Candidate, type ExecutionHead, Executor } from './executor.ts'
import { createGenesisState } from './genesis.ts'
import { readValidatorSet } from './stakingView.ts'
import { Turns } from './turns.ts'

export interface ChainHead extends ExecutionHead {
  readonly height: number
  /** Who votes on the next block. */
  readonly nextSet: ValidatorSet
}

export interface DecidedBlock {
  readonly block: Block
  readonly blockHash: Hash
  readonly receipts: readonly Receipt[]
  readonly certificate: Certificate
}

export type DecidedListener = (decided: DecidedBlock) => void

/** Candidates of one height that are kept until it is decided: one a round is usual. */
const CANDIDATES_KEPT = 16

/**
 * The chain on this node: the head, candidates on top of it, and the one place that writes. A decided block reaches
 * the disk in one synced batch together with its state, its indexes and the head pointer.
 */
export class Chain {
  readonly spec: ChainSpec
  readonly genesisHash: Hash
  readonly store: ChainStore
  readonly precompiles: PrecompileRegistry
  readonly #kv: KvStore
  readonly #logger: Logger
  readonly #executor: Executor
  /** By hash of the whole envelope: a header's hash alone would let a forged body pass as one that ran. */
  readonly #candidates = new Map<Hash, Candidate>()
  readonly #listeners = new Set<DecidedListener>()
  readonly #pruner: StatePruner
  readonly #turns: Turns
  #head: ChainHead
  #writeFailure: unknown

  private constructor(
    options: { spec: ChainSpec; genesisHash: Hash; head: ChainHead },
    modules: {
      kv: KvStore
      store: ChainStore
      precompiles: PrecompileRegistry
      standard: readonly StandardPrecompile[]
      pruner: StatePruner
      turns: Turns
      logger: Logger
    },
  ) {
    this.spec = options.spec
    this.genesisHash = options.genesisHash
    this.store = modules.store
    this.precompiles = modules.precompiles
    this.#kv = modules.kv
    this.#logger = modules.logger
    this.#pruner = modules.pruner
    this.#turns = modules.turns
    this.#head = options.head
    this.#executor = new Executor(
      { spec: options.spec, genesisHash: options.genesisHash },
      {
        head: () => this.#head,
        precompiles: modules.precompiles,
        standard: modules.standard,
        kv: modules.kv,
        logger: modules.logger,
      },
    )
  }

  /**
   * Opens the chain of a store; an empty store gets the genesis block first, another chain's store is refused. Which
   * states it keeps is as the store remembers it where `keeping` does not say. A tool or a test can give other
   * implementations of Ethereum's precompiles.
   */
  static async open(
    options: { spec: ChainSpec; precompiles: PrecompileRegistry; keeping?: Partial<StateKeeping> },
    modules: { kv: KvStore; logger: Logger; standard?: readonly StandardPrecompile[] },
  ): Promise<Chain> {
    const { spec, precompiles } = options
    const { kv, logger } = modules
    const standard = modules.standard ?? (await loadStandardPrecompiles())
    const store = new ChainStore({ common: spec.common }, { kv })
    const genesis = await createGenesisState(spec)
    const genesisHash = blockHashOf(genesis.block)
    if (store.headHeight() === undefined) {
      const ops = [
        ...blockCommitOps({ block: genesis.block, receipts: [], certificate: null, parentCertificate: null }),
        ...(await stateCommitOps(kv, genesis.state)),
      ]
      await kv.write(ops, { sync: true })
    }
    const stored = store.block(0)
    if (stored === undefined || blockHashOf(stored) !== genesisHash) {
      throw new NodeError(
        'WRONG_CHAIN',
        'The data folder holds another chain than the genesis file describes.',
      )
    }
    const head = loadHead(store, kv)
    const turns = new Turns()
    const pruner = await StatePruner.open(
      { keeping: options.keeping ?? {}, epochBlocks: spec.genesis.consensus.epochBlocks },
      { kv, logger, rootAt: (height) => stateRootAt(store, height), inTurn: (work) => turns.take(work) },
    )
    const states = { ...pruner.keeping, from: pruner.wholeFrom }
    logger.info({ height: head.height, hash: head.blockHash, states }, 'chain opened')
    return new Chain({ spec, genesisHash, head }, { kv, store, precompiles, standard, pruner, turns, logger })
  }

  get head(): ChainHead {
    return this.#head
  }

  /** From this height on the state of every block is kept. */
  get statesFrom(): number {
    return this.#pruner.wholeFrom
  }

  /** Resolves when nothing that follows from the blocks so far is left to do. */
  idle(): Promise<void> {
    return this.#pruner.idle()
  }

  /** To be called before the store is closed. */
  close(): Promise<void> {
    return this.#pruner.close()
  }

  get signingDomain(): SigningDomain {
    return { genesisHash: this.genesisHash, chainId: this.spec.chainId }
  }

  /** Calls `listener` after each decided block, in order; the returned function ends that. */
  onDecided(listener: DecidedListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Without a fuller certificate of the head the block carries the one that the head was committed with. */
  build(
    input: Omit<BuildInput, 'parentCertificate'>,
    parentCertificate?: Certificate | null,
  ): Promise<Candidate> {
    return this.#inTurn(async () => {
      const candidate = await this.#executor.build({
        ...input,
        parentCertificate: parentCertificate ?? this.#head.certificate,
      })
      this.#keep(candidate)
      return candidate
    })
  }

  /** Throws BAD_HEADER, BAD_BODY, BAD_EXECUTION or UNKNOWN_PARENT; a candidate seen before is not run again. */
  validate(envelope: Envelope, signal?: AbortSignal): Promise<Candidate> {
    return this.#inTurn(async () => {
      const known = this.#candidates.get(keyOf(envelope))
      if (known !== undefined) return known
      const candidate = await this.#executor.validate(envelope, signal)
      this.#keep(candidate)
      return candidate
    })
  }

  /**
   * Makes a decided block the head. `certificate` was checked against the set of its height by the caller. Resolves
   * when block and state are on disk. What `extraOps` makes of the next block's set goes into the same batch.
   */
  commit(
    envelope: Envelope,
    certificate: Certificate,
    extraOps: (nextSet: ValidatorSet) => readonly KvOp[] = () => [],
  ): Promise<DecidedBlock> {
    return this.#inTurn(async () => {
      const candidate = this.#candidateOf(certificate.blockHash) ?? (await this.#executor.validate(envelope))
      if (candidate.blockHash !== certificate.blockHash) {
        throw new NodeError('BAD_CERTIFICATE', 'The certificate is for another block.')
      }
      const { block, blockHash, receipts } = candidate
      const height = heightOf(block)
      const ops = [
        ...blockCommitOps({
          block,
          receipts,
          certificate,
          parentCertificate: candidate.envelope.parentCertificate,
        }),
        ...(await stateCommitOps(this.#kv, candidate.state)),
        ...extraOps(readValidatorSet(new OverlayState(this.#head.state, candidate.state.diff))),
      ]
      await this.#write(ops)
      this.#candidates.clear()
      this.#head = loadHead(this.store, this.#kv)
      if (this.#head.blockHash !== blockHash) throw new InvariantError('The head is the block just written.')
      const decided = { block, blockHash, receipts, certificate }
      this.#logger.info(
        {
          height,
          hash: blockHash,
          transactions: block.transactions.length,
          gasUsed: Number(block.header.gasUsed),
        },
        'block decided',
      )
      this.#tell(decided)
      this.#pruner.advance(height, candidate.state.trieOps.length)
      return decided
    })
  }

  /** After a write that failed nobody knows what is on disk: this chain does nothing more, and is opened again. */
  async #write(ops: readonly KvOp[]): Promise<void> {
    try {
      await this.#kv.write(ops, { sync: true })
    } catch (error) {
      this.#writeFailure = error
      throw error
    }
  }

  #tell(decided: DecidedBlock): void {
    for (const listener of this.#listeners) {
      try {
        listener(decided)
      } catch (error) {
        this.#logger.error({ error: messageOf(error) }, 'a listener of decided blocks failed')
      }
    }
  }

  #keep(candidate: Candidate): void {
    this.#candidates.set(keyOf(candidate.envelope), candidate)
    if (this.#candidates.size <= CANDIDATES_KEPT) return
    const oldest = this.#candidates.keys().next().value
    if (oldest !== undefined) this.#candidates.delete(oldest)
  }

  #candidateOf(blockHash: Hash): Candidate | undefined {
    for (const candidate of this.#candidates.values()) {
      if (candidate.blockHash === blockHash) return candidate
    }
    return undefined
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    return this.#turns.take(async () => {
      if (this.#writeFailure !== undefined) {
        throw new NodeError(
          'STORAGE_FAILED',
          'A block could not be written; the node must be started again.',
          {},
          this.#writeFailure,
        )
      }
      return work()
    })
  }
}

const keyOf = (envelope: Envelope): Hash => keccakHex(encodeEnvelope(envelope))

function loadHead(store: ChainStore, kv: KvStore): ChainHead {
  const height = store.headHeight()
  const block = height === undefined ? undefined : store.block(height)
  if (height === undefined || block === undefined) {
    throw new NodeError('DATA_CORRUPT', 'The data folder names a head block that is not there.')
  }
  const state = new FlatState(kv)
  return {
    height,
    block,
    blockHash: blockHashOf(block),
    stateRoot: bytesToHex(block.header.stateRoot),
    state,
    certificate: store.certificate(height) ?? null,
    nextSet: readValidatorSet(state),
  }
}

function stateRootAt(store: ChainStore, height: number): Hash {
  const root = store.stateRoot(height)
  if (root === undefined) throw new NodeError('DATA_CORRUPT', `Block ${height} is missing.`)
  return root
}
