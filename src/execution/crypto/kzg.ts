import { createHash } from 'node:crypto'
import { invariant } from '../../errors/errors.ts'
import { bigIntToBytes, concatBytes, equalBytes } from '../../primitives/bytes.ts'
import { BLS12_381_FIELD_MODULUS, BLS12_381_ORDER } from './bls12381.ts'
import { type Pointer, valueBytes } from './mcl.ts'
import type { PairingCurve } from './pairingCurve.ts'
import { precompileAddress, type StandardPrecompile } from './standardPrecompile.ts'

/** Coordinates of a point of G2, each the real part and the part with i. */
type G2Coordinates = readonly [x0: bigint, x1: bigint, y0: bigint, y1: bigint]

/** EIP-2537, "Curve parameters": the generators, that of G2 negated. */
const GENERATOR = {
  x: 0x17f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bbn,
  y: 0x08b3f481e3aaa0f1a09e30ed741d8ae4fcf5e095d5d00af600db18cb2c04b3edd03cc744a2888ae40caa232946c5e7e1n,
} as const
const MINUS_G2: G2Coordinates = [
  0x024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8n,
  0x13e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7en,
  0x0d1b3cc2c7027888be51d9ef691d77bcb679afda66c73f17f9ee3837a55024f78c71363275a75d75d86bab79f74782aan,
  0x13fa4d4a0ad8b1ce186ed5061789213d993923066dddaf1040bc3ff59f825c78df74f2d75467e25e0f55f8a00fa030edn,
]
/** The secret of Ethereum's KZG ceremony times the generator: `g2_monomial[1]` of its trusted setup (EIP-4844). */
export const SECRET_G2: G2Coordinates = [
  0x185cbfee53492714734429b7b38608e23926c911cceceac9a36851477ba4c60b087041de621000edc98edada20c1def2n,
  0x15bfd7dd8cdeb128843bc287230af38926187075cbfbefa81009a2ce615ac53d2914e5870cb452d2afaaab24f3499f72n,
  0x014353bdb96b626dd7d5ee8599d1fca2131569490e28de18e82451a496a9c9794ce26d105941f383ee689bfbbb832a99n,
  0x1666c54b0a32529503432fcae0181b4bef79de09fc63671fda5ed1ba9bfa07899495346f3d7ac9cd23048ef30d0a154fn,
]

const VERSIONED_HASH_VERSION_KZG = 1
const FIELD_ELEMENTS_PER_BLOB = 4_096n
const INPUT_BYTES = 192
const POINT_BYTES = 48
const SCALAR_BYTES = 32
const ORDER = bigIntToBytes(BLS12_381_ORDER, SCALAR_BYTES)
const OUTPUT = concatBytes(bigIntToBytes(FIELD_ELEMENTS_PER_BLOB, 32), ORDER)
/** The y of the larger of two roots is above this. */
const HALF_MODULUS = bigIntToBytes((BLS12_381_FIELD_MODULUS - 1n) / 2n, POINT_BYTES)

/** EIP-4844, "Point evaluation precompile". */
export function pointEvaluation(curve: PairingCurve): StandardPrecompile {
  const kzg = new KzgVerifier(curve)
  return {
    name: 'pointEvaluation',
    address: precompileAddress(0x0a),
    gas: () => 50_000n,
    run: (input) => {
      if (input.length !== INPUT_BYTES) return undefined
      const commitment = input.subarray(96, 144)
      if (!equalBytes(input.subarray(0, 32), versionedHash(commitment))) return undefined
      const proof = input.subarray(144, 192)
      const isValid = kzg.verify(commitment, input.subarray(32, 64), input.subarray(64, 96), proof)
      return isValid ? OUTPUT.slice() : undefined
    },
  }
}

function versionedHash(commitment: Uint8Array): Uint8Array {
  const hash = Uint8Array.from(createHash('sha256').update(commitment).digest())
  hash[0] = VERSIONED_HASH_VERSION_KZG
  return hash
}

/** Checks that a committed polynomial has the value y at z. */
class KzgVerifier {
  readonly #curve: PairingCurve
  readonly #generator: Pointer
  readonly #minusG2: Pointer
  readonly #secretG2: Pointer
  /** Commitment, generator and proof, and what each is multiplied by. */
  readonly #points: Pointer
  readonly #scalars: Pointer
  readonly #proof: Pointer
  readonly #sum: Pointer
  readonly #fields: readonly [Pointer, Pointer]
  readonly #product: Pointer

