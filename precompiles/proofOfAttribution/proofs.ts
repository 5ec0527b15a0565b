import { type Hash, hexToBytes } from '../../src/primitives/hex.ts'
import type { VersionView } from '../adapter/read.ts'
import { gasPrices, perHashed } from '../shared/gas.ts'
import { isInTree, type LeafPlace } from '../shared/merkle.ts'
import { type AttributionCall, fail } from './call.ts'

/** A version of an adapter, whatever its status. */
export function existingVersion(
  { adapters }: AttributionCall,
  adapterId: bigint,
  version: number,
): VersionView {
  const adapter = adapters.adapter(adapterId)
  if (adapter === undefined) return fail('UnknownAdapter', { adapterId })
  return adapters.version(adapter, version) ?? fail('UnknownVersion', { id: adapterId, version })
}

/** Whether a leaf is where it is said to be in a version's tree; priced by what is hashed. */
export function isProven(
  { host }: AttributionCall,
  root: Hash,
  place: LeafPlace,
  leaf: Uint8Array,
  path: readonly Hash[],
): boolean {
  host.useGas(perHashed(leaf.length + 1) + gasPrices.merkleNode * BigInt(path.length))
  const hash = (data: Uint8Array) => hexToBytes(host.keccak(data))
  return isInTree(
    hash,
    hexToBytes(root),
    leaf,
    place,
    path.map((node) => hexToBytes(node)),
  )
}
