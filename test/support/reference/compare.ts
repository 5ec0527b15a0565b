import type { PrecompileParameters } from '../../../precompiles/parameters.ts'
import { adapterSubject } from './adapter/subject.ts'
import { attributionSubject } from './attribution/subject.ts'
import { Coverage } from './coverage.ts'
import { datanetSubject } from './datanet/subject.ts'
import { type RegistryName, referenceRegistries } from './registries.ts'
import { describeFinding, type Finding, runSequence, shrink } from './sequence.ts'
import type { AnySubject } from './subject.ts'
import { TwinWorlds } from './twinWorlds.ts'

/** Every registry that is compared with its reference. */
const subjects: Readonly<Record<RegistryName, AnySubject>> = {
  adapter: adapterSubject as AnySubject,
  attribution: attributionSubject as AnySubject,
  datanet: datanetSubject as AnySubject,
}

export const registryNames = Object.keys(subjects) as readonly RegistryName[]

export interface ComparisonOptions {
  /** Whose calls are made. */
  readonly registry: RegistryName
  /** For which references stand, in one world together; the registry alone when it is left out. */
  readonly replaced?: readonly RegistryName[]
  /** Parameters that the references have and the native precompiles do not. */
  readonly otherParameters?: Partial<PrecompileParameters>
}

/** A registry in two worlds, in which sequences of calls run one after the other, each from the start. */
export class Comparison {
  readonly registry: RegistryName
  readonly coverage: Coverage
  readonly #subject: AnySubject
  readonly #worlds: TwinWorlds
  readonly #start: ReturnType<AnySubject['start']>

  private constructor(registry: RegistryName, start: ReturnType<AnySubject['start']>, worlds: TwinWorlds) {
    this.registry = registry
    this.#subject = subjects[registry]
    this.#start = start
    this.#worlds = worlds
    this.coverage = new Coverage(this.#subject.registry)
  }

  static async of({ registry, replaced = [registry], otherParameters = {} }: ComparisonOptions) {
    const start = subjects[registry].start()
    const references = replaced.map((name) => referenceRegistries[name])
    const parameters = { ...start.world.parameters, ...otherParameters }
    return new Comparison(registry, start, await TwinWorlds.of(start.world, references, parameters))
  }

  /** A sequence that shows a difference, as short as it could be made; undefined when the worlds agree. */
  async run(seed: number): Promise<Finding | undefined> {
    const options = {
      seed,
      length: this.#subject.length,
      player: (dice: Parameters<AnySubject['player']>[0]) =>
        this.#subject.player(dice, this.#start, this.#worlds.native),
    }
    const finding = await runSequence(this.#worlds, options, (ending) => this.coverage.observe(ending))
    return finding === undefined ? undefined : shrink(this.#worlds, seed, finding)
  }

  describe(seed: number, finding: Finding): string {
    const again = `./scripts/fuzz precompiles --registry ${this.registry} --seed ${seed} --runs 1`
    return `${describeFinding(seed, finding)}\nAgain: ${again}`
  }
}
