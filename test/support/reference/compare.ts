import { adapterSubject } from './adapter/subject.ts'
import { Coverage } from './coverage.ts'
import type { RegistryName } from './registries.ts'
import { describeFinding, runSequence, shrink } from './sequence.ts'
import type { AnySubject } from './subject.ts'
import { TwinWorlds } from './twinWorlds.ts'

/** Calls of one sequence; trees count as one. */
export const SEQUENCE_LENGTH = 10

/** Every registry that is compared with its reference. */
export const subjects: Readonly<Record<RegistryName, AnySubject>> = {
  adapter: adapterSubject as AnySubject,
}

/** A registry in two worlds, in which sequences of calls run one after the other, each from the start. */
export class Comparison {
  readonly coverage: Coverage
  readonly #subject: AnySubject
  readonly #worlds: TwinWorlds
  readonly #start: ReturnType<AnySubject['start']>

  private constructor(subject: AnySubject, start: ReturnType<AnySubject['start']>, worlds: TwinWorlds) {
    this.#subject = subject
    this.#start = start
    this.#worlds = worlds
    this.coverage = new Coverage(subject.registry)
  }

  static async of(name: RegistryName): Promise<Comparison> {
    const subject = subjects[name]
    const start = subject.start()
    return new Comparison(subject, start, await TwinWorlds.of(start.world, [subject.registry]))
  }

  /** The shortest replay of a difference, in words; undefined when the worlds agree. */
  async run(seed: number): Promise<string | undefined> {
    const options = {
      seed,
      length: SEQUENCE_LENGTH,
      player: (dice: Parameters<AnySubject['player']>[0]) =>
        this.#subject.player(dice, this.#start, this.#worlds.native),
    }
    const finding = await runSequence(this.#worlds, options, (ending) => this.coverage.observe(ending))
    if (finding === undefined) return undefined
    return describeFinding(seed, await shrink(this.#worlds, seed, finding))
  }
}
