/**
 * CometBFT's proposer selection (spec/consensus/proposer-selection.md), written from the text of its pseudocode and
 * apart from src/consensus/proposer.ts: by name, on a map, one paragraph of the specification after the other. Where
 * the text leaves rounding open it is named here: the scale is rounded up, so that the distance fits the threshold;
 * a scaled priority is rounded towards zero; the average is rounded down.
 */
export interface Member {
  readonly name: string
  readonly power: bigint
}

export class ReferenceSelection {
  #members: readonly Member[]
  #priority: Map<string, bigint>

  constructor(members: readonly Member[]) {
    this.#members = members
    this.#priority = new Map(members.map(({ name }) => [name, 0n]))
  }

  priorityOf(name: string): bigint {
    return this.#priority.get(name) ?? 0n
  }

  /** "Proposer Priority Range": scale, centre, then select as in "Basic Algorithm". */
  elect(): string {
    this.#scale()
    this.#centre()
    return this.#select()
  }

  /** The proposers of rounds 0, 1, … of one height. Scaling and centring come once for a height. */
  rounds(count: number): string[] {
    const trial = new ReferenceSelection(this.#members)
    trial.#priority = new Map(this.#priority)
    trial.#scale()
    trial.#centre()
    return Array.from({ length: count }, () => trial.#select())
  }

  /** "Validator Set Changes": who stays keeps its place, who joins starts at −1.125 × P of the set with it. */
  change(members: readonly Member[]): void {
    const isSame =
      members.length === this.#members.length &&
      members.every(({ name, power }, index) => {
        const before = this.#members[index]
        return before?.name === name && before.power === power
      })
    if (isSame) return
    const before = this.#priority
    this.#members = members
    // rounded towards zero: "since current computation uses integer division there is penalty loss"
    const newcomer = (this.#total() * -1_125n) / 1_000n
    this.#priority = new Map(members.map(({ name }) => [name, before.get(name) ?? newcomer]))
    this.#scale()
    this.#centre()
  }

  #total(): bigint {
    return this.#members.reduce((sum, { power }) => sum + power, 0n)
  }

  #scale(): void {
    const sorted = [...this.#priority.values()].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
    const difference = sorted.at(-1)! - sorted[0]!
    const threshold = 2n * this.#total()
    if (difference <= threshold) return
    const scale = difference / threshold + (difference % threshold === 0n ? 0n : 1n)
    for (const [name, priority] of this.#priority) this.#priority.set(name, priority / scale)
  }

  #centre(): void {
    const size = BigInt(this.#priority.size)
    let average = 0n
    for (const priority of this.#priority.values()) average += priority
    // rounded down: the remainder of a negative number has its sign
    average = (average - (((average % size) + size) % size)) / size
    for (const [name, priority] of this.#priority) this.#priority.set(name, priority - average)
  }

  #select(): string {
    for (const { name, power } of this.#members) this.#priority.set(name, this.priorityOf(name) + power)
    const [first] = [...this.#members].sort((a, b) => {
      const [mine, other] = [this.priorityOf(a.name), this.priorityOf(b.name)]
      if (mine !== other) return mine > other ? -1 : 1
      return a.name < b.name ? -1 : 1
    })
    this.#priority.set(first!.name, this.priorityOf(first!.name) - this.#total())
    return first!.name
  }
}
