import { invariant } from '../../src/errors/errors.ts'
import type { Member } from '../datanet/members.ts'
import { divideByWeights } from '../shared/shares.ts'

export interface Allocation {
  /** Wei of each member, in the order of the members; they add up to the pot when it is attributed, else to nothing. */
  readonly amountsWei: readonly bigint[]
  /** False when no cluster had a positive score. */
  readonly attributed: boolean
}

/**
 * Divides a window's pot, without any state. Scores are summed per cluster of near-duplicates, so that copying a
 * contribution divides what it earns and does not multiply it; negative scores count against their cluster, and only a
 * positive sum is paid. Members at the places in `leftOut` neither count nor get anything: what their cluster earns
 * without them is for the others in it.
 */
export function allocatePot(
  potWei: bigint,
  members: readonly Member[],
  scores: readonly bigint[],
  leftOut: ReadonlySet<number> = new Set(),
): Allocation {
  invariant(members.length === scores.length && members.length > 0, 'one score for each member')
  const amountsWei = members.map(() => 0n)
  const clusters = clustersOf(members, leftOut)
  const sums = clusters.map((indices) => sumPositive(indices, scores))
  if (!sums.some((sum) => sum > 0n)) return { amountsWei, attributed: false }
  const shares = divideByWeights(potWei, sums)
  clusters.forEach((indices, cluster) => {
    const weights = noveltyWeights(indices.map((index) => memberAt(members, index)))
    const parts = divideByWeights(shares[cluster] ?? 0n, weights)
    indices.forEach((index, place) => {
      amountsWei[index] = parts[place] ?? 0n
    })
  })
  return { amountsWei, attributed: true }
}

/** Places of each cluster's members, in commit order; clusters by leader id, so that the lower comes first among equals. */
function clustersOf(
  members: readonly Member[],
  leftOut: ReadonlySet<number>,
): readonly (readonly number[])[] {
  const byLeader = new Map<bigint, number[]>()
  members.forEach(({ leaderId }, index) => {
    if (leftOut.has(index)) return
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
export function noveltyWeights(members: readonly Member[]): readonly bigint[] {
  const weights = members.map(({ recordCount, noveltyBps }) => BigInt(recordCount) * BigInt(noveltyBps))
  if (weights.some((weight) => weight > 0n)) return weights
  return members.map(({ recordCount }) => BigInt(recordCount))
}

function memberAt(members: readonly Member[], index: number): Member {
  const member = members[index]
  invariant(member !== undefined, 'a member at every index')
  return member
}
