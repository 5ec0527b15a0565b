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
  const sums = clusters.map(({ indices }) => sumPositive(indices, scores))
  if (sums.every((sum) => sum === 0n)) {
    return { amountsWei: divideByWeights(potWei, noveltyWeights(members)), attributed: false }
  }
  const amountsWei = members.map(() => 0n)
  const shares = divideByWeights(potWei, sums)
  clusters.forEach(({ indices }, cluster) => {
    const weights = noveltyWeights(indices.map((index) => memberAt(members, index)))
    const parts = divideByWeights(shares[cluster] ?? 0n, weights)
    indices.forEach((index, place) => {
      amountsWei[index] = parts[place] ?? 0n
    })
  })
  return { amountsWei, attributed: true }
}

interface Cluster {
  readonly leaderId: bigint
  /** Places of its members, in commit order. */
  readonly indices: readonly number[]
}

/** Clusters by leader id, so that the lower id comes first among equals. */
function clustersOf(members: readonly Member[]): readonly Cluster[] {
  const byLeader = new Map<bigint, number[]>()
  members.forEach(({ leaderId }, index) => {
    const indices = byLeader.get(leaderId)
    if (indices === undefined) byLeader.set(leaderId, [index])
    else indices.push(index)
  })
  return [...byLeader]
    .map(([leaderId, indices]) => ({ leaderId, indices: inCommitOrder(members, indices) }))
    .sort((a, b) => (a.leaderId < b.leaderId ? -1 : 1))
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
