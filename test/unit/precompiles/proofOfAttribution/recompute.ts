import type { Address } from '../../../../src/primitives/hex.ts'

/** Windows computed again from receipts and rows, the plain way: what the chain pays must come to the same. */

export interface ScoredMember {
  readonly contributionId: bigint
  readonly leaderId: bigint
  readonly noveltyBps: number
  readonly recordCount: number
  readonly contributor: Address
}

export const int8s = (bytes: Uint8Array) => [...new Int8Array(bytes.slice().buffer)].map(BigInt)
const scaleOf = (row: Uint8Array) => BigInt(new DataView(row.buffer, row.byteOffset).getUint32(0))

/** The window's query from the receipts themselves, in BigInt throughout. */
export function expectedQuery(receipts: readonly { row: Uint8Array; weight: bigint }[], k: number) {
  const rows = receipts.map(({ row, weight }) => ({ values: int8s(row), weight }))
  const sum = Array.from({ length: k }, (_, i) =>
    rows.reduce((total, { values, weight }) => total + weight * (values[i] ?? 0n), 0n),
  )
  let shift = 0n
  while (sum.some((value) => value >> shift > 32_767n || value >> shift < -32_768n)) shift += 1n
  return { query: sum.map((value) => value >> shift), shift }
}

export function expectedScores(query: readonly bigint[], rows: readonly Uint8Array[]): bigint[] {
  return rows.map((row) => {
    const values = int8s(row.subarray(4))
    return scaleOf(row) * query.reduce((total, value, i) => total + value * (values[i] ?? 0n), 0n)
  })
}

/** Hamilton apportionment, written the plain way: hand out units one by one to the largest remainder. */
export function hamilton(amount: bigint, weights: readonly bigint[]): bigint[] {
  const total = weights.reduce((a, b) => a + b, 0n)
  const parts = weights.map((w) => (amount * w) / total)
  const rest = weights.map((w) => (amount * w) % total)
  for (let left = amount - parts.reduce((a, b) => a + b, 0n); left > 0n; left--) {
    let best = 0
    rest.forEach((value, i) => {
      if (value > rest[best]!) best = i
    })
    parts[best]! += 1n
    rest[best] = -1n
  }
  return parts
}

/** Zeros where no cluster has a positive sum: such a pot goes to the Datanets. */
export function expectedPay(
  pot: bigint,
  members: readonly ScoredMember[],
  scores: readonly bigint[],
  tombstoned: readonly bigint[] = [],
): bigint[] {
  const pay = members.map(() => 0n)
  const living = members.flatMap((m, i) => (tombstoned.includes(m.contributionId) ? [] : [i]))
  const leaders = [...new Set(living.map((i) => members[i]!.leaderId))].sort((a, b) => Number(a - b))
  const clusters = leaders.map((leader) =>
    living
      .filter((i) => members[i]!.leaderId === leader)
      .sort((a, b) => Number(members[a]!.contributionId - members[b]!.contributionId)),
  )
  const positive = clusters.map((indices) => {
    const sum = indices.reduce((total, i) => total + scores[i]!, 0n)
    return sum > 0n ? sum : 0n
  })
  if (positive.every((p) => p === 0n)) return pay
  hamilton(pot, positive).forEach((share, c) => {
    const indices = clusters[c]!
    hamilton(share, expectedWeights(indices.map((i) => members[i]!))).forEach((part, place) => {
      pay[indices[place]!] = part
    })
  })
  return pay
}

export function expectedWeights(members: readonly ScoredMember[]): bigint[] {
  const weights = members.map((m) => BigInt(m.recordCount) * BigInt(m.noveltyBps))
  return weights.some((w) => w > 0n) ? weights : members.map((m) => BigInt(m.recordCount))
}
