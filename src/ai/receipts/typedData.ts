import {
  domainSeparator,
  type InferenceRequest,
  receiptStructHash,
  requestStructHash,
  type SignedReceipt,
  typedDataDigest,
} from '../../../precompiles/proofOfAttribution/eip712.ts'
import { concatBytes } from '../../primitives/bytes.ts'
import { type Address, type Hash, hexToBytes } from '../../primitives/hex.ts'
import { keccakHex } from '../../primitives/keccak.ts'
import { recoverAddress, SIGNATURE_BYTES, sign } from '../../primitives/secp256k1.ts'

export type { InferenceRequest, SignedReceipt }

/** What ties signatures to one chain and one contract. */
export interface ReceiptDomain {
  readonly chainId: bigint
  readonly genesisHash: Hash
  /** Address of Proof of Attribution. */
  readonly verifyingContract: Address
}

/** A receipt before the host has signed it. */
export type UnsignedReceipt = Omit<SignedReceipt, 'hostSignature'>

/** The hashes of a receipt, made once. */
export interface ReceiptHashes {
  /** EIP-712 digest of the request. */
  readonly receiptId: Hash
  readonly queryRowHash: Hash
  /** EIP-712 struct hash of the receipt, as in the event of settlement. */
  readonly receiptHash: Hash
  /** What the host signs. */
  readonly receiptDigest: Hash
}

/** The signature's last byte as wallets write it. */
const V_BASE = 27

const separatorOf = (domain: ReceiptDomain) =>
  domainSeparator(keccakHex, domain.chainId, domain.verifyingContract)

/** The receipt's id: what the requester signs. */
export function receiptIdOf(domain: ReceiptDomain, request: InferenceRequest): Hash {
  const structHash = requestStructHash(keccakHex, request, domain.genesisHash)
  return typedDataDigest(keccakHex, separatorOf(domain), structHash)
}

export function receiptHashes(
  domain: ReceiptDomain,
  receipt: Omit<UnsignedReceipt, 'requesterSignature'>,
): ReceiptHashes {
  const receiptId = receiptIdOf(domain, receipt.request)
  const queryRowHash = keccakHex(receipt.queryRow)
  const signed = { ...receipt, requesterSignature: new Uint8Array(), hostSignature: new Uint8Array() }
  const receiptHash = receiptStructHash(keccakHex, receiptId, signed, queryRowHash)
  const receiptDigest = typedDataDigest(keccakHex, separatorOf(domain), receiptHash)
  return { receiptId, queryRowHash, receiptHash, receiptDigest }
}

/** r ‖ s ‖ v, v 27 or 28, low-s. */
export function signDigest(digest: Hash, privateKey: Uint8Array): Uint8Array {
  return withWalletV(sign(hexToBytes(digest), privateKey))
}

export function signRequest(
  domain: ReceiptDomain,
  request: InferenceRequest,
  privateKey: Uint8Array,
): Uint8Array {
  return signDigest(receiptIdOf(domain, request), privateKey)
}

export function signReceipt(
  domain: ReceiptDomain,
  receipt: UnsignedReceipt,
  privateKey: Uint8Array,
): SignedReceipt {
  const { receiptDigest } = receiptHashes(domain, receipt)
  return { ...receipt, hostSignature: signDigest(receiptDigest, privateKey) }
}

/** The account that signed; v may be 0, 1, 27 or 28. BAD_SIGNATURE when there is none, or s is high. */
export function recoverSigner(digest: Hash, signature: Uint8Array): Address {
  return recoverAddress(hexToBytes(digest), withRecoveryBit(signature))
}

/** The one form in which signatures travel, of any that `recoverSigner` takes. */
export function withWalletV(signature: Uint8Array): Uint8Array {
  const v = signature[SIGNATURE_BYTES - 1] ?? 0
  return v >= V_BASE ? signature : concatBytes(signature.subarray(0, 64), Uint8Array.of(v + V_BASE))
}

function withRecoveryBit(signature: Uint8Array): Uint8Array {
  const v = signature[SIGNATURE_BYTES - 1] ?? 0
  return v < V_BASE ? signature : concatBytes(signature.subarray(0, 64), Uint8Array.of(v - V_BASE))
}

const REQUEST_FIELDS = [
  { name: 'requester', type: 'address' },
  { name: 'host', type: 'address' },
  { name: 'adapterId', type: 'uint64' },
  { name: 'adapterVersion', type: 'uint32' },
  { name: 'application', type: 'address' },
  { name: 'inputCommitment', type: 'bytes32' },
  { name: 'maxFeeWei', type: 'uint256' },
  { name: 'nonce', type: 'uint256' },
  { name: 'deadlineBlock', type: 'uint64' },
  { name: 'auditClass', type: 'uint8' },
  { name: 'genesisHash', type: 'bytes32' },
] as const

const RECEIPT_FIELDS = [
  { name: 'requestHash', type: 'bytes32' },
  { name: 'outputCommitment', type: 'bytes32' },
  { name: 'inputTokens', type: 'uint32' },
  { name: 'outputTokens', type: 'uint32' },
  { name: 'queryRowHash', type: 'bytes32' },
  { name: 'method', type: 'uint8' },
  { name: 'profileHash', type: 'bytes32' },
] as const

/** The types as `eth_signTypedData_v4` and libraries take them. */
export const receiptTypes = {
  InferenceRequest: REQUEST_FIELDS,
  InferenceReceipt: RECEIPT_FIELDS,
} as const

export function typedDataDomain({ chainId, verifyingContract }: ReceiptDomain) {
  return { name: 'OpenLedger', version: '1', chainId: Number(chainId), verifyingContract } as const
}
