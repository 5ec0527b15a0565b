import { createECDH, verify } from 'node:crypto'
import { bigIntToBytes, bytesToBigInt, concatBytes, EMPTY_BYTES } from '../../primitives/bytes.ts'
import { precompileAddress, type StandardPrecompile } from './standardPrecompile.ts'

// FIPS 186-5 and SP 800-186, curve P-256: y² = x³ − 3x + b over F_p; order n
const P = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn
const N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
const B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn

interface Point {
  readonly x: bigint
  readonly y: bigint
}

const INPUT_BYTES = 160
const SUCCESS = bigIntToBytes(1n, 32)

/** EIP-7951. What is wrong, the input's form included, gives empty output, never an error. */
export const p256Verify: StandardPrecompile = {
  name: 'p256Verify',
  address: precompileAddress(0x100),
  gas: () => 6_900n,
  run: (input) => (isValid(input) ? SUCCESS.slice() : EMPTY_BYTES),
}

function isValid(input: Uint8Array): boolean {
  if (input.length !== INPUT_BYTES) return false
  const field = (index: number) => bytesToBigInt(input.subarray(32 * index, 32 * index + 32))
  const [digest, r, s] = [field(0), field(1), field(2)]
  const key = { x: field(3), y: field(4) }
  if (r === 0n || r >= N || s === 0n || s >= N || !isOnCurve(key)) return false
  return verifyDigest(digest, { r, s }, key)
}

/** (0, 0), the EIP's infinity, is not on the curve, because b is not zero. */
function isOnCurve({ x, y }: Point): boolean {
  return x < P && y < P && modulo(y * y - (x * x - 3n) * x - B, P) === 0n
}

const MESSAGE = new Uint8Array(0)
/** SHA-256 of the empty message (FIPS 180-4). */
const MESSAGE_DIGEST = 0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855n

/**
 * OpenSSL verifies quickly, but node:crypto hands it messages only, never digests. So the key is moved instead: with
 * Q' = Q + ((e − e')/r)·G, where e' is the digest of a fixed message, (e'/s)·G + (r/s)·Q' = (e/s)·G + (r/s)·Q. The
 * signature of the digest e under Q is valid exactly if it is valid for the fixed message under Q'.
 */
function verifyDigest(digest: bigint, { r, s }: { r: bigint; s: bigint }, key: Point): boolean {
  const shift = modulo((digest - MESSAGE_DIGEST) * inverse(r, N), N)
  const moved = shift === 0n ? key : add(key, timesBase(shift))
  if (moved === undefined) {
    // Q' is infinity: the point compared with r is (e'/s)·G alone
    return timesBase(modulo(MESSAGE_DIGEST * inverse(s, N), N)).x % N === r
  }
  const signature = concatBytes(bigIntToBytes(r, 32), bigIntToBytes(s, 32))
  const coordinate = (value: bigint) => Buffer.from(bigIntToBytes(value, 32)).toString('base64url')
  const jwk = { kty: 'EC', crv: 'P-256', x: coordinate(moved.x), y: coordinate(moved.y) }
  return verify('sha256', MESSAGE, { key: jwk, format: 'jwk', dsaEncoding: 'ieee-p1363' }, signature)
}

/** k·G for 0 < k < n. */
function timesBase(k: bigint): Point {
  const pair = createECDH('prime256v1')
  pair.setPrivateKey(bigIntToBytes(k, 32))
  const bytes = pair.getPublicKey()
  return { x: bytesToBigInt(bytes.subarray(1, 33)), y: bytesToBigInt(bytes.subarray(33)) }
}

/** Undefined: infinity. */
function add(a: Point, b: Point): Point | undefined {
  if (a.x === b.x && modulo(a.y + b.y, P) === 0n) return undefined
  const slope =
    a.x === b.x
      ? (3n * a.x * a.x - 3n) * inverse(modulo(2n * a.y, P), P)
      : (b.y - a.y) * inverse(modulo(b.x - a.x, P), P)
  const x = modulo(slope * slope - a.x - b.x, P)
  return { x, y: modulo(slope * (a.x - x) - a.y, P) }
}

function modulo(value: bigint, modulus: bigint): bigint {
  const rest = value % modulus
  return rest < 0n ? rest + modulus : rest
}

/** Extended Euclid, for 0 < value < modulus, a prime. */
function inverse(value: bigint, modulus: bigint): bigint {
  let [a, b] = [value, modulus]
  let [x, y] = [1n, 0n]
  while (a !== 0n) {
    const quotient = b / a
    ;[a, b] = [b - quotient * a, a]
    ;[x, y] = [y - quotient * x, x]
  }
  return modulo(y, modulus)
}
