import { limits } from '../../config/limits.ts'
import { isNodeError, messageOf } from '../../errors/errors.ts'
import type { Block } from '../../ledger/block.ts'
import type { Certificate } from '../../ledger/certificate.ts'
import type { Service } from '../../runtime/lifecycle.ts'
import type { Logger } from '../../runtime/logger.ts'
import { yieldToEventLoop } from '../../runtime/yield.ts'
import type { KvReader } from '../../storage/kv.ts'
import { type EpochRecord, makeEpochRecord } from './epochRecord.ts'
import type { EpochStore } from './epochStore.ts'

/** The chain as the recorder follows it. */
export interface EpochChain {
  headHeight(): number
  block(height: number): Block | undefined
  certificate(height: number): Certificate | undefined
  onDecided(listener: () => void): () => void
}

export interface EpochRecorderModules {
  readonly chain: EpochChain
  readonly store: EpochStore
  /** Holds the trie nodes of the boundaries. */
  readonly kv: KvReader
  readonly logger: Logger
}

/**
 * Makes the record of every epoch that has ended. It runs beside the chain: a pruned node keeps the state of an
 * epoch's end for two epochs, and what a crash left undone is done at the next start.
 */
export class EpochRecorder implements Service {
  readonly name = 'epoch records'
  readonly #epochBlocks: number
  readonly #modules: EpochRecorderModules
  #unsubscribe: (() => void) | undefined
  #running: Promise<void> | undefined
  #hasStopped = false

  constructor(options: { epochBlocks: number }, modules: EpochRecorderModules) {
    this.#epochBlocks = options.epochBlocks
    this.#modules = modules
  }

  async start(): Promise<void> {
    this.#unsubscribe = this.#modules.chain.onDecided(() => this.#wake())
    this.#wake()
    await this.#running
  }

  async stop(): Promise<void> {
    this.#hasStopped = true
    this.#unsubscribe?.()
    await this.#running
  }

  /** Resolves when there is a record of every epoch that has ended so far. */
  async idle(): Promise<void> {
    await this.#running
  }

  #wake(): void {
    if (this.#hasStopped || this.#running !== undefined || this.#due() === undefined) return
    this.#running = this.#run()
      .catch((error: unknown) =>
        this.#modules.logger.error({ error: messageOf(error) }, 'an epoch record could not be made'),
      )
      .finally(() => {
        this.#running = undefined
      })
  }

  #due(): number | undefined {
    const next = (this.#modules.store.latest ?? -1) + 1
    return next * this.#epochBlocks <= this.#modules.chain.headHeight() ? next : undefined
  }

  async #run(): Promise<void> {
    const { store, logger } = this.#modules
    let made = 0
    for (let epoch = this.#due(); epoch !== undefined && !this.#hasStopped; epoch = this.#due()) {
      const record = this.#make(epoch)
      if (record === undefined) {
        logger.warn({ epoch }, 'the state of the end of this epoch is gone: no records are made after it')
        return
      }
      await store.put([record])
      made += 1
      if (made % limits.epochRecordsATurn === 0) await yieldToEventLoop()
    }
  }

  /** Undefined where the block or its state is not kept any more. */
  #make(epoch: number): EpochRecord | undefined {
    const { chain, kv } = this.#modules
    const height = epoch * this.#epochBlocks
    const block = chain.block(height)
    const certificate = height === 0 ? null : chain.certificate(height)
    if (block === undefined || certificate === undefined) return undefined
    try {
      return makeEpochRecord(kv, { epoch, header: block.header.serialize(), certificate })
    } catch (error) {
      if (isNodeError(error, 'STATE_PRUNED')) return undefined
      throw error
    }
  }
}
