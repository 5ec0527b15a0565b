import { bigIntToBytes } from '../../primitives/bytes.ts'
import { PairingCurve } from './pairingCurve.ts'
import { precompileAddress, type StandardPrecompile } from './standardPrecompile.ts'

/** EIP-2537, "Curve parameters". */
export const BLS12_381_FIELD_MODULUS =
  0x1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaabn
export const BLS12_381_ORDER = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n

/** EIP-2537: a field element has 64 bytes, of which 16 are zero. */
export function openBls12381(): Promise<PairingCurve> {
  return PairingCurve.open({
    curve: 'bls12381',
    modulus: bigIntToBytes(BLS12_381_FIELD_MODULUS, 48),
    padding: 16,
    imaginaryFirst: false,
    hasCofactor: true,
  })
}

const FP_BYTES = 64
const G1_BYTES = 2 * FP_BYTES
const G2_BYTES = 4 * FP_BYTES
const SCALAR_BYTES = 32
const PAIR_BYTES = G1_BYTES + G2_BYTES
const G1_MUL_GAS = 12_000n
const G2_MUL_GAS = 22_500n

/** EIP-2537. */
export function bls12381Precompiles(curve: PairingCurve): readonly StandardPrecompile[] {
  return [
    {
      name: 'bls12381G1Add',
      address: precompileAddress(0x0b),
      gas: () => 375n,
      run: (input) => (input.length === 2 * G1_BYTES ? curve.addG1(input) : undefined),
    },
    {
      name: 'bls12381G1Msm',
      address: precompileAddress(0x0c),
      gas: (input) => msmGas(countOf(input, G1_BYTES + SCALAR_BYTES), G1_MUL_GAS, DISCOUNTS_G1),
      run: (input) => (isListOf(input, G1_BYTES + SCALAR_BYTES) ? curve.msmG1(input) : undefined),
    },
    {
      name: 'bls12381G2Add',
      address: precompileAddress(0x0d),
      gas: () => 600n,
      run: (input) => (input.length === 2 * G2_BYTES ? curve.addG2(input) : undefined),
    },
    {
      name: 'bls12381G2Msm',
      address: precompileAddress(0x0e),
      gas: (input) => msmGas(countOf(input, G2_BYTES + SCALAR_BYTES), G2_MUL_GAS, DISCOUNTS_G2),
      run: (input) => (isListOf(input, G2_BYTES + SCALAR_BYTES) ? curve.msmG2(input) : undefined),
    },
    {
      name: 'bls12381Pairing',
      address: precompileAddress(0x0f),
      gas: (input) => 37_700n + 32_600n * BigInt(countOf(input, PAIR_BYTES)),
      run: (input) => {
        const isOne = isListOf(input, PAIR_BYTES) ? curve.isPairingOne(input) : undefined
        return isOne === undefined ? undefined : bigIntToBytes(isOne ? 1n : 0n, 32)
      },
    },
    {
      name: 'bls12381MapFpToG1',
      address: precompileAddress(0x10),
      gas: () => 5_500n,
      run: (input) => (input.length === FP_BYTES ? curve.mapToG1(input) : undefined),
    },
    {
      name: 'bls12381MapFp2ToG2',
      address: precompileAddress(0x11),
      gas: () => 23_800n,
      run: (input) => (input.length === 2 * FP_BYTES ? curve.mapToG2(input) : undefined),
    },
  ]
}

const countOf = (input: Uint8Array, itemBytes: number) => Math.floor(input.length / itemBytes)
const isListOf = (input: Uint8Array, itemBytes: number) => input.length > 0 && input.length % itemBytes === 0

/** EIP-2537, "Gas burning on error" and "Gas schedule": the discount is in thousandths. */
function msmGas(pairs: number, mulGas: bigint, discounts: readonly number[]): bigint {
  if (pairs === 0) return 0n
  const discount = discounts[Math.min(pairs, discounts.length) - 1] ?? 0
  return (BigInt(pairs) * mulGas * BigInt(discount)) / 1_000n
}

// EIP-2537, "Discounts": for 1 to 128 pairs, the last one for all more
const DISCOUNTS_G1: readonly number[] = [
  1000, 949, 848, 797, 764, 750, 738, 728, 719, 712, 705, 698, 692, 687, 682, 677, 673, 669, 665, 661, 658,
  654, 651, 648, 645, 642, 640, 637, 635, 632, 630, 627, 625, 623, 621, 619, 617, 615, 613, 611, 609, 608,
  606, 604, 603, 601, 599, 598, 596, 595, 593, 592, 591, 589, 588, 586, 585, 584, 582, 581, 580, 579, 577,
  576, 575, 574, 573, 572, 570, 569, 568, 567, 566, 565, 564, 563, 562, 561, 560, 559, 558, 557, 556, 555,
  554, 553, 552, 551, 550, 549, 548, 547, 547, 546, 545, 544, 543, 542, 541, 540, 540, 539, 538, 537, 536,
  536, 535, 534, 533, 532, 532, 531, 530, 529, 528, 528, 527, 526, 525, 525, 524, 523, 522, 522, 521, 520,
  520, 519,
]
const DISCOUNTS_G2: readonly number[] = [
  1000, 1000, 923, 884, 855, 832, 812, 796, 782, 770, 759, 749, 740, 732, 724, 717, 711, 704, 699, 693, 688,
  683, 679, 674, 670, 666, 663, 659, 655, 652, 649, 646, 643, 640, 637, 634, 632, 629, 627, 624, 622, 620,
  618, 615, 613, 611, 609, 607, 606, 604, 602, 600, 598, 597, 595, 593, 592, 590, 589, 587, 586, 584, 583,
  582, 580, 579, 578, 576, 575, 574, 573, 571, 570, 569, 568, 567, 566, 565, 563, 562, 561, 560, 559, 558,
  557, 556, 555, 554, 553, 552, 552, 551, 550, 549, 548, 547, 546, 545, 545, 544, 543, 542, 541, 541, 540,
  539, 538, 537, 537, 536, 535, 535, 534, 533, 532, 532, 531, 530, 530, 529, 528, 528, 527, 526, 526, 525,
  524, 524,
]
