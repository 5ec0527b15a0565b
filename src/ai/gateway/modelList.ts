import { ACCESS_OPEN, adapterStatus, versionStatus } from '../../../precompiles/adapter/layout.ts'
import { limits } from '../../config/limits.ts'
import type { Address } from '../../primitives/hex.ts'
import type { HeadReader, ReceiptRules } from '../receipts/ports.ts'
import type { ReceiptViews } from '../receipts/views.ts'
import type { InferenceEngine, ServedModel } from './ports.ts'

export interface ModelListModules {
  readonly engine: InferenceEngine
  readonly views: ReceiptViews
  readonly head: HeadReader
}

/** The adapters that this host serves, in the shape of OpenAI's list, with what the chain says of each. */
export class ModelList {
  readonly #host: Address
  readonly #rules: ReceiptRules
  readonly #modules: ModelListModules
  #height = -1
  #list: object = {}

  constructor(options: { host: Address; rules: ReceiptRules }, modules: ModelListModules) {
    this.#host = options.host
    this.#rules = options.rules
    this.#modules = modules
  }

  /** Read from the chain once a block. */
  get(): object {
    const { engine, head } = this.#modules
    if (this.#height !== head.height) {
      const models = engine.models().slice(0, limits.gatewayModels)
      this.#list = { object: 'list', data: models.flatMap((model) => this.#describe(model) ?? []) }
      this.#height = head.height
    }
    return this.#list
  }

  #describe({ adapterId, adapterVersion }: ServedModel): object | undefined {
    const { views } = this.#modules
    const adapter = views.adapter(adapterId)
    const version = views.adapterVersion(adapterId, adapterVersion)
    const price = views.price(adapterId)
    if (adapter === undefined || version === undefined || price === undefined) return undefined
    const { baseModelId } = adapter
    const model = views.baseModel(baseModelId)
    const auditors = views.auditorsOf(baseModelId)
    const eligible = auditors.filter((auditor) => auditor !== this.#host).length
    return {
      id: String(adapterId),
      object: 'model',
      owned_by: adapter.owner,
      version: adapterVersion,
      // requests for an earlier version settle for a while yet
      isCurrent: adapter.version === adapterVersion,
      isActive: adapter.status === adapterStatus.active && version.status === versionStatus.active,
      isOpen: adapter.accessPolicy === ACCESS_OPEN,
      licence: adapter.licence,
      metadataCid: adapter.metadataCid,
      baseModel: { id: String(baseModelId), name: model?.name, profileHash: model?.profileHash },
      datanets: version.datanets.map((datanet) => ({
        id: String(datanet.datanetId),
        version: datanet.version,
      })),
      price: {
        baseWei: String(price.baseWei),
        perThousandInputWei: String(price.perThousandInputWei),
        perThousandOutputWei: String(price.perThousandOutputWei),
      },
      audit: {
        rateBps: this.#rules.auditRateBps,
        committee: this.#rules.auditCommittee,
        auditors: eligible,
        // with fewer auditors than seats receipts stay unaudited and earn no incentives
        isAuditable: eligible >= this.#rules.auditCommittee,
      },
    }
  }
}
