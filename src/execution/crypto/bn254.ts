import { bigIntToBytes } from '../../primitives/bytes.ts'
import { PairingCurve } from './pairingCurve.ts'
import { padded, precompileAddress, type StandardPrecompile } from './standardPrecompile.ts'

/** EIP-196, "Encoding". */
export const BN254_FIELD_MODULUS = 0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47n

/** EIP-197: the first half of an element of Fp2 is the part with i. The curve over the base field has no cofactor. */
export function openBn254(): Promise<PairingCurve> {
  return PairingCurve.open({
    curve: 'bn254',
    modulus: bigIntToBytes(BN254_FIELD_MODULUS, 32),
    padding: 0,
    imaginaryFirst: true,
    hasCofactor: false,
  })
}

const G1_BYTES = 64
const SCALAR_BYTES = 32
const PAIR_BYTES = 192

/** EIP-196 and EIP-197, at the prices of EIP-1108 since Istanbul. */
export function bn254Precompiles(curve: PairingCurve): readonly StandardPrecompile[] {
  return [
    {
      name: 'bn254Add',
      address: precompileAddress(0x06),
      gas: (_input, rules) => (rules.hasCheapBn254 ? 150n : 500n),
      run: (input) => curve.addG1(padded(input, 2 * G1_BYTES)),
    },
    {
      name: 'bn254Mul',
      address: precompileAddress(0x07),
      gas: (_input, rules) => (rules.hasCheapBn254 ? 6_000n : 40_000n),
      run: (input) => curve.mulG1(padded(input, G1_BYTES + SCALAR_BYTES)),
    },
    {
      name: 'bn254Pairing',
      address: precompileAddress(0x08),
      gas: (input, rules) => {
        const pairs = BigInt(Math.floor(input.length / PAIR_BYTES))
        return rules.hasCheapBn254 ? 45_000n + 34_000n * pairs : 100_000n + 80_000n * pairs
      },
      run: (input) => {
        const isOne = input.length % PAIR_BYTES === 0 ? curve.isPairingOne(input) : undefined
        return isOne === undefined ? undefined : bigIntToBytes(isOne ? 1n : 0n, 32)
      },
    },
  ]
}
