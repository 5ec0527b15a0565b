import { createHash, generateKeyPairSync, sign as signWithNode } from 'node:crypto'
import { bigIntToBytes, concatBytes } from '../../../../src/primitives/bytes.ts'
import { type Address, hexToBytes } from '../../../../src/primitives/hex.ts'
import { keccak256 } from '../../../../src/primitives/keccak.ts'
import { sign } from '../../../../src/primitives/secp256k1.ts'
import { Dice } from '../../../support/callFuzzer.ts'
import { account } from '../../../support/precompileWorld.ts'

/** An input of a standard precompile that is dear for its price. */
export interface StandardCase {
  readonly name: string
  readonly address: Address
  readonly input: Uint8Array
}

const at = (index: number): Address => `0x${index.toString(16).padStart(40, '0')}`
const word = (value: bigint | number) => bigIntToBytes(BigInt(value), 32)
const ones = (length: number) => new Uint8Array(length).fill(0xff)
const repeat = (part: Uint8Array, count: number) => concatBytes(...Array.from({ length: count }, () => part))
const LONG = 65_536

function ecrecoverInput(): Uint8Array {
  const digest = keccak256(Uint8Array.of(1))
  const signature = sign(digest, account(1).key)
  return concatBytes(digest, word(27 + (signature[64] ?? 0)), signature.subarray(0, 64))
}

export const ecrecover: StandardCase = { name: '0x01 ecrecover', address: at(1), input: ecrecoverInput() }

/** Above this the largest of them would take a second each; the time for each gas falls with size anyway. */
const MODEXP_BITS_MAX = 1_024 * 8 * 64

/** Sizes of base and modulus, of the exponent, and whether the modulus is odd: EIP-7883 prices by the former two. */
function modexpCases(): StandardCase[] {
  const dice = new Dice(1)
  return [1, 8, 31, 32, 64, 256, 1024].flatMap((size) =>
    [1, 8, 32, 256]
      .filter((exponent) => size * exponent * 8 <= MODEXP_BITS_MAX)
      .flatMap((exponent) =>
        (['odd', 'even'] as const).map((kind) => {
          const modulus = dice.bytes(size)
          modulus[0] = 0xf1
          if (size > 1) modulus[size - 1] = kind === 'odd' ? 0x35 : 0x34
          const lengths = concatBytes(word(size), word(exponent), word(size))
          return {
            name: `0x05 modexp (${size} bytes, exponent ${exponent}, ${kind})`,
            address: at(5),
            input: concatBytes(lengths, dice.bytes(size), ones(exponent), modulus),
          }
        }),
      ),
  )
}

// generators, from EIP-196, EIP-197 and EIP-2537
const BN_G1 = concatBytes(word(1), word(2))
const BN_G2 = hexToBytes(
  '0x198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c21800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa',
)
const fp = (hex: string) => hexToBytes(`0x${hex.padStart(128, '0')}`)
const BLS_G1 = concatBytes(
  fp('17f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb'),
  fp('08b3f481e3aaa0f1a09e30ed741d8ae4fcf5e095d5d00af600db18cb2c04b3edd03cc744a2888ae40caa232946c5e7e1'),
)
const BLS_G2 = concatBytes(
  fp('024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8'),
  fp('13e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e'),
  fp('0ce5d527727d6e118cc9cdc6da2e351aadfd9baa8cbdd3a76d429a695160d12c923ac9cc3baca289e193548608b82801'),
  fp('0606c4a02ea734cc32acd2b02bc28b99cb3e287e85a763af267492ab572e99ab3f370d275cec1da1aaa9075ff05f79be'),
)
const SCALAR = ones(32)
const FIELD_ELEMENT = fp('19'.padEnd(96, 'f'))

function blake2f(rounds: number): Uint8Array {
  const input = new Uint8Array(213)
  new DataView(input.buffer).setUint32(0, rounds)
  input[212] = 1
  return input
}

/** A valid opening, from the test vectors of go-ethereum's point evaluation precompile. */
const KZG = hexToBytes(
  '0x01e798154708fe7789429634053cbf9f99b619f9f084048927333fce637f549b564c0a11a0f704f4fc3e8acfe0f8245f0ad1347b378fbf96e206da11a5d3630624d25032e67a7e6a4910df5834b8fe70e6bcfeeac0352434196bdf4b2485d5a18f59a8d2a1a625a17f3fea0fe5eb8c896db3764f3185481bc22f91b4aaffcca25f26936857bc3a7c2539ea8ec3a952b7873033e038326e87ed3e1276fd140253fa08e9fc25fb2d9a98527fc22a2c9612fbeafdad446cbc7bcdbdcd780af2c16a',
)

function p256Input(): Uint8Array {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const message = Uint8Array.of(1, 2, 3)
  const signature = signWithNode('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' })
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  const digest = createHash('sha256').update(message).digest()
  return concatBytes(digest, signature, Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url'))
}

export function standardCases(): StandardCase[] {
  const empty = new Uint8Array(0)
  const one = (name: string, index: number, input: Uint8Array) => ({ name, address: at(index), input })
  const bnPair = concatBytes(BN_G1, BN_G2)
  const blsPair = concatBytes(BLS_G1, BLS_G2)
  const g1 = concatBytes(BLS_G1, SCALAR)
  const g2 = concatBytes(BLS_G2, SCALAR)
  return [
    ecrecover,
    one('0x02 sha256 (nothing)', 2, empty),
    one('0x02 sha256 (64 KB)', 2, ones(LONG)),
    one('0x03 ripemd160 (nothing)', 3, empty),
    one('0x03 ripemd160 (64 KB)', 3, ones(LONG)),
    one('0x04 identity (nothing)', 4, empty),
    one('0x04 identity (64 KB)', 4, ones(LONG)),
    ...modexpCases(),
    one('0x06 bn254 add', 6, concatBytes(BN_G1, BN_G1)),
    one('0x07 bn254 mul', 7, concatBytes(BN_G1, SCALAR)),
    one('0x08 bn254 pairing (none)', 8, empty),
    one('0x08 bn254 pairing (1)', 8, bnPair),
    one('0x08 bn254 pairing (8)', 8, repeat(bnPair, 8)),
    one('0x09 blake2f (1 round)', 9, blake2f(1)),
    one('0x09 blake2f (1,000,000 rounds)', 9, blake2f(1_000_000)),
    one('0x0a point evaluation', 10, KZG),
    one('0x0b BLS G1 add', 11, repeat(BLS_G1, 2)),
    one('0x0c BLS G1 MSM (1)', 12, g1),
    one('0x0c BLS G1 MSM (128)', 12, repeat(g1, 128)),
    one('0x0d BLS G2 add', 13, repeat(BLS_G2, 2)),
    one('0x0e BLS G2 MSM (1)', 14, g2),
    one('0x0e BLS G2 MSM (128)', 14, repeat(g2, 128)),
    one('0x0f BLS pairing (1)', 15, blsPair),
    one('0x0f BLS pairing (8)', 15, repeat(blsPair, 8)),
    one('0x10 BLS map to G1', 16, FIELD_ELEMENT),
    one('0x11 BLS map to G2', 17, concatBytes(FIELD_ELEMENT, FIELD_ELEMENT)),
    one('0x100 P-256 verify', 0x100, p256Input()),
  ]
}
