import { hostStatus } from '../../../precompiles/proofOfAttribution/layout.ts'
import type { Address } from '../../primitives/hex.ts'
import { addHostBondCall, registerHostCall, updateHostCall } from '../receipts/calls.ts'
import type { Outbox } from '../receipts/outbox.ts'
import type { BlockFollower, HeadReader, ReceiptRules, TransactionRequest } from '../receipts/ports.ts'
import { UnderWay } from '../receipts/underWay.ts'
import type { HostView, ReceiptViews } from '../receipts/views.ts'

export interface HostRegistrationOptions {
  /** Whose signature receipts carry. */
  readonly signer: Address
  /** Where auditors find this host: an http or https URL, at most 256 bytes. */
  readonly endpoint: string
  /** Bond at registration. */
  readonly bondWei: bigint
  /** The bond is never raised above this. */
  readonly mostBondWei: bigint
  readonly rules: ReceiptRules
}

export interface HostRegistrationModules {
  readonly views: ReceiptViews
  readonly outbox: Outbox
  readonly head: HeadReader
  /** What answers without a settled receipt will bring. */
  readonly owedWei: () => bigint
}

/** Keeps this host registered with its signer and endpoint, and its bond high enough for its open fees. */
export class HostRegistration implements BlockFollower {
  readonly #options: HostRegistrationOptions
  readonly #modules: HostRegistrationModules
  readonly #underWay = new UnderWay()

  constructor(options: HostRegistrationOptions, modules: HostRegistrationModules) {
    this.#options = options
    this.#modules = modules
  }

  follow(): void {}

  act(): void {
    const { views, outbox, head } = this.#modules
    this.#underWay.advance(head.height)
    const host = views.host(outbox.address)
    const due = this.#due(host)
    // once the bond is another, what was sent to raise it is done
    const key = `${due?.work}/${host?.bondWei ?? 0n}`
    if (due === undefined || this.#underWay.has(key)) return
    // a refused one waits as well: without money it would be tried at every block
    outbox.send(due.work, due.call)
    this.#underWay.sent(key, head.height)
  }

  #due(host: HostView | undefined): { readonly work: string; readonly call: TransactionRequest } | undefined {
    const { signer, endpoint, bondWei, rules } = this.#options
    if (host === undefined || host.status === hostStatus.left) {
      const least = rules.hostBondMinWei
      const call = registerHostCall(signer, endpoint, bondWei > least ? bondWei : least)
      return { work: 'registerHost', call }
    }
    // one that leaves was told so by its operator
    if (host.status !== hostStatus.active) return undefined
    if (host.signer !== signer || host.endpoint !== endpoint) {
      return { work: 'updateHost', call: updateHostCall(signer, endpoint) }
    }
    const missingWei = this.#missingWei(host)
    return missingWei > 0n ? { work: 'addHostBond', call: addHostBondCall(missingWei) } : undefined
  }

  /** When the bond does not stand for twice what is open, it is raised to that. */
  #missingWei({ bondWei, openFeesWei }: HostView): bigint {
    const { mostBondWei, rules } = this.#options
    const openWei = openFeesWei + this.#modules.owedWei()
    const wantedWei = 2n * openWei * BigInt(rules.hostBondMultiple)
    const goalWei = wantedWei < mostBondWei ? wantedWei : mostBondWei
    return goalWei - bondWei
  }
}
