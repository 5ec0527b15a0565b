import { createECDH, createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { bytesToBigInt, concatBytes } from '../../../../src/primitives/bytes.ts'
import { Prng } from '../../../sim/lib/prng.ts'
import { modulo, power } from './fields.ts'
import { expectSame, expectSameAtItsGas, flipped, word, words } from './support.ts'

const P256_VERIFY = 0x100
// SP 800-186
const N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
const P = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn
const VALID = `0x${'00'.repeat(31)}01`
const random = new Prng(256)
const inverse = (value: bigint) => power(value, N - 2n, N)

interface Signed {
  readonly digest: Uint8Array
  readonly r: bigint
  readonly s: bigint
  readonly x: bigint
  readonly y: bigint
}

const encode = ({ digest, r, s, x, y }: Signed) => concatBytes(digest, words(r, s, x, y))

function signed(key: { publicKey: KeyObject; privateKey: KeyObject }): Signed {
  const message = random.bytes(random.int(0, 100))
  const signature = sign('sha256', message, { key: key.privateKey, dsaEncoding: 'ieee-p1363' })
  const { x = '', y = '' } = key.publicKey.export({ format: 'jwk' })
  const number = (text: string) => bytesToBigInt(Buffer.from(text, 'base64url'))
  return {
    digest: createHash('sha256').update(message).digest(),
    r: bytesToBigInt(signature.subarray(0, 32)),
    s: bytesToBigInt(signature.subarray(32)),
    x: number(x),
    y: number(y),
  }
}

/** k times the base point. */
function point(k: bigint): { x: bigint; y: bigint } {
  const pair = createECDH('prime256v1')
  pair.setPrivateKey(word(k))
  const bytes = pair.getPublicKey()
  return { x: bytesToBigInt(bytes.subarray(1, 33)), y: bytesToBigInt(bytes.subarray(33)) }
}

const newKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' })

describe('P-256 verification', () => {
  it('accepts signatures, with a low and a high s', async () => {
    for (let i = 0; i < 12; i++) {
      const one = signed(newKey())
      expect((await expectSame(P256_VERIFY, encode(one))).output).toBe(VALID)
      expect((await expectSame(P256_VERIFY, encode({ ...one, s: N - one.s }))).output).toBe(VALID)
    }
    const { gasUsed } = await expectSameAtItsGas(P256_VERIFY, encode(signed(newKey())))
    expect(gasUsed).toBe(6_900n)
  })

  it('gives nothing when any bit is another', async () => {
    const input = encode(signed(newKey()))
    for (let bit = 3; bit < 160 * 8; bit += 61) {
      expect(await expectSame(P256_VERIFY, flipped(input, bit))).toEqual({
        output: '0x',
        failed: false,
        gasUsed: 6_900n,
      })
    }
  })

  it('gives nothing for numbers out of range and points off the curve', async () => {
    const one = signed(newKey())
    for (const wrong of [
      { r: 0n },
      { s: 0n },
      { r: N },
      { s: N },
      { r: one.r + N > 2n ** 256n - 1n ? N : one.r + N },
      { s: 2n ** 256n - 1n },
      { x: 0n, y: 0n },
      { x: P },
      { y: P },
      { x: 2n ** 256n - 1n },
      { y: P - one.y },
      { x: one.y, y: one.x },
      { x: 0n },
    ]) {
      expect((await expectSame(P256_VERIFY, encode({ ...one, ...wrong }))).output).toBe('0x')
    }
  })

  it('gives nothing for other lengths', async () => {
    const input = encode(signed(newKey()))
    for (const length of [0, 1, 32, 128, 159]) {
      expect((await expectSame(P256_VERIFY, input.subarray(0, length))).output).toBe('0x')
    }
    expect((await expectSame(P256_VERIFY, concatBytes(input, Uint8Array.of(0)))).output).toBe('0x')
  })

  it('is exact where the moved key is infinity, twice a point, or the key itself', async () => {
    // the key is moved by shift·G with shift = (e − e')/r, where e' is the digest of the empty message
    const fixed = bytesToBigInt(createHash('sha256').update('').digest())
    for (const e of [fixed, 0n, 777n, N - 1n, N, 2n ** 256n - 1n]) {
      const k = bytesToBigInt(random.bytes(31)) + 1n
      const r = point(k).x % N
      const shift = modulo((e - fixed) * inverse(r), N)
      const secrets = [N - shift, shift, 5n].filter((secret) => secret > 0n && secret < N)
      for (const secret of secrets) {
        const s = modulo((e + r * secret) * inverse(k), N)
        const one = { digest: word(e), r, s, ...point(secret) }
        expect((await expectSame(P256_VERIFY, encode(one))).output).toBe(VALID)
        const other = { ...one, s: modulo(s + 1n, N) }
        expect((await expectSame(P256_VERIFY, encode(other))).output).toBe('0x')
      }
    }
  })

  it('reduces an x above the order', async () => {
    // no known point has such an x, so the signature is only nearly one: r is the smallest number there is
    const one = signed(newKey())
    for (const r of [1n, P - N, N - 1n]) await expectSame(P256_VERIFY, encode({ ...one, r }))
  })
})
