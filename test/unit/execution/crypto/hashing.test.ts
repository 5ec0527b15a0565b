import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { bytesToBigInt, concatBytes } from '../../../../src/primitives/bytes.ts'
import { bytesToHex, hexToBytes } from '../../../../src/primitives/hex.ts'
import { privateKeyToAddress, sign } from '../../../../src/primitives/secp256k1.ts'
import { Prng } from '../../../sim/lib/prng.ts'
import { expectSame, expectSameAtItsGas, flipped, word, words } from './support.ts'

const [ECRECOVER, SHA256, RIPEMD160, IDENTITY, BLAKE2F] = [1, 2, 3, 4, 9]
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
const random = new Prng(1)

describe('ecrecover', () => {
  function signed() {
    const key = random.bytes(32)
    const digest = random.bytes(32)
    const signature = sign(digest, key)
    const v = BigInt(27 + (signature[64] ?? 0))
    const r = bytesToBigInt(signature.subarray(0, 32))
    const s = bytesToBigInt(signature.subarray(32, 64))
    return { key, digest, v, r, s }
  }

  it('finds who signed, with a low and a high s', async () => {
    for (let i = 0; i < 20; i++) {
      const { key, digest, v, r, s } = signed()
      const signer = `0x${'00'.repeat(12)}${privateKeyToAddress(key).slice(2)}`
      const low = await expectSameAtItsGas(ECRECOVER, concatBytes(digest, words(v, r, s)))
      expect(low).toEqual({ output: signer, failed: false, gasUsed: 3_000n })
      const high = await expectSame(ECRECOVER, concatBytes(digest, words(55n - v, r, ORDER - s)))
      expect(high.output).toBe(signer)
    }
  })

  it('gives nothing for what is no signature', async () => {
    const { digest, v, r, s } = signed()
    const wrong: [bigint, bigint, bigint][] = [
      [0n, r, s],
      [1n, r, s],
      [26n, r, s],
      [29n, r, s],
      [v + 2n ** 255n, r, s],
      [v + 256n, r, s],
      [v, 0n, s],
      [v, r, 0n],
      [v, ORDER, s],
      [v, r, ORDER],
      [v, 2n ** 256n - 1n, s],
      [v, r, 2n ** 256n - 1n],
    ]
    for (const fields of wrong) {
      const { output, failed } = await expectSame(ECRECOVER, concatBytes(digest, words(...fields)))
      expect([output, failed]).toEqual(['0x', false])
    }
    // an r of a random number is the x of a point half of the time
    const outputs = new Set<number>()
    for (let i = 0; i < 40; i++) {
      const input = concatBytes(digest, word(v), random.bytes(64))
      outputs.add((await expectSame(ECRECOVER, input)).output.length)
    }
    expect([...outputs].sort((a, b) => a - b)).toEqual([2, 66])
  })

  it('takes input of any length', async () => {
    const { digest, v, r, s } = signed()
    const input = concatBytes(digest, words(v, r, s), random.bytes(40))
    for (let length = 0; length <= input.length; length++)
      await expectSame(ECRECOVER, input.subarray(0, length))
  })
})

