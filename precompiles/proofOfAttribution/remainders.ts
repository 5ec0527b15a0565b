import { invariant } from '../../src/errors/errors.ts'
import type { Member } from '../datanet/members.ts'
import { mappingSlot, namespaceSlot, StructRef, struct } from '../shared/layout.ts'
import { divideByWeights } from '../shared/shares.ts'
import { type AttributionCall, emit } from './call.ts'
import type { WindowVersion } from './windowReader.ts'

/**
 * Pots that nobody earned. A version of a Datanet keeps one sum for all of its members, so that adding to it costs the
 * same for any number of them, and each member takes its part when it is claimed.
 */
export const remainderLayout = struct({
  /** Wei for each unit of weight since ever, in units of 2^−64. */
  perWeightX64: 'uint256',
  /** What the last division left, in units of 2^−64 wei; below the total weight. */
  carry: 'uint128',
  /** Of all members; zero until the first pot comes. */
  totalWeight: 'uint64',
  /** Weights are record counts, because no member has any novelty. */
  byRecords: 'bool',
  /** uint32 member → uint256 perWeightX64 up to which it was paid */
  paidX64: 'mapping',
})
/** uint64 datanetId → uint32 version → Remainder */
export const REMAINDERS_SLOT = namespaceSlot('openledger.storage.Remainders')

const SCALE_BITS = 64n

export type RemainderRef = StructRef<typeof remainderLayout.fields>

export function remainderAt({ store }: AttributionCall, datanetId: bigint, version: number): RemainderRef {
  const ofDatanet = mappingSlot(store, REMAINDERS_SLOT, datanetId)
  return new StructRef(store, remainderLayout, mappingSlot(store, ofDatanet, version))
}

export interface TotalWeight {
  readonly totalWeight: bigint
  readonly byRecords: boolean
}

/** Record counts times novelty, of all members; record counts where none has any novelty. */
export function totalWeightOf(members: readonly Member[]): TotalWeight {
  const sum = (byRecords: boolean) =>
    members.reduce((total, member) => total + weightOf(member, byRecords), 0n)
  const totalWeight = sum(false)
  return totalWeight > 0n ? { totalWeight, byRecords: false } : { totalWeight: sum(true), byRecords: true }
}

export function weightOf({ recordCount, noveltyBps }: Member, byRecords: boolean): bigint {
  return BigInt(recordCount) * (byRecords ? 1n : BigInt(noveltyBps))
}

/** Divides an amount over Datanets by total weight; one without novelty gets nothing while another has some. */
export function divideOverDatanets(amountWei: bigint, weights: readonly TotalWeight[]): readonly bigint[] {
  const byRecords = weights.every((weight) => weight.byRecords)
  return divideByWeights(
    amountWei,
    weights.map((weight) => (weight.byRecords === byRecords ? weight.totalWeight : 0n)),
  )
}

/** What a sum for each unit of weight becomes when an amount is added, and what the division leaves. */
export function grow(
  { perWeightX64, carry }: { readonly perWeightX64: bigint; readonly carry: bigint },
  amountWei: bigint,
  totalWeight: bigint,
): { readonly perWeightX64: bigint; readonly carry: bigint } {
  const added = (amountWei << SCALE_BITS) + carry
  return { perWeightX64: perWeightX64 + added / totalWeight, carry: added % totalWeight }
}

/** Wei of a member: the floor of its part. */
export function partOf(weight: bigint, perWeightX64: bigint, paidX64: bigint): bigint {
  return (weight * (perWeightX64 - paidX64)) >> SCALE_BITS
}

/** Puts the pot of a window, whose members these are, to the Datanets that the adapter stands on. */
export function addRemainder(
  call: AttributionCall,
  { adapterId, view }: WindowVersion,
  windowIndex: bigint,
  members: readonly Member[],
  potWei: bigint,
): void {
  let before = 0
  const datanets = call.adapters.datanets(view).map(({ datanetId, version }) => {
    const facts = call.datanets.version(datanetId, version)
    invariant(facts !== undefined, 'an adapter stands on frozen versions')
    const own = members.slice(before, before + facts.memberCount)
    before += facts.memberCount
    return { datanetId, version, remainder: weighed(remainderAt(call, datanetId, version), own) }
  })
  invariant(before === members.length, 'every member is of one Datanet')
  const parts = divideOverDatanets(
    potWei,
    datanets.map(({ remainder }) => remainder.values()),
  )
  datanets.forEach(({ datanetId, version, remainder }, index) => {
    const amountWei = parts[index] ?? 0n
    if (amountWei === 0n) return
    remainder.update(grow(remainder.values(), amountWei, remainder.get('totalWeight')))
    emit(call.host, 'RemainderAdded', { datanetId, version, adapterId, windowIndex, amountWei })
  })
}

/** With the total weight, which never changes, in its place. */
function weighed(remainder: RemainderRef, members: readonly Member[]): RemainderRef {
  if (remainder.get('totalWeight') === 0n) remainder.update(totalWeightOf(members))
  return remainder
}
