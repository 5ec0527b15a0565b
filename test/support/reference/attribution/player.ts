import { receiptStatus, windowState } from '../../../../precompiles/proofOfAttribution/layout.ts'
import { ZERO_ADDRESS } from '../../../../src/primitives/hex.ts'
import type { Dice } from '../../callFuzzer.ts'
import type { RunningWorld } from '../runningWorld.ts'
import type { Move, Player } from '../subject.ts'
import { Accounts } from './accounts.ts'
import { Auditing } from './auditing.ts'
import { Closing } from './closing.ts'
import { evidenceOf } from './evidence.ts'
import { AUDITORS, HOSTS, REQUESTERS } from './people.ts'
import { Settling } from './settling.ts'
import type { AttributionStart } from './start.ts'
import { type Idea, Table } from './table.ts'
import { viewsOf } from './views.ts'

/** More open receipts than these are not needed for anything. */
const ENOUGH = 40

/** Plays a market of receipts: keeps what was signed, and thinks of what could come next in the native world. */
export class AttributionPlayer implements Player {
  readonly #table: Table
  readonly #settling: Settling
  readonly #auditing: Auditing
  readonly #closing: Closing
  readonly #accounts: Accounts

  constructor(dice: Dice, start: AttributionStart, native: RunningWorld) {
    this.#table = new Table(dice, start, native)
    this.#settling = new Settling(this.#table)
    this.#auditing = new Auditing(this.#table)
    this.#closing = new Closing(this.#table)
    this.#accounts = new Accounts(this.#table)
  }

  boundaries(): readonly bigint[] {
    const { scan, start, focus } = this.#table
    const { challengeWindowBlocks, windowAgeBlocks, appealBlocks } = start.world.parameters
    const ofReceipts = this.#table.open().flatMap(({ receiptId }) => {
      const audit = scan.audit(receiptId)
      const appeal = scan.appeal(receiptId)
      return [
        this.#table.settledBlock(receiptId) + challengeWindowBlocks,
        audit.commitEndBlock,
        audit.revealEndBlock,
        audit.revealEndBlock + appealBlocks,
        audit.lastRevealBlock + appealBlocks,
        appeal.commitEndBlock,
        appeal.revealEndBlock,
      ]
    })
    const ofAdapters = focus.flatMap((id) => [
      scan.window(id, scan.windows(id).closed + 1n).openedBlock + windowAgeBlocks,
      scan.version(id, 2).activeFromBlock,
      scan.version(id, 1).retiredBlock,
    ])
    const ofAccounts = [
      ...HOSTS.map(({ address }) => scan.host(address).withdrawableBlock),
      ...REQUESTERS.map(({ address }) => scan.deposit(address, ZERO_ADDRESS).withdrawableBlock),
      ...AUDITORS.map(({ address }) => scan.auditor(address, start.baseModelIds[0] ?? 1n).withdrawableBlock),
    ]
    return [...ofReceipts, ...ofAdapters, ...ofAccounts].map(BigInt)
  }

  async next(): Promise<Move> {
    const { dice, scan } = this.#table
    // values that are set again in the block in which they were set
    if (this.#table.governedBlock === scan.block() && dice.below(2) === 0) {
      return dice.one(this.#accounts.governance(0))()
    }
    const kind = dice.below(36)
    if (kind < 19) return dice.one(this.#progress())()
    if (kind < 21) return dice.one(this.#settling.ideas())()
    if (kind < 22) return dice.one(this.#auditing.ideas())()
    if (kind < 23) return dice.one(this.#closing.ideas())()
    if (kind < 25) return dice.one(this.#accounts.deposits())()
    if (kind < 27) return dice.one(this.#accounts.hosts())()
    if (kind < 29) return dice.one(this.#accounts.auditors())()
    if (kind < 30) return dice.one(this.#accounts.siblings())()
    if (kind < 32) return dice.one(this.#accounts.claims())()
    if (kind < 34) return dice.one(this.#accounts.governance())()
    return dice.one(dice.below(3) === 0 ? evidenceOf(this.#table) : viewsOf(this.#table))()
  }

  /** What brings receipts and windows further. */
  #progress(): readonly Idea[] {
    const [settled, audited, appealed] = [
      receiptStatus.settled,
      receiptStatus.auditOpen,
      receiptStatus.appealed,
    ].map((status) => this.#table.withStatus(status))
    const ideas: Idea[] = []
    const add = (times: number, list: readonly unknown[] | undefined, idea: Idea) => {
      if (list !== undefined && list.length > 0) for (let n = 0; n < times; n++) ideas.push(idea)
    }
    const open = this.#table.open()
    if (open.length < ENOUGH) add(6, [open], () => this.#settling.settle())
    add(2, settled, () => this.#auditing.draw(settled ?? []))
    const young = this.#table.young()
    const undrawn = young.filter(({ receiptId }) => this.#table.statusOf(receiptId) === receiptStatus.settled)
    add(2, undrawn, () => this.#settling.challenge(undrawn))
    add(1, young, () => this.#settling.markWrong(young))
    add(3, audited, () => this.#auditing.commit(audited ?? []))
    add(5, this.#auditing.toReveal(), () => this.#auditing.reveal())
    add(1, audited, () => this.#auditing.openAppeal(audited ?? []))
    add(4, audited, () => this.#auditing.appeal(audited ?? []))
    add(3, appealed, () => this.#auditing.vote(appealed ?? []))
    add(5, this.#auditing.votesToReveal(), () => this.#auditing.revealVote())
    add(5, open, () => this.#settling.finalize(open))
    this.#windows(add)
    return ideas
  }

  #windows(add: (times: number, list: readonly unknown[], idea: Idea) => void): void {
    const { scan, focus } = this.#table
    for (const id of focus) {
      const window = scan.window(id, scan.windows(id).closed + 1n)
      const isEnded = window.state === windowState.open && window.settled === window.finished
      if (isEnded) add(5, [id], () => this.#closing.close(id, true))
      if (window.state > windowState.open) add(8, [id], () => this.#closing.close(id, false))
    }
    add(1, focus, () => this.#closing.claim())
  }
}