describe('sha256, ripemd160 and identity', () => {
  it.each([SHA256, RIPEMD160, IDENTITY])('precompile %i takes input of any length', async (address) => {
    const lengths = [...Array(140).keys(), 1_000, 1_023, 1_024, 1_025, 20_000]
    for (const length of lengths) await expectSameAtItsGas(address, random.bytes(length))
  })

  it('hash as their standards say', async () => {
    // FIPS 180-4 and the RIPEMD-160 page: the digests of "abc"
    const abc = new TextEncoder().encode('abc')
    expect((await expectSame(SHA256, abc)).output).toBe(
      '0xba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    )
    expect((await expectSame(RIPEMD160, abc)).output).toBe(
      `0x${'00'.repeat(12)}8eb208f7e05d987a9b044a8e98c6b087f15a0bfc`,
    )
  })
})

describe('blake2f', () => {
  const input = (rounds: number, isLast: number) => {
    const bytes = concatBytes(new Uint8Array(4), random.bytes(208), Uint8Array.of(isLast))
    new DataView(bytes.buffer).setUint32(0, rounds)
    return bytes
  }

  it('does any number of rounds', async () => {
    for (let rounds = 0; rounds <= 40; rounds++) await expectSameAtItsGas(BLAKE2F, input(rounds, rounds & 1))
    // more than the module does at once, and not a multiple of it
    for (const rounds of [9_999, 10_000, 10_001, 25_003]) await expectSame(BLAKE2F, input(rounds, 1))
  })

  it('gives the vectors of EIP-152', async () => {
    // EIP-152, test vectors 4 to 7: rounds, final flag, output
    const block =
      '48c9bdf267e6096a3ba7ca8485ae67bb2bf894fe72f36e3cf1361d5f3af54fa5d182e6ad7f520e511f6c3e2b8c68059b6bbd41fbabd9831f79217e1319cde05b' +
      `616263${'00'.repeat(125)}0300000000000000${'00'.repeat(8)}`
    const vectors: [string, string, string][] = [
      [
        '00000000',
        '01',
        '08c9bcf367e6096a3ba7ca8485ae67bb2bf894fe72f36e3cf1361d5f3af54fa5d282e6ad7f520e511f6c3e2b8c68059b9442be0454267ce079217e1319cde05b',
      ],
      [
        '0000000c',
        '01',
        'ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923',
      ],
      [
        '0000000c',
        '00',
        '75ab69d3190a562c51aef8d88f1c2775876944407270c42c9844252c26d2875298743e7f6d5ea2f2d3e8d226039cd31b4e426ac4f2d3d666a610c2116fde4735',
      ],
      [
        '00000001',
        '01',
        'b63a380cb2897d521994a85234ee2c181b5f844d2c624c002677e9703449d2fba551b3a8333bcdf5f2f7e08993d53923de3d64fcc68c034e717b9293fed7a421',
      ],
    ]
    for (const [rounds, isLast, output] of vectors) {
      const result = await expectSame(BLAKE2F, hexToBytes(`0x${rounds}${block}${isLast}`))
      expect(result.output).toBe(`0x${output}`)
    }
  })

  it('is what OpenSSL hashes with', async () => {
    // RFC 7693, section 3.3: one block, an unkeyed hash of 64 bytes, 12 rounds
    const parameters = hexToBytes(
      '0x48c9bdf267e6096a3ba7ca8485ae67bb2bf894fe72f36e3cf1361d5f3af54fa5d182e6ad7f520e511f6c3e2b8c68059b6bbd41fbabd9831f79217e1319cde05b',
    )
    for (const length of [0, 1, 3, 64, 127, 128]) {
      const message = random.bytes(length)
      const offset = Uint8Array.of(length, ...new Uint8Array(15))
      const padding = new Uint8Array(128 - length)
      const fields = concatBytes(Uint8Array.of(0, 0, 0, 12), parameters, message, padding, offset)
      const { output } = await expectSame(BLAKE2F, concatBytes(fields, Uint8Array.of(1)))
      expect(output).toBe(`0x${createHash('blake2b512').update(message).digest('hex')}`)
    }
  })

  it('leaves nothing of one call for the next', async () => {
    const one = input(12, 1)
    const first = await expectSame(BLAKE2F, one)
    await expectSame(BLAKE2F, input(7, 0))
    expect(await expectSame(BLAKE2F, one)).toEqual(first)
  })

  it('fails on any other length or flag', async () => {
    const valid = input(3, 1)
    for (const length of [0, 1, 4, 211, 212]) {
      expect((await expectSame(BLAKE2F, valid.subarray(0, length))).failed).toBe(true)
    }
    expect((await expectSame(BLAKE2F, concatBytes(valid, Uint8Array.of(0)))).failed).toBe(true)
    for (const flag of [2, 3, 128, 255]) expect((await expectSame(BLAKE2F, input(3, flag))).failed).toBe(true)
  })

  it('sees each bit of its input', async () => {
    const valid = input(12, 1)
    const outputs = new Set<string>()
    const bits = Array.from({ length: 40 }, () => random.int(32, 212 * 8 - 1))
    for (const bit of new Set(bits)) outputs.add((await expectSame(BLAKE2F, flipped(valid, bit))).output)
    expect(outputs.size).toBe(new Set(bits).size)
    expect(outputs.has(bytesToHex(valid))).toBe(false)
  })
})
