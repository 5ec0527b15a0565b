/** Operations on masks in which a bit stands for a seat. */

export function hasBit(mask: bigint, bit: number): boolean {
  return ((mask >> BigInt(bit)) & 1n) === 1n
}

export function withBit(mask: bigint, bit: number): bigint {
  return mask | (1n << BigInt(bit))
}

export function withoutBit(mask: bigint, bit: number): bigint {
  return hasBit(mask, bit) ? mask ^ (1n << BigInt(bit)) : mask
}

/** The bits set, ascending. */
export function bitsIn(mask: bigint): readonly number[] {
  const bits: number[] = []
  for (let bit = 0, rest = mask; rest > 0n; bit++, rest >>= 1n) if ((rest & 1n) === 1n) bits.push(bit)
  return bits
}

export function lowestClear(mask: bigint, size: number): number | undefined {
  for (let bit = 0; bit < size; bit++) if (!hasBit(mask, bit)) return bit
  return undefined
}
