import type { SignedReceipt } from '../../../src/ai/receipts/typedData.ts'
import type { Certificate } from '../../../src/ledger/certificate.ts'
import type { Proposal, Vote } from '../../../src/ledger/vote.ts'
import { utf8ToBytes } from '../../../src/primitives/bytes.ts'
import type { Address, Hash } from '../../../src/primitives/hex.ts'
import { SIGNATURE_BYTES } from '../../../src/primitives/secp256k1.ts'

/** Values that the samples of several decoders are made of. Signatures have their form; no decoder checks them. */
export const hash = (byte: number): Hash => `0x${byte.toString(16).padStart(2, '0').repeat(32)}`
export const address = (byte: number): Address => `0x${byte.toString(16).padStart(2, '0').repeat(20)}`
export const signature = new Uint8Array(SIGNATURE_BYTES).fill(27)

export const json = (value: unknown): Uint8Array => utf8ToBytes(JSON.stringify(value))

export const someVote: Vote = {
  type: 'precommit',
  height: 1_000,
  round: 2,
  blockHash: hash(0xaa),
  validator: address(1),
  signature,
}
export const nilVote: Vote = { ...someVote, type: 'prevote', blockHash: null }

export const someProposal: Proposal = {
  height: 1_000,
  round: 3,
  validRound: 1,
  blockHash: hash(0xaa),
  proposer: address(2),
  signature,
}

export const someCertificate: Certificate = {
  height: 999,
  round: 0,
  blockHash: hash(0xbb),
  signers: Uint8Array.of(0b1011),
  signatures: [signature, signature, signature],
}

export const someReceipt: SignedReceipt = {
  request: {
    requester: address(3),
    host: address(4),
    adapterId: 7n,
    adapterVersion: 2,
    application: address(0),
    inputCommitment: hash(1),
    maxFeeWei: 10n ** 18n,
    nonce: 5n,
    deadlineBlock: 1_000n,
    auditClass: 1,
  },
  outputCommitment: hash(2),
  inputTokens: 100,
  outputTokens: 3,
  method: 1,
  profileHash: hash(3),
  queryRow: new Uint8Array(64).fill(5),
  requesterSignature: signature,
  hostSignature: signature,
}
