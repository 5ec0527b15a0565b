import type { NativePrecompile } from '../../precompiles/host.ts'
import type { ChainSpec } from '../chainspec/chainSpec.ts'
import { NodeError } from '../errors/errors.ts'

interface Activation {
  readonly precompile: NativePrecompile
  /** First block timestamp, in seconds, at which this version runs. */
  readonly timestamp: bigint
}

/** Which version of which native precompile runs at a block: a function of the genesis file and the timestamp. */
export class PrecompileRegistry {
  /** Per name, by activation time. */
  readonly #schedule: ReadonlyMap<string, readonly Activation[]>

  constructor(spec: ChainSpec, available: readonly NativePrecompile[]) {
    const schedule = new Map<string, Activation[]>()
    for (const { name, version, timestamp } of spec.genesis.precompiles) {
      const precompile = available.find((one) => one.name === name && one.version === version)
      if (precompile === undefined) {
        throw new NodeError('BAD_GENESIS', `This node has no version ${version} of the precompile "${name}".`)
      }
      const versions = schedule.get(name) ?? []
      const last = versions.at(-1)
      if (last !== undefined && last.timestamp >= BigInt(timestamp)) {
        throw new NodeError(
          'BAD_GENESIS',
          `The versions of the precompile "${name}" must come in order of time.`,
        )
      }
      versions.push({ precompile, timestamp: BigInt(timestamp) })
      schedule.set(name, versions)
    }
    this.#schedule = schedule
  }

  activeAt(timestamp: bigint): NativePrecompile[] {
    const active: NativePrecompile[] = []
    for (const versions of this.#schedule.values()) {
      const current = versions.filter((activation) => activation.timestamp <= timestamp).at(-1)
      if (current !== undefined) active.push(current.precompile)
    }
    return active
  }
}
