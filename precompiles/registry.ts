import { NodeError } from '../src/errors/errors.ts'
import type { Address } from '../src/primitives/hex.ts'
import { adapterRegistry } from './adapter/precompile.ts'
import { datanetRegistry } from './datanet/precompile.ts'
import type { NativePrecompile } from './host.ts'
import type { PrecompileParameters } from './parameters.ts'
import { proofOfAttribution } from './proofOfAttribution/precompile.ts'

/** From `fromTimestamp` (seconds since the Unix epoch) on, the account runs this version. */
export interface Activation {
  readonly fromTimestamp: bigint
  readonly precompile: NativePrecompile
}

/**
 * The native precompiles of a chain, by address and then by time. An address has one version at a time; a later
 * activation has a later version, and old ones stay for replay.
 */
export class PrecompileRegistry {
  readonly #byAddress: ReadonlyMap<Address, readonly Activation[]>

  /** Errors: BAD_GENESIS when two activations collide or go back. */
  constructor(activations: readonly Activation[]) {
    const byAddress = new Map<Address, Activation[]>()
    const sorted = [...activations].sort(compare)
    for (const activation of sorted) {
      const earlier = byAddress.get(activation.precompile.address) ?? []
      checkFollows(earlier.at(-1), activation)
      byAddress.set(activation.precompile.address, [...earlier, activation])
    }
    checkNames(sorted)
    this.#byAddress = byAddress
  }

  /** Ascending; every one is an account of the genesis state with code 0xfe and nonce 1. */
  get addresses(): readonly Address[] {
    return [...this.#byAddress.keys()]
  }

  /** The version that runs at `address` in a block with this timestamp. */
  at(address: Address, timestamp: bigint): NativePrecompile | undefined {
    return this.#byAddress.get(address)?.findLast((activation) => activation.fromTimestamp <= timestamp)
      ?.precompile
  }

  /** All that run in a block with this timestamp, by ascending address. */
  activeAt(timestamp: bigint): NativePrecompile[] {
    return this.addresses.flatMap((address) => this.at(address, timestamp) ?? [])
  }
}

function compare(a: Activation, b: Activation): number {
  if (a.precompile.address !== b.precompile.address)
    return a.precompile.address < b.precompile.address ? -1 : 1
  if (a.fromTimestamp === b.fromTimestamp) return a.precompile.version - b.precompile.version
  return a.fromTimestamp < b.fromTimestamp ? -1 : 1
}

function checkFollows(earlier: Activation | undefined, later: Activation): void {
  if (earlier === undefined) return
  const { name, address, version } = later.precompile
  const isLater = later.fromTimestamp > earlier.fromTimestamp
  if (isLater && version > earlier.precompile.version && name === earlier.precompile.name) return
  throw new NodeError('BAD_GENESIS', `Two activations of a native precompile collide at ${address}.`, {
    address,
    versions: [earlier.precompile.version, version],
  })
}

function checkNames(activations: readonly Activation[]): void {
  const addressOf = new Map<string, Address>()
  for (const { precompile } of activations) {
    const known = addressOf.get(precompile.name) ?? precompile.address
    if (known !== precompile.address) {
      throw new NodeError('BAD_GENESIS', `${precompile.name} is at two addresses.`, { name: precompile.name })
    }
    addressOf.set(precompile.name, precompile.address)
  }
}

/** Every version of every module there is, with a chain's parameters; genesis says which runs when. */
export function availablePrecompiles(parameters: PrecompileParameters): readonly NativePrecompile[] {
  return [datanetRegistry(parameters), adapterRegistry(parameters), proofOfAttribution(parameters)]
}

/** Version 1 of all three, from genesis. */
export function nativePrecompiles(parameters: PrecompileParameters): PrecompileRegistry {
  return new PrecompileRegistry(
    availablePrecompiles(parameters).map((precompile) => ({ fromTimestamp: 0n, precompile })),
  )
}
