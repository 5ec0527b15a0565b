import { NodeError } from '../../../src/errors/errors.ts'
import type { SignatureScheme } from '../../../src/ledger/vote.ts'
import { type Address, bytesToHex, hexToBytes } from '../../../src/primitives/hex.ts'
import { privateKeyToAddress, SIGNATURE_BYTES } from '../../../src/primitives/secp256k1.ts'

const DIGEST_BYTES = 32
const ADDRESS_BYTES = 20

/**
 * Signatures that cost nothing and that anyone could forge, for simulations in which nobody does: the digest, the
 * signer's address, zeros. What is not the signature of this digest is refused, as a real scheme refuses it.
 */
export class CheapScheme implements SignatureScheme {
  readonly #addresses = new Map<Uint8Array, Uint8Array>()

  sign(digest: Uint8Array, privateKey: Uint8Array): Uint8Array {
    const address = this.#addresses.get(privateKey) ?? hexToBytes(privateKeyToAddress(privateKey))
    this.#addresses.set(privateKey, address)
    const signature = new Uint8Array(SIGNATURE_BYTES)
    signature.set(digest)
    signature.set(address, DIGEST_BYTES)
    return signature
  }

  recover(digest: Uint8Array, signature: Uint8Array): Address {
    const isItsOwn = Buffer.compare(digest, signature.subarray(0, DIGEST_BYTES)) === 0
    let rest = 0
    for (let at = DIGEST_BYTES + ADDRESS_BYTES; at < SIGNATURE_BYTES; at++) rest |= signature[at] ?? 1
    if (!isItsOwn || signature.length !== SIGNATURE_BYTES || rest !== 0) {
      throw new NodeError('BAD_SIGNATURE', 'The signature is not one of this digest.')
    }
    return bytesToHex(signature.subarray(DIGEST_BYTES, DIGEST_BYTES + ADDRESS_BYTES))
  }
}
