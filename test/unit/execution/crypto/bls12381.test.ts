import { beforeAll, describe, expect, it } from 'vitest'
import {
  BLS12_381_ORDER as ORDER,
  BLS12_381_FIELD_MODULUS as P,
} from '../../../../src/execution/crypto/bls12381.ts'
import { bigIntToBytes, bytesToBigInt, concatBytes } from '../../../../src/primitives/bytes.ts'
import { bytesToHex } from '../../../../src/primitives/hex.ts'
import { Prng } from '../../../sim/lib/prng.ts'
import { add, type Fp2, multiply, squareRoot, squareRootFp2 } from './fields.ts'
import { expectSame, expectSameAtItsGas, flipped, oursOf, referenceOutput, word } from './support.ts'

const [G1_ADD, G1_MSM, G2_ADD, G2_MSM, PAIRING, MAP_G1, MAP_G2] = [0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11]
const ONE = `0x${'00'.repeat(31)}01`
const ZERO = `0x${'00'.repeat(32)}`
const random = new Prng(381)
const element = (value: bigint) => bigIntToBytes(value, 64)
const elements = (...values: readonly bigint[]) => concatBytes(...values.map(element))
const scalar = () => bytesToBigInt(random.bytes(32))
const coordinate = (point: Uint8Array, index: number) =>
  bytesToBigInt(point.subarray(64 * index, 64 * index + 64))

// EIP-2537, "Curve parameters"
const G1 = elements(
  0x17f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bbn,
  0x08b3f481e3aaa0f1a09e30ed741d8ae4fcf5e095d5d00af600db18cb2c04b3edd03cc744a2888ae40caa232946c5e7e1n,
)
const G2 = elements(
  0x024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8n,
  0x13e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7en,
  0x0ce5d527727d6e118cc9cdc6da2e351aadfd9baa8cbdd3a76d429a695160d12c923ac9cc3baca289e193548608b82801n,
  0x0606c4a02ea734cc32acd2b02bc28b99cb3e287e85a763af267492ab572e99ab3f370d275cec1da1aaa9075ff05f79ben,
)
const INFINITY_G1 = new Uint8Array(128)
const INFINITY_G2 = new Uint8Array(256)

const negatedG1 = (p: Uint8Array) => elements(coordinate(p, 0), (P - coordinate(p, 1)) % P)
const negatedG2 = (p: Uint8Array) =>
  elements(coordinate(p, 0), coordinate(p, 1), (P - coordinate(p, 2)) % P, (P - coordinate(p, 3)) % P)
const timesG1 = (k: bigint, point = G1) => referenceOutput(G1_MSM, concatBytes(point, word(k)))
const timesG2 = (k: bigint, point = G2) => referenceOutput(G2_MSM, concatBytes(point, word(k)))

/** Points of the curves outside the subgroups: the cofactors are so large that nearly all are. */
function strayG1(from: bigint): Uint8Array {
  for (let x = from; ; x++) {
    const y = squareRoot(x * x * x + 4n, P)
    if (y !== undefined) return elements(x, y)
  }
}
function strayG2(from: bigint): Uint8Array {
  for (let n = from; ; n++) {
    const x: Fp2 = [n, 1n]
    const y = squareRootFp2(add(multiply(multiply(x, x, P), x, P), [4n, 4n], P), P)
    if (y !== undefined) return elements(x[0], x[1], y[0], y[1])
  }
}

const wrongG1 = () => [
  elements(1n, 1n),
  elements(0n, 1n),
  elements(P, 0n),
  elements(0n, P),
  elements(coordinate(G1, 0), coordinate(G1, 1) + P),
  elements(coordinate(G1, 0) + P, coordinate(G1, 1)),
  elements(2n ** 384n - 1n, 2n),
  concatBytes(Uint8Array.of(1), G1.subarray(1)),
  flipped(G1, 15 * 8),
  flipped(G1, 79 * 8 + 7),
  flipped(G1, 64 * 8 - 1),
]
const wrongG2 = () => [
  elements(1n, 1n, 1n, 1n),
  elements(0n, 0n, 0n, P),
  elements(P, 0n, 0n, 0n),
  elements(coordinate(G2, 1), coordinate(G2, 0), coordinate(G2, 3), coordinate(G2, 2)),
  elements(coordinate(G2, 0), coordinate(G2, 1) + P, coordinate(G2, 2), coordinate(G2, 3)),
  flipped(G2, 3 * 64 * 8 + 127),
  flipped(G2, 256 * 8 - 1),
]

