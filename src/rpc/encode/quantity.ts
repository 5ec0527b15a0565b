import { invariant } from '../../errors/errors.ts'
import type { Hash, Hex } from '../../primitives/hex.ts'
import type { Plain } from '../ports.ts'

/** A natural number without leading zeros. */
export function quantity(value: bigint | number): Hex {
  invariant(value >= 0, 'A quantity has no sign.')
  return `0x${value.toString(16)}`
}

/** A number as 32 bytes. */
export function word(value: bigint): Hash {
  return `0x${value.toString(16).padStart(64, '0')}`
}

/** Turns integers of any size into quantities, all through a record. */
export function plainToJson(value: Plain): unknown {
  if (typeof value === 'bigint') return quantity(value)
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return (value as readonly Plain[]).map(plainToJson)
  const entries = Object.entries(value as Record<string, Plain | undefined>)
  return Object.fromEntries(
    entries.flatMap(([key, item]) => (item === undefined ? [] : [[key, plainToJson(item)]])),
  )
}
