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

/** From `fromTimestamp` on, nothing runs at the address. */
export interface Removal {
  readonly fromTimestamp: bigint
  readonly removes: Address
}

/** One entry of a chain's schedule. */
export type Change = Activation | Removal

/** What an address runs at some time, and what comes next. */
export interface Scheduled {
  readonly name: string
  readonly address: Address
  /** What runs now; absent before the first activation and after a removal. */
  readonly current?: Activation
  readonly next?: Change
}

/**
 * The native precompiles of a chain, by address and then by time. An address has one version at a time; a later
 * activation has a later version, also after a removal, and old ones stay for replay.
 *
 * Where nothing runs, before the first activation and after a removal, a call meets the account's code, 0xfe: it fails
 * as INVALID does and takes all its gas. Storage and balance of a removed precompile stay where they are.
 */
export class PrecompileRegistry {
  readonly #byAddress: ReadonlyMap<Address, readonly Change[]>

  /** Errors: BAD_GENESIS when two entries collide or go back, or when a removal has nothing to remove. */
  constructor(changes: readonly Change[]) {
    const byAddress = new Map<Address, Change[]>()
    const sorted = [...changes].sort(compare)
    for (const change of sorted) {
      const address = addressOf(change)
      const earlier = byAddress.get(address) ?? []
      checkFollows(earlier, change)
      byAddress.set(address, [...earlier, change])
    }
    checkNames(sorted.filter(isActivation))
    this.#byAddress = byAddress
  }

  /** Ascending; every one is an account of the genesis state with code 0xfe and nonce 1. */
  get addresses(): readonly Address[] {
    return [...this.#byAddress.keys()]
  }

  /** The version that runs at `address` in a block with this timestamp. */
  at(address: Address, timestamp: bigint): NativePrecompile | undefined {
    return this.#activationAt(address, timestamp)?.precompile
  }

  /** All that run in a block with this timestamp, by ascending address. */
  activeAt(timestamp: bigint): NativePrecompile[] {
    return this.addresses.flatMap((address) => this.at(address, timestamp) ?? [])
  }

  /** Every address of the schedule as it stands in a block with this timestamp, ascending. */
  scheduleAt(timestamp: bigint): Scheduled[] {
    return [...this.#byAddress].map(([address, changes]) => {
      const current = this.#activationAt(address, timestamp)
      const next = changes.find(({ fromTimestamp }) => fromTimestamp > timestamp)
      return {
        name: changes.find(isActivation)?.precompile.name ?? '',
        address,
        ...(current === undefined ? {} : { current }),
        ...(next === undefined ? {} : { next }),
      }
    })
  }

  #activationAt(address: Address, timestamp: bigint): Activation | undefined {
    const changes = this.#byAddress.get(address) ?? []
    const change = changes.findLast(({ fromTimestamp }) => fromTimestamp <= timestamp)
    return change !== undefined && isActivation(change) ? change : undefined
  }
}

export function isActivation(change: Change): change is Activation {
  return 'precompile' in change
}

function addressOf(change: Change): Address {
  return isActivation(change) ? change.precompile.address : change.removes
}

function compare(a: Change, b: Change): number {
  if (addressOf(a) !== addressOf(b)) return addressOf(a) < addressOf(b) ? -1 : 1
  if (a.fromTimestamp === b.fromTimestamp) return 0
  return a.fromTimestamp < b.fromTimestamp ? -1 : 1
}

function checkFollows(earlier: readonly Change[], later: Change): void {
  const before = earlier.at(-1)
  const address = addressOf(later)
  if (before !== undefined && before.fromTimestamp >= later.fromTimestamp) {
    throw new NodeError('BAD_GENESIS', `Two entries of a native precompile collide at ${address}.`, {
      address,
    })
  }
  if (!isActivation(later)) {
    if (before !== undefined && isActivation(before)) return
    throw new NodeError('BAD_GENESIS', `A removal finds no native precompile at ${address}.`, { address })
  }
  const previous = earlier.findLast(isActivation)?.precompile
  const { name, version } = later.precompile
  if (previous === undefined || (version > previous.version && name === previous.name)) return
  throw new NodeError('BAD_GENESIS', `A native precompile goes back at ${address}.`, {
    address,
    versions: [previous.version, version],
  })
}

function checkNames(activations: readonly Activation[]): void {
  const addressByName = new Map<string, Address>()
  for (const { precompile } of activations) {
    const known = addressByName.get(precompile.name) ?? precompile.address
    if (known !== precompile.address) {
      throw new NodeError('BAD_GENESIS', `${precompile.name} is at two addresses.`, { name: precompile.name })
    }
    addressByName.set(precompile.name, precompile.address)
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
