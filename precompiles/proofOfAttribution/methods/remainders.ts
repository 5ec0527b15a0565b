import { bounds } from '../../bounds.ts'
import type { Member } from '../../datanet/members.ts'
import type { VersionFacts } from '../../datanet/read.ts'
import type { Methods } from '../../shared/dispatch.ts'
import { mappingSlot } from '../../shared/layout.ts'
import { type AttributionAbi, type AttributionCall, checkCount, emit, fail } from '../call.ts'
import { partOf, type RemainderRef, remainderAt, weightOf } from '../remainders.ts'

interface MemberAt extends Member {
  /** In its Datanet's version. */
  readonly place: number
}

export const remainderMethods: Methods<AttributionAbi, AttributionCall, 'claimRemainder' | 'remainderOf'> = {
  claimRemainder: {
    gas: 0n,
    run(call, { datanetId, version, members }) {
      checkCount(members.length, bounds.remaindersPerCall)
      const remainder = remainderAt(call, datanetId, version)
      let sumWei = 0n
      for (const member of claimants(call, datanetId, version, members)) {
        const amountWei = dueTo(call, remainder, member)
        // what is below one wei stays due
        if (amountWei === 0n) continue
        call.store.save(paidSlot(call, remainder, member), remainder.get('perWeightX64'))
        const contributor = call.money.creditQuietly('potsWei', member.contributor, amountWei)
        const { contributionId } = member
        emit(call.host, 'RemainderPaid', { contributionId, contributor, datanetId, version, amountWei })
        sumWei += amountWei
      }
      return sumWei
    },
  },

  remainderOf: {
    gas: 0n,
    run(call, { datanetId, version, member }) {
      const [claimant] = claimants(call, datanetId, version, [member])
      return claimant === undefined ? 0n : dueTo(call, remainderAt(call, datanetId, version), claimant)
    },
  },
}

function paidSlot({ store }: AttributionCall, remainder: RemainderRef, { place }: MemberAt): bigint {
  return mappingSlot(store, remainder.at('paidX64'), place)
}

function dueTo(call: AttributionCall, remainder: RemainderRef, member: MemberAt): bigint {
  const paidX64 = call.store.load(paidSlot(call, remainder, member))
  return partOf(weightOf(member, remainder.get('byRecords')), remainder.get('perWeightX64'), paidX64)
}

/** The members at these places, without those that are tombstoned. */
function claimants(
  call: AttributionCall,
  datanetId: bigint,
  version: number,
  places: readonly number[],
): readonly MemberAt[] {
  const facts = call.datanets.version(datanetId, version)
  if (facts === undefined) return fail('UnknownVersion', { id: datanetId, version })
  checkPlaces(facts, places)
  const members = runsOf(places).flatMap(({ start, count }) =>
    call.datanets
      .members(datanetId, version, start, count)
      .map((member, at) => ({ ...member, place: start + at })),
  )
  const tombstoned = call.datanets.tombstoned(members.map(({ contributionId }) => contributionId))
  return members.filter(({ contributionId }) => !tombstoned.has(contributionId))
}

function checkPlaces({ memberCount }: VersionFacts, places: readonly number[]): void {
  for (const member of places) if (member >= memberCount) fail('UnknownMember', { member })
}

/** Places that follow each other, so that a page of members is read once. */
export function runsOf(
  places: readonly number[],
): readonly { readonly start: number; readonly count: number }[] {
  const runs: { start: number; count: number }[] = []
  for (const place of places) {
    const last = runs.at(-1)
    if (last !== undefined && place === last.start + last.count) last.count += 1
    else runs.push({ start: place, count: 1 })
  }
  return runs
}
