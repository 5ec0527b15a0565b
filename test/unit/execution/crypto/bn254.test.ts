import { initRustBN } from 'rustbn-wasm'
import { beforeAll, describe, expect, it } from 'vitest'
import { BN254_FIELD_MODULUS as P } from '../../../../src/execution/crypto/bn254.ts'
import { bytesToBigInt, concatBytes } from '../../../../src/primitives/bytes.ts'
import { Prng } from '../../../sim/lib/prng.ts'
import { add, type Fp2, multiply, squareRootFp2 } from './fields.ts'
import { expectSame, expectSameAtItsGas, flipped, oursOf, referenceOutput, word, words } from './support.ts'

const [ADD, MUL, PAIRING] = [6, 7, 8]
// EIP-196 and EIP-197
const ORDER = 21888242871839275222246405745257275088548364400416034343698204186575808495617n
const G1 = words(1n, 2n)
const G2 = words(
  11559732032986387107991004021392285783925812861821192530917403151452391805634n,
  10857046999023057135944570762232829481370756359578518086990519993285655852781n,
  4082367875863433681332203403145435568316851327593401208105741076214120093531n,
  8495653923123431417604973247489272438418190587263600148770280649306958101930n,
)
const INFINITY = new Uint8Array(64)
const random = new Prng(254)
const scalar = () => bytesToBigInt(random.bytes(32))
const times = (point: Uint8Array, k: bigint) => referenceOutput(MUL, concatBytes(point, word(k)))
const negated = (point: Uint8Array) =>
  concatBytes(point.subarray(0, 32), word((P - bytesToBigInt(point.subarray(32))) % P))

/** A point of the twist outside the subgroup: x = 0·i + n for the first n with a root. */
function strayG2(): Uint8Array {
  for (let n = 1n; ; n++) {
    const x: Fp2 = [n, 0n]
    // EIP-197: b = 3 / (9 + i)
    const b: Fp2 = [
      19485874751759354771024239261021720505790618469301721065564631296452457478373n,
      266929791119991161246907387137283842545076965332900288569378510910307636690n,
    ]
    const y = squareRootFp2(add(multiply(multiply(x, x, P), x, P), b, P), P)
    if (y !== undefined) return words(x[1], x[0], y[1], y[0])
  }
}

/** Coordinates that no point has. */
const wrongPoints = (point: Uint8Array) => [
  words(1n, 1n),
  words(0n, 1n),
  words(1n, 0n),
  words(P, 0n),
  words(0n, P),
  words(P + 1n, 2n),
  words(1n, P + 2n),
  words(2n ** 256n - 1n, 2n ** 256n - 1n),
  flipped(point, 100),
  flipped(point, 400),
  concatBytes(word(bytesToBigInt(point.subarray(0, 32)) + P), point.subarray(32)),
]

let points: Uint8Array[]
beforeAll(async () => {
  points = [G1, INFINITY]
  for (let i = 0; i < 8; i++) points.push(await times(G1, scalar()))
})

