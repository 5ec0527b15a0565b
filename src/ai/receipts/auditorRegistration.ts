import { auditorStatus } from '../../../precompiles/proofOfAttribution/layout.ts'
import { addAuditorBondCall, registerAuditorCall } from './calls.ts'
import type { Outbox } from './outbox.ts'
import type { BlockFollower, HeadReader, ReceiptRules } from './ports.ts'
import { UnderWay } from './underWay.ts'
import type { ReceiptViews } from './views.ts'

export interface AuditedModel {
  readonly baseModelId: bigint
  /** Wanted; a bond that has lost a part is filled up to it, before it falls below the least. */
  readonly bondWei: bigint
}

export interface AuditorRegistrationModules {
  readonly views: ReceiptViews
  readonly outbox: Outbox
  readonly head: HeadReader
}

/**
 * Registers this node's account as an auditor of the base models that it can run, once they are on the chain, and keeps
 * its bonds filled. One that left stays away.
 */
export class AuditorRegistration implements BlockFollower {
  readonly #models: () => readonly AuditedModel[]
  readonly #rules: ReceiptRules
  readonly #modules: AuditorRegistrationModules
  readonly #underWay = new UnderWay()

  constructor(
    options: { models: () => readonly AuditedModel[]; rules: ReceiptRules },
    modules: AuditorRegistrationModules,
  ) {
    this.#models = options.models
    this.#rules = options.rules
    this.#modules = modules
  }

  /** Whether this node audits the base model now. */
  isRegistered(baseModelId: bigint): boolean {
    const { views, outbox } = this.#modules
    return views.auditor(outbox.address, baseModelId)?.status === auditorStatus.active
  }

  follow(): void {}

  act(): void {
    const { views, outbox, head } = this.#modules
    this.#underWay.advance(head.height)
    for (const { baseModelId, bondWei } of this.#models()) {
      const key = `register/${baseModelId}`
      if (this.#underWay.has(key)) continue
      const least = this.#rules.auditorBondMinWei
      const wantedWei = bondWei > least ? bondWei : least
      const registered = views.auditor(outbox.address, baseModelId)
      // a refused one (no money, most of all) waits as well, so that it is not tried at every block
      if (registered === undefined) {
        outbox.send('registerAuditor', registerAuditorCall(baseModelId, wantedWei))
      } else if (registered.status === auditorStatus.active && registered.bondWei < wantedWei) {
        outbox.send('addAuditorBond', addAuditorBondCall(baseModelId, wantedWei - registered.bondWei))
      } else continue
      this.#underWay.sent(key, head.height)
    }
  }
}
