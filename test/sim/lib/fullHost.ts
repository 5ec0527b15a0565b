import type { Evidence } from '../../../src/consensus/core/types.ts'
import type {
  BuiltValue,
  ConsensusApp,
  DecidedBlock,
  HeightContext,
  ValidationRequest,
} from '../../../src/consensus/ports.ts'
import { isNodeError } from '../../../src/errors/errors.ts'
import type { Chain } from '../../../src/execution/chain.ts'
import type { Certificate } from '../../../src/ledger/certificate.ts'
import type { Mempool } from '../../../src/mempool/mempool.ts'
import { type BuilderIdentity, ChainConsensusApp } from '../../../src/node/consensusApp.ts'
import { EvidenceReporter } from '../../../src/node/evidenceReporter.ts'
import { LocalExecution, openLocalExecution } from '../../../src/node/execution/localExecution.ts'
import { HeadState } from '../../../src/node/headState.ts'
import { TransactionPool } from '../../../src/node/transactionPool.ts'
import { TransactionSender } from '../../../src/node/transactionSender.ts'
import type { Hash } from '../../../src/primitives/hex.ts'
import type { Clock } from '../../../src/runtime/clock.ts'
import { silentLogger } from '../../../src/runtime/logger.ts'
import { FaultyStore, type WriteFault } from '../../../src/storage/faultyStore.ts'
import type { KvEntry, KvOp, KvRange, KvSnapshot, KvStore } from '../../../src/storage/kv.ts'
import { MemoryStore } from '../../../src/storage/memoryStore.ts'
import { type Life, never } from './simClock.ts'
import type { HostLife, HostModules, SimHost } from './world.ts'

export interface FullHostOptions {
  readonly spec: Parameters<typeof Chain.open>[0]['spec']
  readonly precompiles: Parameters<typeof Chain.open>[0]['precompiles']
  /** Key and identity of a validator, or of one that wants to be. */
  readonly identity: { readonly builder: BuilderIdentity; readonly privateKey: Uint8Array } | null
  /** A faulty builder has a second block ready for each that it builds. */
  readonly buildsTwo: () => boolean
}

export interface FullHostHooks {
  /** A block is on this node's disk. */
  onBlock(host: FullHost): Promise<void>
  /** This node made a transaction of its own. */
  onTransaction(host: FullHost, bytes: Uint8Array): void
}

interface Running {
  readonly chain: Chain
  readonly mempool: Mempool
}

/** A node's chain over a disk that fails: everything but consensus and the network, as the node puts it together. */
export class FullHost implements SimHost {
  readonly index: number
  /** The disk as it is, without the faults of a life. */
  readonly kv = new MemoryStore()
  readonly #store = new FaultyStore(this.kv)
  readonly #options: FullHostOptions
  readonly #modules: HostModules
  readonly #hooks: FullHostHooks
  readonly #alternatives = new Map<Hash, Uint8Array>()
  #slowShare: number
  #height = 0
  #running: Running | null = null

  constructor(options: FullHostOptions, modules: HostModules, hooks: FullHostHooks) {
    this.#options = options
    this.#modules = modules
    this.#hooks = hooks
    this.#slowShare = modules.slowShare
    this.index = modules.index
  }

  get height(): number {
    return this.#height
  }

  /** Null while the node is down. */
  get running(): Running | null {
    return this.#running
  }

