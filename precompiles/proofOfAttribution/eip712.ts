import { iProofOfAttributionAbi } from '../../contracts/generated/IProofOfAttribution.ts'
import { invariant } from '../../src/errors/errors.ts'
import { bigIntToBytes, concatBytes, utf8ToBytes } from '../../src/primitives/bytes.ts'
import { type Address, type Hash, hexToBytes } from '../../src/primitives/hex.ts'
import { keccak256 } from '../../src/primitives/keccak.ts'
import { tupleCodec } from '../shared/abiCodec.ts'
import { encodeParameters } from '../shared/abiEncode.ts'
import type { InputsOf } from '../shared/abiTypes.ts'

/** The typed data that requesters and hosts sign (EIP-712). */
export type SignedReceipt = InputsOf<typeof iProofOfAttributionAbi, 'settle'>['receipts'][number]
export type InferenceRequest = SignedReceipt['request']

export const REQUEST_TYPE =
  'InferenceRequest(address requester,address host,uint64 adapterId,uint32 adapterVersion,address application,' +
  'bytes32 inputCommitment,uint256 maxFeeWei,uint256 nonce,uint64 deadlineBlock,uint8 auditClass,bytes32 genesisHash)'
export const RECEIPT_TYPE =
  'InferenceReceipt(bytes32 requestHash,bytes32 outputCommitment,uint32 inputTokens,uint32 outputTokens,' +
  'bytes32 queryRowHash,uint8 method,bytes32 profileHash)'
const DOMAIN_TYPE = 'EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)'

const typeHash = (type: string) => keccak256(utf8ToBytes(type))
const REQUEST_TYPE_HASH = typeHash(REQUEST_TYPE)
const RECEIPT_TYPE_HASH = typeHash(RECEIPT_TYPE)
const DOMAIN_PREFIX = concatBytes(typeHash(DOMAIN_TYPE), typeHash('OpenLedger'), typeHash('1'))

const settleInputs = iProofOfAttributionAbi.find((item) => item.type === 'function' && item.name === 'settle')
const requestTuple = settleInputs?.inputs[0]?.components?.find((field) => field.name === 'request')
invariant(requestTuple !== undefined && 'components' in requestTuple, 'a signed receipt holds its request')
// static members in the order of the type: their ABI encoding is the EIP-712 encoding
const requestFields = tupleCodec(requestTuple.components).fields

type Hasher = (data: Uint8Array) => Hash
const word = (value: number) => bigIntToBytes(BigInt(value), 32)

export function domainSeparator(hash: Hasher, chainId: bigint, verifyingContract: Address): Hash {
  const contract = bigIntToBytes(BigInt(verifyingContract), 32)
  return hash(concatBytes(DOMAIN_PREFIX, bigIntToBytes(chainId, 32), contract))
}

export function typedDataDigest(hash: Hasher, separator: Hash, structHash: Hash): Hash {
  return hash(concatBytes(Uint8Array.of(0x19, 0x01), hexToBytes(separator), hexToBytes(structHash)))
}

export function requestStructHash(hash: Hasher, request: InferenceRequest, genesisHash: Hash): Hash {
  return hash(
    concatBytes(REQUEST_TYPE_HASH, encodeParameters(requestFields, request), hexToBytes(genesisHash)),
  )
}

export function receiptStructHash(
  hash: Hasher,
  requestHash: Hash,
  receipt: SignedReceipt,
  queryRowHash: Hash,
): Hash {
  return hash(
    concatBytes(
      RECEIPT_TYPE_HASH,
      hexToBytes(requestHash),
      hexToBytes(receipt.outputCommitment),
      word(receipt.inputTokens),
      word(receipt.outputTokens),
      hexToBytes(queryRowHash),
      word(receipt.method),
      hexToBytes(receipt.profileHash),
    ),
  )
}
