import { adapterStatus } from '../../../precompiles/adapter/layout.ts'
import { BASE_MODEL } from '../../ai/models/modelFolder.ts'
import { RUNTIME_PROFILE_HASH } from '../../ai/models/profile.ts'
import type { BlockFollower, HeadReader } from '../../ai/receipts/ports.ts'
import type { AdapterView, ReceiptViews } from '../../ai/receipts/views.ts'
import { limits } from '../../config/limits.ts'
import { messageOf } from '../../errors/errors.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { AdapterEngine } from './adapterEngine.ts'

export interface HostedAdaptersModules {
  readonly views: ReceiptViews
  readonly head: HeadReader
  readonly engine: AdapterEngine
  readonly logger: Logger
}

/** Blocks until files that were not to be had are asked for again. */
const RETRY_BLOCKS = 5

/** Finds the chain's adapters that this host can run, and serves each once its files are here. */
export class HostedAdapters implements BlockFollower {
  readonly #modules: HostedAdaptersModules
  readonly #stopping = new AbortController()
  /** Published, ours to run, and not served yet; with the block of the next attempt. */
  readonly #waiting = new Map<bigint, number>()
  #nextId = 1n
  #loading: Promise<void> = Promise.resolve()
  #isLoading = false

  constructor(modules: HostedAdaptersModules) {
    this.#modules = modules
  }

  follow(): void {}

  act(): void {
    this.#discover()
    if (this.#isLoading) return
    this.#isLoading = true
    this.#loading = this.#load().finally(() => {
      this.#isLoading = false
    })
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#loading
  }

  #discover(): void {
    const { views } = this.#modules
    for (; this.#waiting.size < limits.hostedAdapters; this.#nextId++) {
      const adapter = views.adapter(this.#nextId)
      if (adapter === undefined) return
      if (this.#isOurs(adapter)) this.#waiting.set(this.#nextId, 0)
    }
  }

  #isOurs({ baseModelId }: AdapterView): boolean {
    const model = this.#modules.views.baseModel(baseModelId)
    return (
      model?.onnxHash === BASE_MODEL.onnxHash &&
      model.tokenizerHash === BASE_MODEL.tokenizerHash &&
      model.profileHash === RUNTIME_PROFILE_HASH
    )
  }

  async #load(): Promise<void> {
    const { views, head, engine, logger } = this.#modules
    for (const [adapterId, dueBlock] of [...this.#waiting]) {
      const adapter = views.adapter(adapterId)
      if (adapter === undefined || adapter.status === adapterStatus.draft || head.height < dueBlock) continue
      const model = { adapterId, adapterVersion: adapter.version }
      try {
        await engine.serve(model, this.#stopping.signal)
        this.#waiting.delete(adapterId)
        logger.info({ adapterId: Number(adapterId), version: adapter.version }, 'adapter served')
      } catch (error) {
        if (this.#stopping.signal.aborted) return
        this.#waiting.set(adapterId, head.height + RETRY_BLOCKS)
        logger.warn({ adapterId: Number(adapterId), reason: messageOf(error) }, 'adapter not served yet')
      }
    }
  }
}
