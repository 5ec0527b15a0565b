import { contributionStatus as status } from '../../../../precompiles/datanet/layout.ts'
import type { Dice } from '../../callFuzzer.ts'
import type { RunningWorld } from '../runningWorld.ts'
import type { Move, Player } from '../subject.ts'
import { Cast } from './cast.ts'
import { Contributing } from './contributing.ts'
import { Keeping } from './keeping.ts'
import { DatanetScan } from './scan.ts'
import { Scoring } from './scoring.ts'
import type { DatanetStart } from './start.ts'

type Make = () => Move | undefined
type Choice = readonly [weight: number, make: Make]

/** Lives of Datanets: whatever comes next for one of them, mostly in a form that succeeds. */
export class DatanetPlayer implements Player {
  readonly #cast: Cast
  readonly #contributing: Contributing
  readonly #choices: readonly Choice[]
  readonly #lives: () => readonly Make[]
  #plan: Make[] = []

  constructor(dice: Dice, start: DatanetStart, native: RunningWorld) {
    this.#cast = new Cast(dice, start, new DatanetScan(native))
    const contributing = new Contributing(this.#cast)
    const scoring = new Scoring(this.#cast, contributing)
    const keeping = new Keeping(this.#cast)
    this.#contributing = contributing
    const times = (most: number, make: Make): Make[] =>
      Array.from({ length: 1 + dice.below(most) }, () => make)
    const round = (): Make[] => [
      () => scoring.draw(),
      ...times(9, () => scoring.commit()),
      ...times(3, () => scoring.commit()),
      ...times(9, () => scoring.reveal()),
      ...times(6, () => scoring.reveal()),
      () => scoring.resolve(),
    ]
    const life = (): Make[] => [
      ...times(6, () => contributing.commit()),
      ...(dice.below(3) === 0 ? times(2, () => scoring.plant()) : []),
      ...times(6, () => contributing.reveal()),
      ...times(6, () => contributing.reveal()),
      () => contributing.order(),
      ...round(),
      ...times(3, () => scoring.answer()),
      ...(dice.below(2) === 0 ? [...times(2, () => scoring.challenge()), ...round()] : []),
      ...(dice.below(3) === 0 ? [() => scoring.release(), () => keeping.freeze()] : []),
    ]
    this.#lives = () => (dice.below(3) === 0 ? keeping.affairs() : life())
    this.#choices = [
      [6, () => contributing.commit()],
      [8, () => contributing.reveal()],
      [8, () => contributing.order()],
      [6, () => scoring.draw()],
      [8, () => scoring.commit()],
      [8, () => scoring.reveal()],
      [9, () => scoring.resolve()],
      [6, () => scoring.challenge()],
      [4, () => scoring.release()],
      [3, () => scoring.plant()],
      [8, () => scoring.answer()],
      [4, () => keeping.create()],
      [4, () => keeping.terms()],
      [3, () => keeping.ownership()],
      [4, () => keeping.purse()],
      [8, () => keeping.seats()],
      [5, () => keeping.access()],
      [5, () => keeping.freeze()],
      [1, () => keeping.tombstone()],
      [5, () => keeping.claim()],
      [9, () => keeping.view()],
    ]
  }

  async next(): Promise<Move> {
    this.#contributing.look()
    for (;;) {
      const made = this.#next()()
      if (made !== undefined) return { ...made, ...this.#pause(made) }
    }
  }

  /** Mostly what comes next in a life, and then and now something else. */
  #next(): Make {
    const { dice } = this.#cast
    if (dice.below(6) === 0) return this.#other()
    if (this.#plan.length === 0) {
      this.#cast.refocus()
      this.#plan = [...this.#lives()]
    }
    return this.#plan.shift() ?? this.#other()
  }

  /** Windows are short: most steps follow in the same block. */
  #pause({ advance }: Move): Partial<Move> {
    const kind = this.#cast.dice.below(50)
    if (advance !== undefined || kind === 0) return {}
    return { advance: kind < 5 ? 1 : 0 }
  }

  #other(): Make {
    const total = this.#choices.reduce((sum, [weight]) => sum + weight, 0)
    let ticket = this.#cast.dice.below(total)
    for (const [weight, make] of this.#choices) {
      if (ticket < weight) return make
      ticket -= weight
    }
    throw new Error('a ticket below the total falls on a choice')
  }

  boundaries(): readonly bigint[] {
    const { revealMinBlocks, revealMaxBlocks } = this.#cast.parameters
    const open = [status.committed, status.scoring, status.accepted, status.waiting, status.challenged]
    const contributions = this.#cast.contributions(open).flatMap((one) => {
      if (one.status === status.committed) {
        return [one.commitBlock + revealMinBlocks, one.commitBlock + revealMaxBlocks]
      }
      return [one.panelBlock, one.scoreCommitEndBlock, one.scoreRevealEndBlock, one.challengeEndBlock]
    })
    const purses = this.#cast.datanets().map(({ purseWithdrawableBlock }) => purseWithdrawableBlock)
    return [...contributions, ...purses].filter((block) => block > 0).map(BigInt)
  }
}
