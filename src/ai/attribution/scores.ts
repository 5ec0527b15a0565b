import { invariant } from '../../errors/errors.ts'
import type { AttributionRow } from './rows.ts'

// The arithmetic of a window as the chain does it (IProofOfAttribution): integers only, no rounding that is not
// written down. It is a second implementation, for checks and for showing people how a pay-out came about.

const WEIGHT_UNIT = 256n
const WEIGHT_MAX = 4095n
const INT16_MAX = 32_767n
const INT16_MIN = -32_768n
const FULL_NOVELTY_BPS = 10_000

/** The weight of a receipt's query row in its window: clamp(⌊fee · 256 / base price⌋, 1, 4095). */
export function queryWeight(feeWei: bigint, baseWei: bigint): number {
  const weight = (feeWei * WEIGHT_UNIT) / baseWei
  return Number(weight < 1n ? 1n : weight > WEIGHT_MAX ? WEIGHT_MAX : weight)
}

export interface WeightedQuery {
  readonly row: Int8Array
  readonly weight: number
}

/** Σ weight · row, coordinate by coordinate. */
export function sumQueries(queries: readonly WeightedQuery[], k: number): readonly bigint[] {
  const sum = new Array<bigint>(k).fill(0n)
  for (const { row, weight } of queries) {
    invariant(row.length === k, 'every query row has k coordinates')
    for (let i = 0; i < k; i++) sum[i] = (sum[i] ?? 0n) + BigInt(weight * (row[i] ?? 0))
  }
  return sum
}

/** Shifts right (towards −∞) by the least number of bits that fits every coordinate into int16. */
export function shiftToInt16(sum: readonly bigint[]): { readonly shift: number; readonly query: Int16Array } {
  let shift = 0
  while (sum.some((value) => value >> BigInt(shift) > INT16_MAX || value >> BigInt(shift) < INT16_MIN))
    shift += 1
  return { shift, query: Int16Array.from(sum, (value) => Number(value >> BigInt(shift))) }
}

/** scale · Σ query · row. The inner sum stays below 2⁴⁵ for k up to 8 million, so it is exact in a number. */
export function scoreRow(query: Int16Array, row: AttributionRow): bigint {
  invariant(query.length === row.values.length, 'query and row have the same length')
  let dot = 0
  for (let i = 0; i < query.length; i++) dot += (query[i] ?? 0) * (row.values[i] ?? 0)
  return BigInt(row.scale) * BigInt(dot)
}

/** A member of the frozen versions, in commit order: row j belongs to member j. */
export interface Member {
  readonly id: number
  /** The contribution that leads its cluster of near-duplicates; its own id for a leader. */
  readonly leaderId: number
  readonly noveltyBps: number
  readonly recordCount: number
}

export interface WindowResult {
  readonly shift: number
  readonly query: Int16Array
  /** Signed score of each member. */
  readonly scores: readonly bigint[]
  /** Wei of each member. */
  readonly paidWei: readonly bigint[]
  /** False when no cluster's sum was positive and the pot went to all by record count and novelty. */
  readonly attributed: boolean
}

/** Scores and pay of one window. Without `clusters` every member stands alone, for comparison. */
export function settleWindow(
  window: { readonly queries: readonly WeightedQuery[]; readonly potWei: bigint },
  rows: readonly AttributionRow[],
  members: readonly Member[],
): WindowResult {
  invariant(rows.length === members.length && rows.length > 0, 'row j belongs to member j')
  const { shift, query } = shiftToInt16(sumQueries(window.queries, rows[0]?.values.length ?? 0))
  const scores = rows.map((row) => scoreRow(query, row))
  const clusters = clustersOf(members)
  const sums = clusters.map(({ places }) => places.reduce((sum, place) => sum + (scores[place] ?? 0n), 0n))
  const positive = sums.map((sum) => (sum > 0n ? sum : 0n))
  const paidWei = new Array<bigint>(members.length).fill(0n)
  const attributed = positive.some((sum) => sum > 0n)
  if (attributed) {
    largestRemainder(window.potWei, positive).forEach((partWei, i) => {
      payCluster(partWei, clusters[i]?.places ?? [], members, paidWei)
    })
  } else {
    const everyone = members.map((_, place) => place)
    payCluster(window.potWei, everyone, members, paidWei)
  }
  return { shift, query, scores, paidWei, attributed }
}

/**
 * Divides `potWei` in proportion to weights: floors first, then one wei each to the largest remainders, earlier
 * places first among equals. The parts add up to the pot; all are zero when no weight is positive.
 */
export function largestRemainder(potWei: bigint, weights: readonly bigint[]): readonly bigint[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0n)
  if (total === 0n) return weights.map(() => 0n)
  const parts = weights.map((weight) => (potWei * weight) / total)
  const left = potWei - parts.reduce((sum, part) => sum + part, 0n)
  const byRemainder = weights.map((weight, place) => ({ place, remainder: (potWei * weight) % total }))
  byRemainder.sort((a, b) =>
    a.remainder === b.remainder ? a.place - b.place : a.remainder > b.remainder ? -1 : 1,
  )
  for (const { place } of byRemainder.slice(0, Number(left))) parts[place] = (parts[place] ?? 0n) + 1n
  return parts
}

/** Members as if nothing were a near-duplicate of anything. */
export function withoutClusters(members: readonly Member[]): readonly Member[] {
  return members.map((member) => ({ ...member, leaderId: member.id, noveltyBps: FULL_NOVELTY_BPS }))
}

/** Clusters by ascending leader id, places in commit order. */
function clustersOf(members: readonly Member[]): readonly { leaderId: number; places: number[] }[] {
  const clusters = new Map<number, number[]>()
  members.forEach(({ leaderId }, place) => {
    const places = clusters.get(leaderId)
    if (places === undefined) clusters.set(leaderId, [place])
    else places.push(place)
  })
  return [...clusters]
    .map(([leaderId, places]) => ({ leaderId, places }))
    .sort((a, b) => a.leaderId - b.leaderId)
}

function payCluster(
  partWei: bigint,
  places: readonly number[],
  members: readonly Member[],
  paidWei: bigint[],
): void {
  const weights = places.map((place) => {
    const member = members[place]
    return member === undefined ? 0n : BigInt(member.noveltyBps) * BigInt(member.recordCount)
  })
  largestRemainder(partWei, weights).forEach((wei, i) => {
    const place = places[i]
    if (place !== undefined) paidWei[place] = (paidWei[place] ?? 0n) + wei
  })
}
