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
  readonly #served = new Set<bigint>()
  /** The block of the next attempt, for those whose files were not to be had. */
  readonly #retryAt = new Map<bigint, number>()
  /** Where the next look at the chain's adapters begins; after the last one it is the first again. */
  #nextId = 1n
  #loading: Promise<void> = Promise.resolve()
  #isLoading = false

  constructor(modules: HostedAdaptersModules) {
    this.#modules = modules
  }

  follow(): void {}

  act(): void {
    if (this.#isLoading) return
    this.#isLoading = true
    this.#loading = this.#load(this.#discover()).finally(() => {
      this.#isLoading = false
    })
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#loading
  }

  /** Looks at the next adapters of the chain. Drafts cost a look and no room, so nobody can crowd others out. */
  #discover(): bigint[] {
    const { views, head } = this.#modules
    const found: bigint[] = []
    for (let looked = 0; looked < limits.adaptersLookedAt; looked++) {
      const adapterId = this.#nextId
      const adapter = views.adapter(adapterId)
      this.#nextId = adapter === undefined ? 1n : adapterId + 1n
      if (adapter === undefined) break
      if (this.#served.has(adapterId) || adapter.status === adapterStatus.draft) continue
      if (head.height >= (this.#retryAt.get(adapterId) ?? 0) && this.#isOurs(adapter)) found.push(adapterId)
    }
    return found
  }

  #isOurs({ baseModelId }: AdapterView): boolean {
    const model = this.#modules.views.baseModel(baseModelId)
    return (
      model?.onnxHash === BASE_MODEL.onnxHash &&
      model.tokenizerHash === BASE_MODEL.tokenizerHash &&
      model.profileHash === RUNTIME_PROFILE_HASH
    )
  }

  async #load(adapterIds: readonly bigint[]): Promise<void> {
    const { views, head, engine, logger } = this.#modules
    for (const adapterId of adapterIds) {
      const adapter = views.adapter(adapterId)
      if (adapter === undefined) continue
      const model = { adapterId, adapterVersion: adapter.version }
      try {
        await engine.serve(model, this.#stopping.signal)
        this.#served.add(adapterId)
        this.#retryAt.delete(adapterId)
        logger.info({ adapterId: Number(adapterId), version: adapter.version }, 'adapter served')
      } catch (error) {
        if (this.#stopping.signal.aborted) return
        this.#postpone(adapterId, head.height + RETRY_BLOCKS)
        logger.warn({ adapterId: Number(adapterId), reason: messageOf(error) }, 'adapter not served yet')
      }
    }
  }

  /** Full, it forgets the oldest entry, which is then tried again a little early. */
  #postpone(adapterId: bigint, dueBlock: number): void {
    this.#retryAt.delete(adapterId)
    const oldest = this.#retryAt.keys().next().value
    if (this.#retryAt.size >= limits.adaptersPostponed && oldest !== undefined) this.#retryAt.delete(oldest)
    this.#retryAt.set(adapterId, dueBlock)
  }
}
