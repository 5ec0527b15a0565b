import type { Move } from '../subject.ts'
import type { Idea, Table } from './table.ts'

const LARGEST = 2 ** 32 - 1

/** Moves that close windows and pay what nobody earned. */
export class Closing {
  readonly #table: Table

  constructor(table: Table) {
    this.#table = table
  }

  /** Works on the oldest window, once it is old where that is awaited. */
  close(adapterId: bigint, awaited: boolean): Move {
    const { dice, scan, start } = this.#table
    const { windowAgeBlocks } = start.world.parameters
    const window = scan.window(adapterId, scan.windows(adapterId).closed + 1n)
    const isFull = window.settled >= start.world.parameters.windowReceipts
    const oldBlock = window.openedBlock + windowAgeBlocks - (dice.below(8) === 0 ? 1 : 0)
    const waits = awaited && !isFull ? this.#table.until(oldBlock) : {}
    if (dice.below(3) > 0) return this.#table.call('closeWindow', [adapterId, this.#work()], waits)
    const others = this.#table.some(start.adapterIds, 4)
    const ids = this.#table.rarely<readonly bigint[]>(
      [adapterId, ...others],
      [],
      Array<bigint>(65).fill(adapterId),
    )
    return this.#table.call(
      'closeWindows',
      [[...ids, ...(dice.below(4) === 0 ? [99n, adapterId] : [])], this.#work()],
      waits,
    )
  }

  #work(): number {
    const { dice } = this.#table
    return this.#table.rarely(dice.one([1, 2, 3, 5, 8, 10, 20, 100, LARGEST]), 0)
  }

  /** The members of a Datanet's version take their part of pots that nobody earned. */
  claim(): Move {
    const { dice } = this.#table
    const places = Array.from({ length: 1 + dice.below(6) }, () => dice.below(8))
    const odd = [[], [8], Array<number>(65).fill(0), [0, LARGEST]]
    const { datanetId, version } = this.version()
    return this.#table.call('claimRemainder', [datanetId, version, this.#table.rarely(places, ...odd)])
  }

  /** A version of a Datanet that is there, most of the time. */
  version(): { readonly datanetId: bigint; readonly version: number } {
    const { dice } = this.#table
    const datanetId = this.#table.rarely(dice.one([1n, 1n, 1n, 2n]), 0n, 99n)
    return { datanetId, version: this.#table.rarely(1, 0, 2) }
  }

  ideas(): readonly Idea[] {
    const { dice, start } = this.#table
    return [
      () => this.close(this.#table.rarely(dice.one(start.adapterIds), 0n, 99n), false),
      () => this.claim(),
      () => this.claim(),
    ]
  }
}
