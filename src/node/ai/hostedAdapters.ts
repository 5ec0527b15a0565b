import { versionStatus } from '../../../precompiles/adapter/layout.ts'
import type { ServedModel } from '../../ai/gateway/ports.ts'
import { BASE_MODEL } from '../../ai/models/modelFolder.ts'
import { RUNTIME_PROFILE_HASH } from '../../ai/models/profile.ts'
import type { BlockFollower, HeadReader } from '../../ai/receipts/ports.ts'
import type { AdapterVersionView, AdapterView, ReceiptViews } from '../../ai/receipts/views.ts'
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

/** Finds the chain's adapters that this host can run, and serves each version of them once its files are here. */
export class HostedAdapters implements BlockFollower {
  readonly #modules: HostedAdaptersModules
  readonly #stopping = new AbortController()
  /** Versions by adapter. */
  readonly #served = new Map<bigint, Set<number>>()
  /** The block of the next attempt, for those whose files were not to be had. */
  readonly #retryAt = new Map<string, number>()
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
  #discover(): ServedModel[] {
    const { views } = this.#modules
    const found: ServedModel[] = []
    for (let looked = 0; looked < limits.adaptersLookedAt; looked++) {
      const adapterId = this.#nextId
      const adapter = views.adapter(adapterId)
      this.#nextId = adapter === undefined ? 1n : adapterId + 1n
      if (adapter === undefined) break
      this.#retire(adapterId)
      // one that is published is loaded before it becomes current; one that is served stays until it is retired
      for (const adapterVersion of new Set([adapter.version, adapter.newestVersion])) {
        const model = { adapterId, adapterVersion }
        if (this.#isWanted(model) && this.#isOurs(adapter)) found.push(model)
      }
    }
    return found
  }

  #isWanted(model: ServedModel): boolean {
    const { views, head } = this.#modules
    const { adapterId, adapterVersion } = model
    if (this.#served.get(adapterId)?.has(adapterVersion) === true) return false
    if (head.height < (this.#retryAt.get(keyOf(model)) ?? 0)) return false
    return isServable(views.adapterVersion(adapterId, adapterVersion))
  }

  #isOurs({ baseModelId }: AdapterView): boolean {
    const model = this.#modules.views.baseModel(baseModelId)
    return (
      model?.onnxHash === BASE_MODEL.onnxHash &&
      model.tokenizerHash === BASE_MODEL.tokenizerHash &&
      model.profileHash === RUNTIME_PROFILE_HASH
    )
  }

  /** Gives up the versions whose receipts settle no longer. */
  #retire(adapterId: bigint): void {
    const { views, engine, logger } = this.#modules
    const versions = this.#served.get(adapterId)
    for (const adapterVersion of versions ?? []) {
      if (isServable(views.adapterVersion(adapterId, adapterVersion))) continue
      versions?.delete(adapterVersion)
      engine.retire({ adapterId, adapterVersion })
      logger.info({ adapterId: Number(adapterId), version: adapterVersion }, 'adapter version retired')
    }
  }

  async #load(models: readonly ServedModel[]): Promise<void> {
    const { head, engine, logger } = this.#modules
    for (const model of models) {
      const { adapterId, adapterVersion } = model
      const facts = { adapterId: Number(adapterId), version: adapterVersion }
      try {
        await engine.serve(model, this.#stopping.signal)
        const versions = this.#served.get(adapterId) ?? new Set()
        this.#served.set(adapterId, versions.add(adapterVersion))
        this.#retryAt.delete(keyOf(model))
        logger.info(facts, 'adapter served')
      } catch (error) {
        if (this.#stopping.signal.aborted) return
        this.#postpone(keyOf(model), head.height + RETRY_BLOCKS)
        logger.warn({ ...facts, reason: messageOf(error) }, 'adapter not served yet')
      }
    }
  }

  /** Full, it forgets the oldest entry, which is then tried again a little early. */
  #postpone(key: string, dueBlock: number): void {
    this.#retryAt.delete(key)
    const oldest = this.#retryAt.keys().next().value
    if (this.#retryAt.size >= limits.adaptersPostponed && oldest !== undefined) this.#retryAt.delete(oldest)
    this.#retryAt.set(key, dueBlock)
  }
}

const keyOf = ({ adapterId, adapterVersion }: ServedModel) => `${adapterId}/${adapterVersion}`

const SERVABLE: readonly number[] = [versionStatus.published, versionStatus.active]

function isServable(version: AdapterVersionView | undefined): boolean {
  return version !== undefined && SERVABLE.includes(version.status)
}