describe('bn254 addition and multiplication', () => {
  it('add all pairs of points, a point and itself, its negative and infinity', async () => {
    for (const a of points) {
      for (const b of points) await expectSame(ADD, concatBytes(a, b))
      const zero = await expectSame(ADD, concatBytes(a, negated(a)))
      expect(zero).toEqual({ output: `0x${'00'.repeat(64)}`, failed: false, gasUsed: 150n })
    }
    await expectSameAtItsGas(ADD, concatBytes(G1, G1))
    await expectSameAtItsGas(ADD, concatBytes(G1, G1), 'byzantium')
  })

  it('multiply with any 256 bits', async () => {
    const scalars = [0n, 1n, 2n, ORDER - 1n, ORDER, ORDER + 1n, 2n * ORDER, P, 2n ** 255n, 2n ** 256n - 1n]
    for (const k of [...scalars, scalar(), scalar(), scalar()]) {
      await expectSame(MUL, concatBytes(points[3]!, word(k)))
      await expectSame(MUL, concatBytes(INFINITY, word(k)))
    }
    await expectSameAtItsGas(MUL, concatBytes(G1, word(5n)))
    await expectSameAtItsGas(MUL, concatBytes(G1, word(5n)), 'byzantium')
  })

  it('refuse what is no point', async () => {
    for (const wrong of wrongPoints(points[2]!)) {
      for (const input of [concatBytes(wrong, G1), concatBytes(G1, wrong)]) {
        expect((await expectSame(ADD, input)).failed).toBe(true)
      }
      expect((await expectSame(MUL, concatBytes(wrong, word(2n)))).failed).toBe(true)
      expect((await expectSame(MUL, concatBytes(wrong, word(0n)))).failed).toBe(true)
    }
  })

  it('take input of any length', async () => {
    const input = concatBytes(points[2]!, points[3]!, random.bytes(40))
    for (let length = 0; length <= input.length; length += 3) {
      await expectSame(ADD, input.subarray(0, length))
      await expectSame(MUL, input.subarray(0, length))
    }
  })

  it('agree with a third implementation', async () => {
    const rust = await initRustBN()
    const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
    for (let i = 0; i < 20; i++) {
      const input = concatBytes(random.pick(points), random.pick(points))
      expect((await expectSame(ADD, input)).output).toBe(rust.ec_add(hex(input)))
      const product = concatBytes(random.pick(points), random.bytes(32))
      expect((await expectSame(MUL, product)).output).toBe(rust.ec_mul(hex(product)))
    }
  })
})

describe('bn254 pairing', () => {
  const ONE = `0x${'00'.repeat(31)}01`
  const ZERO = `0x${'00'.repeat(32)}`

  it('knows products of one', async () => {
    const a = points[2]!
    for (const input of [
      new Uint8Array(0),
      concatBytes(a, G2, negated(a), G2),
      concatBytes(a, G2, a, G2, negated(await times(a, 2n)), G2),
      concatBytes(INFINITY, G2),
      concatBytes(a, new Uint8Array(128)),
      concatBytes(new Uint8Array(192), a, G2, negated(a), G2),
    ]) {
      expect((await expectSameAtItsGas(PAIRING, input)).output).toBe(ONE)
    }
  })

  it('knows other products', async () => {
    const [a, b] = [points[2]!, points[3]!]
    for (const input of [
      concatBytes(a, G2),
      concatBytes(a, G2, b, G2),
      concatBytes(a, G2, negated(b), G2),
      concatBytes(new Uint8Array(192), a, G2),
    ]) {
      expect((await expectSame(PAIRING, input)).output).toBe(ZERO)
    }
    await expectSameAtItsGas(PAIRING, concatBytes(a, G2), 'byzantium')
  })

  it('refuses points off the curve, outside the subgroup, and coordinates that are not canonical', async () => {
    for (const wrong of wrongPoints(points[2]!)) {
      expect((await expectSame(PAIRING, concatBytes(wrong, G2))).failed).toBe(true)
    }
    const part = (index: number) => bytesToBigInt(G2.subarray(32 * index, 32 * index + 32))
    const [x1, x0, y1, y0] = [part(0), part(1), part(2), part(3)]
    for (const wrong of [
      strayG2(),
      words(x1, x0, y1, y0 + P),
      words(x1 + P, x0, y1, y0),
      words(x0, x1, y0, y1),
      words(0n, 0n, 0n, P),
      words(P, 0n, 0n, 0n),
      words(1n, 2n, 3n, 4n),
      flipped(G2, 77),
    ]) {
      expect((await expectSame(PAIRING, concatBytes(G1, wrong))).failed).toBe(true)
      // infinity beside it does not excuse a point
      expect((await expectSame(PAIRING, concatBytes(INFINITY, wrong))).failed).toBe(true)
    }
  })

  it('refuses other lengths', async () => {
    const input = concatBytes(G1, G2, G1)
    for (const length of [1, 64, 191, 193, 256])
      expect((await expectSame(PAIRING, input.subarray(0, length))).failed).toBe(true)
  })

  it('multiplies more pairs than it takes at once', async () => {
    const a = points[4]!
    const pair = concatBytes(a, G2, negated(a), G2)
    const many = concatBytes(...Array<Uint8Array>(65).fill(pair))
    expect((await oursOf(PAIRING, many)).output).toBe(ONE)
    expect((await oursOf(PAIRING, concatBytes(many, a, G2))).output).toBe(ZERO)
  })
})