let g1: Uint8Array[]
let g2: Uint8Array[]
beforeAll(async () => {
  g1 = [G1, await timesG1(scalar()), await timesG1(scalar()), INFINITY_G1]
  g2 = [G2, await timesG2(scalar()), await timesG2(scalar()), INFINITY_G2]
})

describe('BLS12-381 addition', () => {
  it('adds all pairs of points, also a point and itself or its negative', async () => {
    for (const a of g1) for (const b of [...g1, negatedG1(a)]) await expectSame(G1_ADD, concatBytes(a, b))
    for (const a of g2) for (const b of [...g2, negatedG2(a)]) await expectSame(G2_ADD, concatBytes(a, b))
    await expectSameAtItsGas(G1_ADD, concatBytes(G1, G1))
    await expectSameAtItsGas(G2_ADD, concatBytes(G2, G2))
  })

  it('takes points outside the subgroup', async () => {
    const [a, b] = [strayG1(2n), strayG1(1_000n)]
    const [c, d] = [strayG2(2n), strayG2(1_000n)]
    for (const input of [concatBytes(a, b), concatBytes(a, a), concatBytes(a, negatedG1(a))]) {
      expect((await expectSame(G1_ADD, input)).failed).toBe(false)
    }
    for (const input of [concatBytes(c, d), concatBytes(c, c), concatBytes(c, negatedG2(c))]) {
      expect((await expectSame(G2_ADD, input)).failed).toBe(false)
    }
  })

  it('refuses what is no point, and other lengths', async () => {
    for (const wrong of wrongG1()) {
      for (const input of [concatBytes(wrong, G1), concatBytes(INFINITY_G1, wrong)]) {
        expect((await expectSame(G1_ADD, input)).failed).toBe(true)
      }
    }
    for (const wrong of wrongG2()) {
      for (const input of [concatBytes(wrong, G2), concatBytes(INFINITY_G2, wrong)]) {
        expect((await expectSame(G2_ADD, input)).failed).toBe(true)
      }
    }
    for (const length of [0, 1, 128, 255, 257, 511, 513]) {
      expect((await expectSame(G1_ADD, new Uint8Array(length))).failed).toBe(true)
      expect((await expectSame(G2_ADD, new Uint8Array(length))).failed).toBe(true)
    }
  })
})

describe.each([
  { name: 'G1', address: G1_MSM, points: () => g1, base: G1, stray: strayG1, wrong: wrongG1, bytes: 160 },
  { name: 'G2', address: G2_MSM, points: () => g2, base: G2, stray: strayG2, wrong: wrongG2, bytes: 288 },
])('BLS12-381 multiplication in $name', ({ address, points, base, stray, wrong, bytes }) => {
  it('takes any scalar', async () => {
    const scalars = [0n, 1n, 2n, ORDER - 1n, ORDER, ORDER + 1n, 2n ** 255n, 2n ** 256n - 1n, scalar()]
    for (const k of scalars) await expectSame(address, concatBytes(points()[1]!, word(k)))
    await expectSameAtItsGas(address, concatBytes(points()[3]!, word(7n)))
  })

  it('sums any number of products, some of them equal, opposite, zero or infinite', async () => {
    for (let count = 1; count <= 9; count++) {
      const pairs = Array.from({ length: count }, () =>
        concatBytes(random.pick(points()), random.chance(0.2) ? word(0n) : random.bytes(32)),
      )
      await expectSame(address, concatBytes(...pairs))
    }
    const opposite = concatBytes(base, word(5n), base, word(ORDER - 5n), base, word(1n), base, word(1n))
    await expectSameAtItsGas(address, opposite)
  })

  it('sums more products than it takes at once, and as many as a transaction can pay', async () => {
    // 2^24 gas pay for 2,693 products in G1 and 1,423 in G2 (EIP-7825)
    const most = address === G1_MSM ? 2_693 : 1_423
    for (const count of [127, 128, 129, most]) {
      const scalars = Array.from({ length: count }, scalar)
      const pairs = scalars.map((k) => concatBytes(base, word(k)))
      const sum = scalars.reduce((total, k) => total + k, 0n) % ORDER
      const { output } = await oursOf(address, concatBytes(...pairs))
      expect(output).toBe(bytesToHex(await referenceOutput(address, concatBytes(base, word(sum)))))
    }
  })

  it('refuses points outside the subgroup and what is no point, wherever it stands', async () => {
    const good = concatBytes(base, word(3n))
    for (const point of [stray(2n), stray(77n), ...wrong()]) {
      for (const k of [0n, 2n, ORDER]) {
        const bad = concatBytes(point, word(k))
        expect((await expectSame(address, bad)).failed).toBe(true)
      }
      const last = concatBytes(good, good, point, word(1n))
      expect((await expectSame(address, last)).failed).toBe(true)
    }
  })

  it('refuses other lengths', async () => {
    for (const length of [0, 1, bytes - 1, bytes + 1, 2 * bytes - 1]) {
      expect((await expectSame(address, new Uint8Array(length))).failed).toBe(true)
    }
  })
})

