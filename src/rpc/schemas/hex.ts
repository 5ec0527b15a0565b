import { z } from 'zod'
import { limits } from '../../config/limits.ts'
import { type Address, type Hash, hexToBytes } from '../../primitives/hex.ts'

// The value types of the execution-apis: `src/schemas/base-types`. Upper-case digits are taken, as other clients do.

const DIGITS = /^0x[0-9a-fA-F]*$/

/** A string that starts with 0x, has hex digits only, and no flaw of its own kind; then converted. */
function hexValue<T>(flawOf: (value: string) => string | undefined, convert: (value: string) => T) {
  return z.string().transform((value, ctx): T => {
    const flaw = hexFlaw(value) ?? flawOf(value)
    if (flaw === undefined) return convert(value)
    ctx.addIssue({ code: 'custom', message: flaw })
    return z.NEVER
  })
}

function hexFlaw(value: string): string | undefined {
  if (!value.startsWith('0x')) return 'hex string without 0x prefix'
  return DIGITS.test(value) ? undefined : 'invalid hex string'
}

function unsigned(bits: number) {
  const flawOf = (value: string) => {
    if (value === '0x') return 'hex string "0x" is no number; zero is "0x0"'
    if (value.length > 3 && value[2] === '0') return 'hex number with leading zero digits'
    return value.length - 2 > bits / 4 ? `hex number > ${bits} bits` : undefined
  }
  return hexValue(flawOf, BigInt)
}

/** A number of at most 64 bits. */
export const uint64 = unsigned(64)
/** A number of at most 256 bits. */
export const uint256 = unsigned(256)

function fixedBytes(length: number) {
  return hexValue(
    (value) => (value.length === 2 + 2 * length ? undefined : `expected ${length} bytes of hex`),
    (value) => value.toLowerCase() as Hash,
  )
}

/** 20 bytes, made lower case; a checksum in its letters is not enforced. */
export const address: z.ZodType<Address> = fixedBytes(20)
/** 32 bytes, made lower case. */
export const hash: z.ZodType<Hash> = fixedBytes(32)

const oddLength = (value: string) => (value.length % 2 === 0 ? undefined : 'hex string of odd length')

/** Bytes of any length that fits a request. */
export const data = hexValue(oddLength, hexToBytes)

/** An encoded transaction. */
export const transactionData = hexValue(
  (value) =>
    value.length > 2 + 2 * limits.transactionBytes
      ? `a transaction has at most ${limits.transactionBytes} bytes`
      : oddLength(value),
  hexToBytes,
)

/**
 * A storage key: a number or up to 32 bytes, with or without leading zeros. `isPadded` tells that it came as the
 * full 32 bytes, which is then how it is repeated.
 */
export const storageKey = z.string().transform((value, ctx) => {
  const shown = JSON.stringify(value.slice(0, 80))
  if (!DIGITS.test(value)) {
    ctx.addIssue({ code: 'custom', message: `invalid hex in storage key: ${shown}` })
    return z.NEVER
  }
  if (value.length > 66) {
    ctx.addIssue({ code: 'custom', message: `storage key too long (want at most 32 bytes): ${shown}` })
    return z.NEVER
  }
  const slot: Hash = `0x${value.slice(2).toLowerCase().padStart(64, '0')}`
  return { slot, isPadded: value.length === 66 }
})

/** An identifier of this chain's registries: a number, or its 32-byte form. */
export const identifier = z.union([uint256, hash.transform(BigInt)], {
  error: 'expected a number or 32 bytes of hex',
})

/** The id of a filter or a subscription: whatever hex the node gave out. */
export const filterId = hexValue(
  (value) => (value.length > 66 ? 'expected the id of a filter or a subscription' : undefined),
  (value) => value.toLowerCase() as Hash,
)
