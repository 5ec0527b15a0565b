import { encodeAbiParameters } from 'viem'
import { concatBytes, utf8ToBytes } from '../../primitives/bytes.ts'
import { type Address, type Hash, hexToBytes } from '../../primitives/hex.ts'
import { keccak256, keccakHex } from '../../primitives/keccak.ts'

export const SALT_BYTES = 32

/**
 * A salted commitment to the input or the output of an inference: keccak256(salt ‖ keccak256(content)), which is
 * keccak256(abi.encode(bytes32 salt, bytes32 contentHash)). The salt is 32 random bytes of whoever made the content
 * (the requester for the input, the host for the output): without it short contents could be guessed.
 */
export function contentCommitment(salt: Uint8Array, content: Uint8Array): Hash {
  return keccakHex(concatBytes(salt, keccak256(content)))
}

export function opensCommitment(commitment: Hash, salt: Uint8Array, content: Uint8Array): boolean {
  return salt.length === SALT_BYTES && contentCommitment(salt, content) === commitment
}

/** The bytes of a text input: its UTF-8, unchanged. */
export const inputBytes = utf8ToBytes

/** One receipt's place in a reveal. */
export interface SealedVerdict {
  readonly receiptId: Hash
  readonly verdict: number
  readonly digest: Hash
}

/** What an auditor commits to: keccak256(abi.encode(auditor, receiptIds, verdicts, digests, salt)). */
export function verdictCommitment(auditor: Address, verdicts: readonly SealedVerdict[], salt: Hash): Hash {
  const encoded = encodeAbiParameters(
    [
      { type: 'address' },
      { type: 'bytes32[]' },
      { type: 'uint8[]' },
      { type: 'bytes32[]' },
      { type: 'bytes32' },
    ],
    [
      auditor,
      verdicts.map(({ receiptId }) => receiptId),
      verdicts.map(({ verdict }) => verdict),
      verdicts.map(({ digest }) => digest),
      salt,
    ],
  )
  return keccakHex(hexToBytes(encoded))
}

/** What an elector of appeals commits to: keccak256(abi.encode(auditor, receiptIds, verdicts, salt)). */
export function voteCommitment(auditor: Address, votes: readonly SealedVerdict[], salt: Hash): Hash {
  const encoded = encodeAbiParameters(
    [{ type: 'address' }, { type: 'bytes32[]' }, { type: 'uint8[]' }, { type: 'bytes32' }],
    [auditor, votes.map(({ receiptId }) => receiptId), votes.map(({ verdict }) => verdict), salt],
  )
  return keccakHex(hexToBytes(encoded))
}

const EVIDENCE_DOMAIN = utf8ToBytes('openledger/audit-evidence/1')

/**
 * What an auditor signs to get the evidence of a receipt from its host: keccak256(domain ‖ genesis hash ‖ receipt id ‖
 * auditor), where the domain is the 27 bytes of "openledger/audit-evidence/1".
 */
export function evidenceDigest(genesisHash: Hash, receiptId: Hash, auditor: Address): Uint8Array {
  return keccak256(
    concatBytes(EVIDENCE_DOMAIN, hexToBytes(genesisHash), hexToBytes(receiptId), hexToBytes(auditor)),
  )
}
