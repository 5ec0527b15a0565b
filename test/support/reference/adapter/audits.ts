import { challengeStatus } from '../../../../precompiles/adapter/layout.ts'
import { type Address, ZERO_HASH } from '../../../../src/primitives/hex.ts'
import type { Dice } from '../../callFuzzer.ts'
import { testHash } from '../../precompileWorld.ts'
import type { Move } from '../subject.ts'
import { adapterCall, type Idea } from './calls.ts'
import type { AdapterScan } from './scan.ts'
import { type Committed, commitmentOf } from './start.ts'

/** What committees of row audits could do next. Remembers what they have committed to. */
export class AuditIdeas {
  readonly #dice: Dice
  readonly #scan: AdapterScan
  readonly #committed: Committed[]

  constructor(dice: Dice, scan: AdapterScan, committed: readonly Committed[]) {
    this.#dice = dice
    this.#scan = scan
    this.#committed = [...committed]
  }

  /** What the committee of an adapter may do. */
  of(id: bigint, focus: readonly bigint[]): readonly Idea[] {
    const { committee, committed, revealed, status, commitEndBlock, revealEndBlock } =
      this.#scan.challenge(id)
    const resolve = () => adapterCall(this.#dice, 'resolveRowChallenge', [id])
    if (status !== challengeStatus.audit) return [resolve]
    const block = this.#scan.block()
    const waiting = committee.filter((_, seat) => ((committed >> seat) & 1) === 0)
    const commits = waiting.map((auditor) => () => this.#commit(id, auditor, focus))
    const silent = committee.filter((_, seat) => (((committed & ~revealed) >> seat) & 1) === 1)
    const reveals = silent.map((auditor) => () => this.#reveal(id, auditor))
    const odd = this.#dice.below(12) === 0
    const wrong = [resolve, ...reveals, ...commits, () => this.#commit(id, this.#dice.one(committee), focus)]
    if (odd) return wrong
    if (block > revealEndBlock) return [resolve]
    if (waiting.length > 0 && block <= commitEndBlock) return commits
    return reveals.length > 0 ? reveals : [resolve]
  }

  /** Verdicts of one challenge are mostly of one mind. */
  #verdictOn(challengeId: bigint): number {
    const mood = [1, 2, 4, 2][Number(challengeId % 4n)] ?? 1
    return this.#dice.below(4) === 0 ? this.#dice.one([0, 1, 2, 3, 4, 5]) : mood
  }

  #commit(id: bigint, auditor: Address, focus: readonly bigint[]): Move {
    const dice = this.#dice
    const sits = (other: bigint) => {
      const { status, committee, committed } = this.#scan.challenge(other)
      const seat = committee.indexOf(auditor)
      return status === challengeStatus.audit && seat >= 0 && ((committed >> seat) & 1) === 0
    }
    const others = focus.filter((other) => other !== id && sits(other))
    const adapterIds = dice.below(2) === 0 ? [id, ...others] : [id]
    if (dice.below(20) === 0) adapterIds.push(id)
    const challengeIds = adapterIds.map((one) => this.#scan.challenge(one).challengeId)
    const verdicts = challengeIds.map((challengeId) => this.#verdictOn(challengeId))
    const reveal = { auditor, adapterIds, challengeIds, verdicts, salt: testHash(`salt ${dice.below(100)}`) }
    this.#committed.push(reveal)
    const commitment = dice.below(24) === 0 ? ZERO_HASH : commitmentOf(reveal)
    return adapterCall(this.#dice, 'commitRowAudit', [dice.below(30) === 0 ? [] : adapterIds, commitment], {
      from: auditor,
    })
  }

  #reveal(id: bigint, auditor: Address): Move {
    const dice = this.#dice
    const { challengeId } = this.#scan.challenge(id)
    const known = this.#committed.findLast(
      (one) => one.auditor === auditor && one.challengeIds.includes(challengeId),
    )
    const { adapterIds, verdicts, salt } = known ?? { adapterIds: [id], verdicts: [1], salt: ZERO_HASH }
    const given = dice.below(24) === 0 ? verdicts.slice(1) : verdicts
    const shown = dice.below(16) === 0 ? testHash('another salt') : salt
    return adapterCall(this.#dice, 'revealRowAudit', [adapterIds, given, shown], { from: auditor })
  }
}
