import { invariant } from '../../src/errors/errors.ts'

/**
 * Divides `amount` by weights with the method of the largest remainder: each part gets the floor of its exact share,
 * and what is left goes, one unit each, to the parts with the largest remainders, the earlier part first among equals.
 * The parts add up to `amount`. Weights are not negative and not all zero.
 */
export function divideByWeights(amount: bigint, weights: readonly bigint[]): readonly bigint[] {
  let total = 0n
  for (const weight of weights) {
    invariant(weight >= 0n, 'a weight is negative')
    total += weight
  }
  invariant(total > 0n && amount >= 0n, 'nothing to divide by')
  const parts = weights.map((weight) => (amount * weight) / total)
  const remainders = weights.map((weight) => (amount * weight) % total)
  const left = Number(amount - parts.reduce((sum, part) => sum + part, 0n))
  const order = remainders.map((_, index) => index)
  order.sort((a, b) => compareDescending(remainders[a], remainders[b]) || a - b)
  for (const index of order.slice(0, left)) parts[index] = (parts[index] ?? 0n) + 1n
  return parts
}

function compareDescending(a = 0n, b = 0n): number {
  if (a === b) return 0
  return a > b ? -1 : 1
}

export function bpsOf(amountWei: bigint, bps: number): bigint {
  return (amountWei * BigInt(bps)) / 10_000n
}

export function minimum(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}
