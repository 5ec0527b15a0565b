import { bigIntToBytes, bytesToBigInt, EMPTY_BYTES } from '../../primitives/bytes.ts'
import { padded, precompileAddress, type StandardPrecompile } from './standardPrecompile.ts'

const HEADER_BYTES = 96
const MAX_BYTES = 1_024n // EIP-7823
/** Before EIP-7823 the gas bounds the lengths; these are more than any gas limit can pay. */
const UNBOUNDED_BYTES = 1n << 31n
const HEAD_BYTES = 32

interface Lengths {
  readonly base: bigint
  readonly exponent: bigint
  readonly modulus: bigint
}

export const modexp: StandardPrecompile = {
  name: 'modexp',
  address: precompileAddress(0x05),

  gas(input, rules) {
    const lengths = lengthsOf(input)
    const longest = lengths.base > lengths.modulus ? lengths.base : lengths.modulus
    const iterations = (perByte: bigint) => {
      const bits = iterationsOf(input, lengths, perByte)
      return bits > 1n ? bits : 1n
    }
    const squaredWords = ((longest + 7n) / 8n) ** 2n
    switch (rules.modexpPricing) {
      case 'EIP-198':
        return (multiplicationComplexity(longest) * iterations(8n)) / 20n
      case 'EIP-2565':
        return atLeast(200n, (squaredWords * iterations(8n)) / 3n)
      case 'EIP-7883':
        return atLeast(500n, (longest > 32n ? 2n * squaredWords : 16n) * iterations(16n))
    }
  },

  run(input, rules) {
    const lengths = lengthsOf(input)
    const { base, exponent, modulus } = lengths
    const most = rules.boundsModexp ? MAX_BYTES : UNBOUNDED_BYTES
    if (!rules.boundsModexp && base === 0n && modulus === 0n) return EMPTY_BYTES
    if (base > most || exponent > most || modulus > most) return undefined
    if (modulus === 0n) return EMPTY_BYTES
    const numbers = padded(input.subarray(HEADER_BYTES), Number(base + exponent + modulus))
    const exponentAt = Number(base)
    const modulusAt = exponentAt + Number(exponent)
    const m = bytesToBigInt(numbers.subarray(modulusAt))
    if (m === 0n) return new Uint8Array(Number(modulus))
    const b = bytesToBigInt(numbers.subarray(0, exponentAt))
    return bigIntToBytes(power(b, numbers.subarray(exponentAt, modulusAt), m), Number(modulus))
  },
}

function lengthsOf(input: Uint8Array): Lengths {
  const header = padded(input, HEADER_BYTES)
  return {
    base: bytesToBigInt(header.subarray(0, 32)),
    exponent: bytesToBigInt(header.subarray(32, 64)),
    modulus: bytesToBigInt(header.subarray(64, 96)),
  }
}

/** EIP-198 and EIP-7883: the squarings that an exponent takes, from its length and its first 32 bytes. */
function iterationsOf(input: Uint8Array, { base, exponent }: Lengths, perByte: bigint): bigint {
  const headBytes = exponent < 32n ? Number(exponent) : HEAD_BYTES
  // an exponent that starts beyond the input is zero
  const start = base > BigInt(input.length) ? input.length : HEADER_BYTES + Number(base)
  const head = bytesToBigInt(padded(input.subarray(start), headBytes))
  const headBits = head === 0n ? 0n : BigInt(head.toString(2).length - 1)
  return exponent <= 32n ? headBits : perByte * (exponent - 32n) + headBits
}

/** EIP-198, "Specification". */
function multiplicationComplexity(x: bigint): bigint {
  if (x <= 64n) return x ** 2n
  if (x <= 1_024n) return x ** 2n / 4n + 96n * x - 3_072n
  return x ** 2n / 16n + 480n * x - 199_680n
}

const atLeast = (least: bigint, gas: bigint) => (gas > least ? gas : least)

/** Exponents of fewer bytes take fewer multiplications without a table of 16 powers. */
const TABLE_FROM_BYTES = 6

/**
 * base^exponent mod modulus, four bits of the exponent at a time (Handbook of Applied Cryptography, 14.82). Exact for
 * every modulus above zero; the engine's own division was no slower than Montgomery's reduction on it.
 */
export function power(base: bigint, exponent: Uint8Array, modulus: bigint): bigint {
  const one = 1n % modulus
  const reduced = base % modulus
  const first = exponent.findIndex((byte) => byte !== 0)
  if (first === -1) return one
  const digits = exponent.subarray(first)
  const bits = digits.length < TABLE_FROM_BYTES ? 1 : 4
  const mask = (1 << bits) - 1
  const powers = [one, reduced]
  for (let i = 2; i <= mask; i++) powers.push(((powers[i - 1] ?? one) * reduced) % modulus)
  let result = one
  let hasStarted = false
  for (const byte of digits) {
    for (let shift = 8 - bits; shift >= 0; shift -= bits) {
      if (hasStarted) for (let i = 0; i < bits; i++) result = (result * result) % modulus
      const digit = (byte >> shift) & mask
      if (digit === 0) continue
      result = hasStarted ? (result * (powers[digit] ?? one)) % modulus : (powers[digit] ?? one)
      hasStarted = true
    }
  }
  return result
}
