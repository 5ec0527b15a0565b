import { iProofOfAttributionAbi } from '../../contracts/generated/IProofOfAttribution.ts'
import { invariant } from '../../src/errors/errors.ts'
import { bigIntToBytes, concatBytes } from '../../src/primitives/bytes.ts'
import { type Hash, hexToBytes } from '../../src/primitives/hex.ts'
import { tupleCodec } from '../shared/abiCodec.ts'
import { encodeParameters } from '../shared/abiEncode.ts'
import type { InputsOf } from '../shared/abiTypes.ts'
import { type Hasher, typeHash } from '../shared/eip712.ts'

export { domainSeparator, typedDataDigest } from '../shared/eip712.ts'

/** The typed data that requesters and hosts sign (EIP-712). */
export type SignedReceipt = InputsOf<typeof iProofOfAttributionAbi, 'settle'>['receipts'][number]
export type InferenceRequest = SignedReceipt['request']

export const REQUEST_TYPE =
  'InferenceRequest(address requester,address host,uint64 adapterId,uint32 adapterVersion,address application,' +
  'bytes32 inputCommitment,uint256 maxFeeWei,uint256 nonce,uint64 deadlineBlock,uint8 auditClass,bytes32 genesisHash)'
export const RECEIPT_TYPE =
  'InferenceReceipt(bytes32 requestHash,bytes32 outputCommitment,uint32 inputTokens,uint32 outputTokens,' +
  'bytes32 queryRowHash,uint8 method,bytes32 profileHash)'

const REQUEST_TYPE_HASH = typeHash(REQUEST_TYPE)
const RECEIPT_TYPE_HASH = typeHash(RECEIPT_TYPE)

const settleInputs = iProofOfAttributionAbi.find((item) => item.type === 'function' && item.name === 'settle')
const requestTuple = settleInputs?.inputs[0]?.components?.find((field) => field.name === 'request')
invariant(requestTuple !== undefined && 'components' in requestTuple, 'a signed receipt holds its request')
// static members in the order of the type: their ABI encoding is the EIP-712 encoding
const requestFields = tupleCodec(requestTuple.components).fields

const word = (value: number) => bigIntToBytes(BigInt(value), 32)

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