  constructor(curve: PairingCurve) {
    const { mcl } = curve
    this.#curve = curve
    this.#generator = mcl.allocate(valueBytes.g1)
    this.#points = mcl.allocate(3 * valueBytes.g1)
    this.#scalars = mcl.allocate(3 * valueBytes.fr)
    this.#proof = mcl.allocate(valueBytes.g1)
    this.#sum = mcl.allocate(valueBytes.g1)
    this.#fields = [mcl.allocate(valueBytes.fp), mcl.allocate(valueBytes.fp)]
    this.#product = mcl.allocate(valueBytes.gt)
    const generator = concatBytes(element(GENERATOR.x), element(GENERATOR.y))
    invariant(curve.loadG1(this.#generator, generator, 0), 'The generator is on the curve.')
    this.#minusG2 = this.#precompute(MINUS_G2)
    this.#secretG2 = this.#precompute(SECRET_G2)
  }

  /**
   * e(C − y·G + z·π, −H) · e(π, s·H) = 1, with the commitment C, the proof π and the generators G and H: the equation
   * of EIP-4844 with z moved from the second group to the first, where it costs less.
   */
  verify(commitment: Uint8Array, z: Uint8Array, y: Uint8Array, proof: Uint8Array): boolean {
    const { call } = this.#curve.mcl
    const { g1, fr } = valueBytes
    if (!isScalar(z) || !isScalar(y)) return false
    if (!this.#decompress(this.#points, commitment) || !this.#decompress(this.#proof, proof)) return false
    this.#copy(this.#points + g1, this.#generator)
    this.#copy(this.#points + 2 * g1, this.#proof)
    this.#curve.loadScalar(this.#scalars, ONE, 0)
    this.#curve.loadScalar(this.#scalars + fr, y, 0)
    call._mclBnFr_neg(this.#scalars + fr, this.#scalars + fr)
    this.#curve.loadScalar(this.#scalars + 2 * fr, z, 0)
    const [sum, product] = [this.#sum, this.#product]
    call._mclBnG1_mulVec(sum, this.#points, this.#scalars, 3)
    // a pairing is one exactly if one of its points is infinity, and mcl's lines are for others
    const isSumZero = call._mclBnG1_isZero(sum) === 1
    const isProofZero = call._mclBnG1_isZero(this.#proof) === 1
    if (isSumZero || isProofZero) return isSumZero && isProofZero
    call._mclBn_precomputedMillerLoop2(product, sum, this.#minusG2, this.#proof, this.#secretG2)
    call._mclBn_finalExp(product, product)
    return call._mclBnGT_isOne(product) === 1
  }

  #precompute([x0, x1, y0, y1]: G2Coordinates): Pointer {
    const { mcl } = this.#curve
    const point = mcl.allocate(valueBytes.g2)
    const bytes = concatBytes(element(x0), element(x1), element(y0), element(y1))
    invariant(this.#curve.loadG2(point, bytes, 0), 'The point is on the curve.')
    const lines = mcl.allocate(mcl.call._mclBn_getUint64NumToPrecompute() * 8)
    mcl.call._mclBn_precomputeG2(lines, point)
    return lines
  }

  #copy(to: Pointer, from: Pointer): void {
    const { mcl } = this.#curve
    mcl.write(to, mcl.read(from, valueBytes.g1))
  }

  /**
   * A point of the subgroup in the compressed form of BLS12-381 (48 bytes; the three highest bits say: compressed,
   * infinity, the larger y). False for any other bytes.
   */
  #decompress(point: Pointer, bytes: Uint8Array): boolean {
    const { mcl } = this.#curve
    const { call } = mcl
    const flags = (bytes[0] ?? 0) >> 5
    const x = Uint8Array.from(bytes)
    x[0] = (bytes[0] ?? 0) & 0x1f
    if ((flags & 2) !== 0) {
      call._mclBnG1_clear(point)
      return flags === 6 && x.every((byte) => byte === 0)
    }
    if ((flags & 4) === 0) return false
    const { fp } = valueBytes
    const [square, constant] = this.#fields
    if (!this.#curve.loadField(point, concatBytes(PADDING, x), 0)) return false
    // y² = x³ + 4
    call._mclBnFp_mul(square, point, point)
    call._mclBnFp_mul(square, square, point)
    call._mclBnFp_setInt32(constant, 4)
    call._mclBnFp_add(square, square, constant)
    const y = point + fp
    if (call._mclBnFp_squareRoot(y, square) !== 0) return false
    const isLarger = Buffer.compare(this.#curve.fieldBytes(y), HALF_MODULUS) > 0
    if (isLarger !== ((flags & 1) === 1)) call._mclBnFp_neg(y, y)
    call._mclBnFp_setInt32(point + 2 * fp, 1)
    return this.#curve.isInSubgroup(point)
  }
}

const ONE = bigIntToBytes(1n, SCALAR_BYTES)
const PADDING = new Uint8Array(16)
const element = (value: bigint) => bigIntToBytes(value, 64)
const isScalar = (bytes: Uint8Array) => Buffer.compare(bytes, ORDER) < 0