describe('BLS12-381 pairing', () => {
  it('knows products of one', async () => {
    const [, a, b] = g1 as [Uint8Array, Uint8Array, Uint8Array]
    for (const input of [
      concatBytes(a, G2, negatedG1(a), G2),
      concatBytes(a, G2, a, negatedG2(G2)),
      concatBytes(await timesG1(6n), await timesG2(5n), await timesG1(ORDER - 10n), await timesG2(3n)),
      concatBytes(INFINITY_G1, G2),
      concatBytes(b, INFINITY_G2),
      concatBytes(INFINITY_G1, INFINITY_G2, a, G2, negatedG1(a), G2),
    ]) {
      expect((await expectSame(PAIRING, input)).output).toBe(ONE)
    }
  })

  it('knows other products', async () => {
    const [, a, b] = g1 as [Uint8Array, Uint8Array, Uint8Array]
    await expectSameAtItsGas(PAIRING, concatBytes(a, G2))
    for (const input of [
      concatBytes(a, G2, b, G2),
      concatBytes(a, G2, negatedG1(b), G2),
      concatBytes(a, G2, INFINITY_G1, G2),
    ]) {
      expect((await expectSame(PAIRING, input)).output).toBe(ZERO)
    }
  })

  it('multiplies more pairs than it takes at once, and as many as a transaction can pay', async () => {
    const [, a] = g1 as [Uint8Array, Uint8Array]
    const pair = concatBytes(a, G2, negatedG1(a), G2)
    // 2^24 gas pay for 513 pairs (EIP-7825)
    const most = concatBytes(...Array<Uint8Array>(256).fill(pair))
    expect((await oursOf(PAIRING, most)).output).toBe(ONE)
    const some = most.subarray(0, 128 * 384)
    expect((await oursOf(PAIRING, some)).output).toBe(ONE)
    expect((await oursOf(PAIRING, concatBytes(some, a, G2))).output).toBe(ZERO)
  })

  it('refuses points outside the subgroup, what is no point, and other lengths', async () => {
    for (const wrong of [strayG1(2n), ...wrongG1()]) {
      for (const other of [G2, INFINITY_G2]) {
        expect((await expectSame(PAIRING, concatBytes(wrong, other))).failed).toBe(true)
      }
    }
    for (const wrong of [strayG2(2n), ...wrongG2()]) {
      for (const other of [G1, INFINITY_G1]) {
        expect((await expectSame(PAIRING, concatBytes(other, wrong))).failed).toBe(true)
      }
    }
    for (const length of [0, 1, 383, 385, 767]) {
      expect((await expectSame(PAIRING, new Uint8Array(length))).failed).toBe(true)
    }
  })
})

describe('BLS12-381 maps', () => {
  it('map each field element', async () => {
    const edges = [0n, 1n, 2n, P - 1n, P - 2n, (P - 1n) / 2n, (P + 1n) / 2n]
    const values = [...edges, ...Array.from({ length: 8 }, () => bytesToBigInt(random.bytes(47)))]
    for (const value of values) {
      expect((await expectSame(MAP_G1, element(value))).failed).toBe(false)
      if (edges.includes(value)) await expectSame(MAP_G2, elements(value, random.pick(edges)))
      expect((await expectSame(MAP_G2, elements(random.pick(values), value))).failed).toBe(false)
    }
    await expectSameAtItsGas(MAP_G1, element(5n))
    await expectSameAtItsGas(MAP_G2, elements(5n, 6n))
  })

  it('refuse what is no field element, and other lengths', async () => {
    for (const wrong of [P, P + 1n, 2n ** 384n - 1n, 2n ** 384n, 2n ** 511n]) {
      expect((await expectSame(MAP_G1, element(wrong))).failed).toBe(true)
      expect((await expectSame(MAP_G2, elements(wrong, 1n))).failed).toBe(true)
      expect((await expectSame(MAP_G2, elements(1n, wrong))).failed).toBe(true)
    }
    for (const length of [0, 1, 63, 65, 127, 129]) {
      expect((await expectSame(MAP_G1, new Uint8Array(length))).failed).toBe(true)
      expect((await expectSame(MAP_G2, new Uint8Array(length))).failed).toBe(true)
    }
  })
})
