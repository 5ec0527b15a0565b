import { limits } from '../config/limits.ts'
import { NodeError } from '../errors/errors.ts'
import type { Hash } from '../primitives/hex.ts'
import { keccakHex } from '../primitives/keccak.ts'
import { asBytes, asHash, asInt, asList, decodeRlp, encodeRlp, fromHex, fromInt } from '../primitives/rlp.ts'
import { SIGNATURE_BYTES } from '../primitives/secp256k1.ts'
import type { ValidatorSet } from './validators.ts'
import { recoverSigner, type SigningDomain, type Vote, voteDigest } from './vote.ts'

/**
 * Proof that a block is decided: precommits of more than 2/3 of the power of its height's set, for one round.
 * Canonical: the bitmap counts in the order of the set, has the set's length and no bit beyond it; signatures
 * stand in index order; there are no nil votes.
 */
export interface Certificate {
  readonly height: number
  readonly round: number
  readonly blockHash: Hash
  /** Bit i (least significant first, byte by byte) is set when validator i signed. */
  readonly signers: Uint8Array
  readonly signatures: readonly Uint8Array[]
}

const WIRE_VERSION = 1

export function encodeCertificate(certificate: Certificate): Uint8Array {
  return encodeRlp([
    fromInt(WIRE_VERSION),
    fromInt(certificate.height),
    fromInt(certificate.round),
    fromHex(certificate.blockHash),
    certificate.signers,
    [...certificate.signatures],
  ])
}

export function decodeCertificate(bytes: Uint8Array): Certificate {
  const [version, height, round, blockHash, signers, signatures] = asList(
    decodeRlp(bytes, limits.certificateBytes),
    6,
  )
  if (asInt(version) !== WIRE_VERSION) throw new NodeError('BAD_RLP', 'Unknown certificate version.')
  const list = asList(signatures)
  if (list.length > limits.validators) throw new NodeError('LIMIT_EXCEEDED', 'Too many signatures.')
  return {
    height: asInt(height),
    round: asInt(round, 0x7fff_ffff),
    blockHash: asHash(blockHash),
    signers: asBytes(signers),
    signatures: list.map((signature) => asBytes(signature, SIGNATURE_BYTES)),
  }
}

/** What the next header's `parentBeaconBlockRoot` holds. */
export function certificateHash(certificate: Certificate): Hash {
  return keccakHex(encodeCertificate(certificate))
}

export function bitmapBytes(validators: number): number {
  return Math.ceil(validators / 8)
}

export function hasSigned(signers: Uint8Array, index: number): boolean {
  return (((signers[index >> 3] ?? 0) >> (index & 7)) & 1) === 1
}

/** The canonical certificate of precommits for one block in one round; each validator's vote counts once. */
export function makeCertificate(set: ValidatorSet, precommits: readonly Vote[]): Certificate {
  const first = precommits[0]
  if (first === undefined || first.blockHash === null) {
    throw new NodeError('BAD_CERTIFICATE', 'A certificate needs precommits for a block.')
  }
  const signers = new Uint8Array(bitmapBytes(set.size))
  const byIndex = new Map<number, Uint8Array>()
  for (const vote of precommits) {
    const index = set.indexOf(vote.validator)
    if (index === undefined) continue
    byIndex.set(index, vote.signature)
    signers[index >> 3] = (signers[index >> 3] ?? 0) | (1 << (index & 7))
  }
  const signatures = [...byIndex.entries()].sort(([a], [b]) => a - b).map(([, signature]) => signature)
  return { height: first.height, round: first.round, blockHash: first.blockHash, signers, signatures }
}

/** Checks form, signatures and power against the set of the certificate's height. */
export function checkCertificate(domain: SigningDomain, set: ValidatorSet, certificate: Certificate): void {
  const fail = (message: string): never => {
    throw new NodeError('BAD_CERTIFICATE', message, { height: certificate.height })
  }
  const { height, round, blockHash, signers, signatures } = certificate
  if (signers.length !== bitmapBytes(set.size)) fail('The signer bitmap does not fit the validator set.')
  for (let index = set.size; index < signers.length * 8; index++) {
    if (hasSigned(signers, index)) fail('The signer bitmap names a validator beyond the set.')
  }
  // The digest names no signer: all have signed the same.
  const digest = voteDigest(domain, { type: 'precommit', height, round, blockHash })
  let power = 0n
  let next = 0
  for (const [index, validator] of set.validators.entries()) {
    if (!hasSigned(signers, index)) continue
    const signature = signatures[next++]
    if (signature === undefined) throw new NodeError('BAD_CERTIFICATE', 'A signature is missing.', { height })
    if (recoverSigner(domain, digest, signature) !== validator.address)
      fail('A signature is not its validator’s.')
    power += validator.power
  }
  if (next !== signatures.length) fail('There are more signatures than signers.')
  if (!set.isQuorum(power)) fail('The signers hold 2/3 of the power or less.')
}
