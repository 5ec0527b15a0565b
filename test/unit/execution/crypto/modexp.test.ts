import { describe, expect, it } from 'vitest'
import { bigIntToBytes, bytesToBigInt, concatBytes } from '../../../../src/primitives/bytes.ts'
import { bytesToHex } from '../../../../src/primitives/hex.ts'
import { Prng } from '../../../sim/lib/prng.ts'
import { power } from './fields.ts'
import { type ComparedFork, expectSame, expectSameAtItsGas, words } from './support.ts'

const MODEXP = 5
const forks: readonly ComparedFork[] = ['byzantium', 'berlin', 'osaka']
const random = new Prng(5)

interface Numbers {
  readonly base: Uint8Array
  readonly exponent: Uint8Array
  readonly modulus: Uint8Array
}

const lengthsOf = ({ base, exponent, modulus }: Numbers) =>
  words(BigInt(base.length), BigInt(exponent.length), BigInt(modulus.length))
const encode = (numbers: Numbers) =>
  concatBytes(lengthsOf(numbers), numbers.base, numbers.exponent, numbers.modulus)

/** By the definition, with plain integers. */
function expected({ base, exponent, modulus }: Numbers): string {
  const m = bytesToBigInt(modulus)
  const value = m === 0n ? 0n : power(bytesToBigInt(base), bytesToBigInt(exponent), m)
  return modulus.length === 0 ? '0x' : bytesToHex(bigIntToBytes(value, modulus.length))
}

async function expectDefined(numbers: Numbers, fork: ComparedFork): Promise<void> {
  const { output, failed } = await expectSameAtItsGas(MODEXP, encode(numbers), fork)
  expect(failed).toBe(false)
  expect(output).toBe(expected(numbers))
}

const edges = [
  [],
  [0],
  [0, 0, 0],
  [1],
  [0, 1],
  [2],
  [3],
  [255],
  [1, 0],
  [128, 0, 0, 0, 0, 0, 0, 0],
  Array(32).fill(0),
  Array(32).fill(255),
  [1, ...Array(32).fill(0)],
  Array(33).fill(255),
].map((bytes) => Uint8Array.from(bytes as number[]))

describe('modexp', () => {
  it.each(forks)('is the definition for each combination of edge values under %s', async (fork) => {
    for (const base of edges) {
      for (const exponent of edges) {
        for (const modulus of edges) {
          const numbers = { base, exponent, modulus }
          const { output, failed } = await expectSame(MODEXP, encode(numbers), { fork })
          expect([output, failed], bytesToHex(encode(numbers))).toEqual([expected(numbers), false])
        }
      }
    }
  })

  it.each(forks)('is the definition for random numbers, odd and even, under %s', async (fork) => {
    for (let i = 0; i < 60; i++) {
      const modulus = random.bytes(random.int(1, 80))
      if (random.chance(0.3)) modulus[modulus.length - 1] = 0
      const base = random.bytes(random.int(0, 100))
      await expectDefined({ base, exponent: random.bytes(random.int(0, 40)), modulus }, fork)
    }
  })

  it('is the definition for exponents of one digit, one bit and all bits', async () => {
    const modulus = random.bytes(48)
    const base = random.bytes(48)
    for (let length = 1; length <= 12; length++) {
      for (const byte of [1, 2, 15, 16, 17, 128, 240, 255]) {
        const exponent = new Uint8Array(length)
        exponent[0] = byte
        await expectDefined({ base, exponent, modulus }, 'osaka')
        await expectDefined({ base, exponent: exponent.fill(byte), modulus }, 'osaka')
      }
    }
  })

  it('takes numbers of 1,024 bytes, and no longer ones since Osaka (EIP-7823)', async () => {
    const long = { base: random.bytes(1_024), exponent: random.bytes(2), modulus: random.bytes(1_024) }
    for (const fork of forks) await expectDefined(long, fork)
    const one = Uint8Array.of(3)
    for (const name of ['base', 'exponent', 'modulus'] as const) {
      const numbers = { base: one, exponent: one, modulus: Uint8Array.of(7), [name]: random.bytes(1_025) }
      expect((await expectSame(MODEXP, encode(numbers))).failed).toBe(true)
      expect((await expectSame(MODEXP, encode(numbers), { fork: 'berlin' })).failed).toBe(false)
    }
  })

  it.each(forks)('reads zeros where the input ends, under %s', async (fork) => {
    const numbers = { base: random.bytes(33), exponent: random.bytes(34), modulus: random.bytes(35) }
    const input = encode(numbers)
    for (let length = 0; length <= input.length; length += 3) {
      await expectSame(MODEXP, input.subarray(0, length), { fork })
    }
  })

  it.each(forks)('runs out of gas for lengths that nobody can pay, under %s', async (fork) => {
    const huge = [2n ** 31n, 2n ** 32n, 2n ** 64n, 2n ** 255n, 2n ** 256n - 1n]
    for (const length of huge) {
      for (const lengths of [words(length, 1n, 1n), words(1n, length, 1n), words(1n, 1n, length)]) {
        const { failed } = await expectSame(MODEXP, lengths, { fork, gasLimit: 30_000_000n })
        expect(failed).toBe(true)
      }
      // nothing to compute, whatever the exponent is said to be
      await expectSame(MODEXP, words(0n, length, 0n), { fork, gasLimit: 30_000_000n })
    }
  })
})
