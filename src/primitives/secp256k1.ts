import secp256k1 from 'secp256k1'
import { NodeError } from '../errors/errors.ts'
import { bigIntToBytes, bytesToBigInt, concatBytes } from './bytes.ts'
import { type Address, bytesToHex } from './hex.ts'
import { keccak256 } from './keccak.ts'

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
/** Signatures with a larger s are refused, so that a signature has one form only (EIP-2). */
const HALF_ORDER = ORDER / 2n

/** r, s (32 bytes each) and the recovery bit: 65 bytes in all. */
export const SIGNATURE_BYTES = 65

export function isPrivateKey(privateKey: Uint8Array): boolean {
  return privateKey.length === 32 && secp256k1.privateKeyVerify(privateKey)
}

/** Signs a 32-byte digest; the result is low-s. */
export function sign(digest: Uint8Array, privateKey: Uint8Array): Uint8Array {
  const { signature, recid } = secp256k1.ecdsaSign(digest, privateKey)
  return concatBytes(signature, Uint8Array.of(recid))
}

/** The address whose key signed `digest`; malformed and high-s signatures are refused. */
export function recoverAddress(digest: Uint8Array, signature: Uint8Array): Address {
  if (signature.length !== SIGNATURE_BYTES) throw new NodeError('BAD_SIGNATURE', 'A signature has 65 bytes.')
  const recovery = signature[64] ?? 255
  const rs = signature.subarray(0, 64)
  if (recovery > 1 || bytesToBigInt(rs.subarray(32)) > HALF_ORDER) {
    throw new NodeError('BAD_SIGNATURE', 'The signature is not in its canonical low-s form.')
  }
  try {
    const publicKey = secp256k1.ecdsaRecover(rs, recovery, digest, false)
    return publicKeyToAddress(publicKey)
  } catch (error) {
    throw new NodeError('BAD_SIGNATURE', 'The signature recovers to no public key.', {}, error)
  }
}

/** `publicKey` uncompressed: 0x04, x, y. */
export function publicKeyToAddress(publicKey: Uint8Array): Address {
  return bytesToHex(keccak256(publicKey.subarray(1)).subarray(12))
}

export function privateKeyToAddress(privateKey: Uint8Array): Address {
  return publicKeyToAddress(secp256k1.publicKeyCreate(privateKey, false))
}

/** The 64-byte public key (x, y) of a signed 32-byte digest, as `ecrecover` needs it. */
export function recoverPublicKey(digest: Uint8Array, v: number, r: bigint, s: bigint): Uint8Array {
  const rs = concatBytes(bigIntToBytes(r, 32), bigIntToBytes(s, 32))
  return secp256k1.ecdsaRecover(rs, v, digest, false).subarray(1)
}
