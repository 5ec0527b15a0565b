// The chain's attribution, computed again from committed data by code of its own: plain BigInt, no part of the node.
import type { Hex } from 'viem'

export interface Row {
  readonly scale: bigint
  readonly values: readonly number[]
}

export interface WeightedQuery {
  readonly queryRow: Hex
  readonly weight: number
}

export interface Member {
  readonly contributionId: bigint
  readonly leaderId: bigint
  readonly noveltyBps: number
  readonly recordCount: number
}

const SCALE_BYTES = 4

/** Rows as the registry keeps them: a big-endian uint32 scale and k int8 each. */
export function decodeRows(bytes: Uint8Array, k: number): Row[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const rows: Row[] = []
  for (let at = 0; at < bytes.length; at += SCALE_BYTES + k) {
    const values = Array.from({ length: k }, (_, i) => view.getInt8(at + SCALE_BYTES + i))
    rows.push({ scale: BigInt(view.getUint32(at)), values })
  }
  return rows
}

function int8s(hex: Hex): number[] {
  const bytes = Buffer.from(hex.slice(2), 'hex')
  return Array.from(bytes, (byte) => (byte > 127 ? byte - 256 : byte))
}

/** The weighted sum of the window's query rows, shifted right by as few bits as make every coordinate an int16. */
export function windowQuery(queries: readonly WeightedQuery[], k: number): bigint[] {
  const sum = Array.from({ length: k }, () => 0n)
  for (const { queryRow, weight } of queries) {
    for (const [i, value] of int8s(queryRow).entries()) sum[i] = (sum[i] ?? 0n) + BigInt(value * weight)
  }
  let shift = 0n
  const fits = (value: bigint) => value >> shift >= -32_768n && value >> shift <= 32_767n
  while (!sum.every(fits)) shift += 1n
  return sum.map((value) => value >> shift)
}

export function scoreRows(query: readonly bigint[], rows: readonly Row[]): bigint[] {
  return rows.map(({ scale, values }) => {
    let dot = 0n
    for (const [i, value] of values.entries()) dot += (query[i] ?? 0n) * BigInt(value)
    return scale * dot
  })
}

/** One receipt's own scores: its query row as it is. */
export function scoreQuery(queryRow: Hex, rows: readonly Row[]): bigint[] {
  return scoreRows(int8s(queryRow).map(BigInt), rows)
}

/** Positive sums of clusters divide the pot; within a cluster novelty times records does. */
export function sharePot(potWei: bigint, members: readonly Member[], scores: readonly bigint[]): bigint[] {
  const clusters = new Map<bigint, number[]>()
  for (const [index, { leaderId }] of members.entries()) {
    clusters.set(leaderId, [...(clusters.get(leaderId) ?? []), index])
  }
  const ordered = [...clusters.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, indices]) => indices)
  const sums = ordered.map((indices) => {
    const sum = indices.reduce((total, index) => total + (scores[index] ?? 0n), 0n)
    return sum > 0n ? sum : 0n
  })
  const weightOf = (index: number) =>
    BigInt(members[index]?.recordCount ?? 0) * BigInt(members[index]?.noveltyBps ?? 0)
  if (sums.every((sum) => sum === 0n))
    return largestRemainder(
      potWei,
      members.map((_, index) => weightOf(index)),
    )
  const parts = largestRemainder(potWei, sums)
  const amounts = members.map(() => 0n)
  for (const [cluster, indices] of ordered.entries()) {
    const divided = largestRemainder(parts[cluster] ?? 0n, indices.map(weightOf))
    for (const [place, index] of indices.entries()) amounts[index] = divided[place] ?? 0n
  }
  return amounts
}

/** Floors first; the wei that are left go to the largest remainders, the earlier of equals first. */
function largestRemainder(potWei: bigint, weights: readonly bigint[]): bigint[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0n)
  const floors = weights.map((weight) => (potWei * weight) / total)
  const left = Number(potWei - floors.reduce((sum, floor) => sum + floor, 0n))
  const byRemainder = weights
    .map((weight, index) => ({ index, remainder: (potWei * weight) % total }))
    .sort((a, b) => (a.remainder === b.remainder ? a.index - b.index : a.remainder > b.remainder ? -1 : 1))
  for (const { index } of byRemainder.slice(0, left)) floors[index] = (floors[index] ?? 0n) + 1n
  return floors
}