  async open(life: Life, onCrash: () => void): Promise<HostLife> {
    const { spec, precompiles, identity } = this.#options
    this.#store.setPlan(() => this.#nextFault(life))
    void this.#store.whenStopped().then(() => (life.isAlive ? onCrash() : undefined))
    const kv = new LifeStore(this.#store, life)
    const ends = { kv, clock: life, logger: silentLogger }
    const { chain } = await openLocalExecution({ spec, precompiles }, ends)
    const head = new HeadState({ chain, kv, clock: life })
    const pool = new TransactionPool(
      { journalPath: '/dev/null/journal' },
      { chain, head, clock: life, logger: silentLogger, gossip: undefined },
    )
    chain.onDecided(() => {
      head.advance(chain.head.height)
      pool.advance()
    })
    const app = (clock: Clock) =>
      new ChainConsensusApp(
        { builder: identity?.builder },
        {
          ...{ chain, kv, clock, logger: silentLogger, transactions: pool },
          execution: new LocalExecution({ chain, kv, clock }),
        },
      )
    this.#running = { chain, mempool: pool.mempool }
    this.#height = chain.head.height
    const later: Clock = {
      nowMs: () => life.nowMs() + 1_000,
      after: (ms, callback) => life.after(ms, callback),
    }
    return {
      app: new HostApp(app(life), { second: app(later), life, host: this }),
      onEvidence: this.#reporter(chain, pool.mempool),
    }
  }

  async crash(power: boolean): Promise<void> {
    this.#running = null
    await this.#store.restart(power ? this.#modules.random.int(0, 2) : Number.MAX_SAFE_INTEGER)
  }

  calm(): void {
    this.#slowShare = 0
  }

  isExpectedFailure(error: unknown): boolean {
    return isNodeError(error, 'STORAGE_FAILED')
  }

  alternative(blockHash: Hash): Uint8Array | null {
    return this.#alternatives.get(blockHash) ?? null
  }

  /** The time that work takes which takes none here. */
  async work(life: Life): Promise<void> {
    const { random } = this.#modules
    const isSlow = random.chance(this.#slowShare)
    await life.wait(isSlow ? random.int(1_500, 4_000) : random.int(1, 60))
  }

  async committed(height: number): Promise<void> {
    this.#height = height
    await this.#hooks.onBlock(this)
  }

  async buildSecond(
    app: ConsensusApp,
    first: BuiltValue,
    args: Parameters<ConsensusApp['buildValue']>,
  ): Promise<void> {
    if (!this.#options.buildsTwo()) return
    const { blockHash, envelope } = await app.buildValue(...args)
    if (blockHash !== first.blockHash) this.#alternatives.set(first.blockHash, envelope)
  }

  #reporter(chain: Chain, mempool: Mempool): (evidence: Evidence) => void {
    const { identity } = this.#options
    if (identity === null) return () => undefined
    const { privateKey } = identity
    const sender = new TellingSender({ privateKey }, { chain, mempool }, (hash) => {
      const transaction = mempool.get(hash)
      if (transaction !== undefined) this.#hooks.onTransaction(this, transaction.tx.serialize())
    })
    const reporter = new EvidenceReporter({ sender, logger: silentLogger })
    return (evidence) => reporter.report(evidence)
  }

  #nextFault(life: Life): WriteFault {
    if (!life.isAlive) return 'stop'
    const { disk, random } = this.#modules
    switch (disk.nextPoint()) {
      case null:
        return 'none'
      case 'before':
        return 'stop'
      case 'during':
        return random.pick(['fail', 'fail-written'] as const)
      case 'after':
        return 'stop-written'
    }
  }
}

/** Tells of what is sent, so that the network can carry it to the other pools. */
class TellingSender extends TransactionSender {
  readonly #tell: (hash: Hash) => void

  constructor(
    options: { privateKey: Uint8Array },
    modules: { chain: Chain; mempool: Mempool },
    tell: (hash: Hash) => void,
  ) {
    super(options, modules)
    this.#tell = tell
  }

  override send(request: Parameters<TransactionSender['send']>[0]): Hash {
    const hash = super.send(request)
    this.#tell(hash)
    return hash
  }
}

/** The application with the time that building and judging take, and with the second block of a faulty builder. */
class HostApp implements ConsensusApp {
  readonly #app: ConsensusApp
  readonly #modules: { readonly second: ConsensusApp; readonly life: Life; readonly host: FullHost }

  constructor(app: ConsensusApp, modules: { second: ConsensusApp; life: Life; host: FullHost }) {
    this.#app = app
    this.#modules = modules
  }

  context(): Promise<HeightContext> {
    return this.#app.context()
  }

  blockHashOf(envelope: Uint8Array): Hash {
    return this.#app.blockHashOf(envelope)
  }

  async buildValue(...args: Parameters<ConsensusApp['buildValue']>): Promise<BuiltValue> {
    const { second, life, host } = this.#modules
    await host.work(life)
    const value = await this.#app.buildValue(...args)
    await host.buildSecond(second, value, args)
    return value
  }

  async validateValue(
    envelope: Uint8Array,
    request: ValidationRequest,
    signal: AbortSignal,
  ): Promise<boolean> {
    await this.#modules.host.work(this.#modules.life)
    return this.#app.validateValue(envelope, request, signal)
  }

  async commit(envelope: Uint8Array, certificate: Certificate): Promise<HeightContext> {
    const context = await this.#app.commit(envelope, certificate)
    await this.#modules.host.committed(context.height - 1)
    return context
  }

  decided(height: number): Promise<DecidedBlock | null> {
    return this.#app.decided(height)
  }
}

/** The store as one life sees it: a process that is gone writes nothing more. */
class LifeStore implements KvStore {
  readonly #inner: KvStore
  readonly #life: Life

  constructor(inner: KvStore, life: Life) {
    this.#inner = inner
    this.#life = life
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#inner.get(key)
  }

  write(ops: readonly KvOp[], options: { readonly sync: boolean }): Promise<void> {
    return this.#life.isAlive ? this.#inner.write(ops, options) : never()
  }

  iterate(range: KvRange): AsyncIterable<KvEntry> {
    return this.#inner.iterate(range)
  }

  snapshot(): KvSnapshot {
    return this.#inner.snapshot()
  }

  async close(): Promise<void> {}
}
