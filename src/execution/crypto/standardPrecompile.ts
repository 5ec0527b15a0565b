import type { Address } from '../../primitives/hex.ts'

/** What the fork of a block changes about prices and bounds of standard precompiles. */
export interface PrecompileRules {
  /** EIP-1108, Istanbul: bn254 at a fraction of its first prices. */
  readonly hasCheapBn254: boolean
  /** The EIP whose formula prices modexp: Byzantium, Berlin, Osaka. */
  readonly modexpPricing: 'EIP-198' | 'EIP-2565' | 'EIP-7883'
  /** EIP-7823, Osaka: modexp takes no number of more than 1,024 bytes. */
  readonly boundsModexp: boolean
}

/** A precompile of Ethereum: a pure function of its input. */
export interface StandardPrecompile {
  readonly name: string
  readonly address: Address
  /** Charged before anything of the input is looked at closer than its price needs. */
  gas(input: Uint8Array, rules: PrecompileRules): bigint
  /**
   * The output; undefined when the rules call the input invalid, which fails the call and takes all its gas. A throw
   * is a fault of this node, never an answer.
   */
  run(input: Uint8Array, rules: PrecompileRules): Uint8Array | undefined
}

export function precompileAddress(number: number): Address {
  return `0x${number.toString(16).padStart(40, '0')}`
}

/** Words of 32 bytes that an input takes. */
export function words(input: Uint8Array): bigint {
  return BigInt(Math.ceil(input.length / 32))
}

/** The first `length` bytes, with zeros where the input ends before. */
export function padded(input: Uint8Array, length: number): Uint8Array {
  if (input.length >= length) return input.subarray(0, length)
  const bytes = new Uint8Array(length)
  bytes.set(input)
  return bytes
}
