import { invariant } from '../../src/errors/errors.ts'
import type { Member } from '../datanet/members.ts'
import { divideByWeights } from '../shared/shares.ts'

export interface Allocation {
  /** Wei of each member, in the order of the members; they add up to the pot. */
  readonly amountsWei: readonly bigint[]
  /** False when no cluster had a positive score and the pot went by records and novelty alone. */
  readonly attributed: boolean
}

/**
 * Divides a window's pot, without any state. Scores are summed per cluster of near-duplicates, so that copying a
 * contribution divides what it earns and does not multiply it; negative scores count against their cluster, and only a
 * positive sum is paid.
 */
export function allocatePot(
  potWei: bigint,
  members: readonly Member[],
  scores: readonly bigint[],
): Allocation {
  invariant(members.length === scores.length && members.length > 0, 'one score for each member')
  const clusters = clustersOf(members)
  const sums = clusters.map((indices) => sumPositive(indices, scores))
  const attributed = sums.some((sum) => sum > 0n)
  // without a positive score all members are one group, that has the whole pot
  const groups = attributed ? clusters : [inCommitOrder(members, [...members.keys()])]
  const shares = attributed ? divideByWeights(potWei, sums) : [potWei]
  const amountsWei = members.map(() => 0n)
  groups.forEach((indices, group) => {
    const weights = noveltyWeights(indices.map((index) => memberAt(members, index)))
    const parts = divideByWeights(shares[group] ?? 0n, weights)
    indices.forEach((index, place) => {
      amountsWei[index] = parts[place] ?? 0n
    })
  })
  return { amountsWei, attributed }
}

/** Places of each cluster's members, in commit order; clusters by leader id, so that the lower comes first among equals. */
function clustersOf(members: readonly Member[]): readonly (readonly number[])[] {
  const byLeader = new Map<bigint, number[]>()
  members.forEach(({ leaderId }, index) => {
    const indices = byLeader.get(leaderId)
    if (indices === undefined) byLeader.set(leaderId, [index])
    else indices.push(index)
  })
  return [...byLeader]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, indices]) => inCommitOrder(members, indices))
}

function inCommitOrder(members: readonly Member[], indices: readonly number[]): readonly number[] {
  return [...indices].sort((a, b) =>
    memberAt(members, a).contributionId < memberAt(members, b).contributionId ? -1 : 1,
  )
}

function sumPositive(indices: readonly number[], scores: readonly bigint[]): bigint {
  const sum = indices.reduce((total, index) => total + (scores[index] ?? 0n), 0n)
  return sum > 0n ? sum : 0n
}

/** Records times novelty; records alone where nothing is new, as when a leader was not accepted and its copies were. */
function noveltyWeights(members: readonly Member[]): readonly bigint[] {
  const weights = members.map(({ recordCount, noveltyBps }) => BigInt(recordCount) * BigInt(noveltyBps))
  if (weights.some((weight) => weight > 0n)) return weights
  return members.map(({ recordCount }) => BigInt(recordCount))
}

function memberAt(members: readonly Member[], index: number): Member {
  const member = members[index]
  invariant(member !== undefined, 'a member at every index')
  return member
}
