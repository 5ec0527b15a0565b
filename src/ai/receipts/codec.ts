import { limits } from '../../config/limits.ts'
import { NodeError } from '../../errors/errors.ts'
import {
  asAddress,
  asBigInt,
  asBytes,
  asHash,
  asInt,
  asList,
  decodeRlp,
  encodeRlp,
  fromHex,
  fromInt,
  type RlpItem,
} from '../../primitives/rlp.ts'
import { SIGNATURE_BYTES } from '../../primitives/secp256k1.ts'
import type { InferenceRequest, SignedReceipt } from './typedData.ts'

/** Receipts as they are gossiped and stored: `rlp([version, request, answer…, signatures])`. */
const VERSION = 1
const REQUEST_ITEMS = 10
const RECEIPT_ITEMS = 10
const UINT8 = 0xff
const UINT32 = 0xffff_ffff

export function encodeReceipt(receipt: SignedReceipt): Uint8Array {
  return encodeRlp([
    fromInt(VERSION),
    requestToRlp(receipt.request),
    fromHex(receipt.outputCommitment),
    fromInt(receipt.inputTokens),
    fromInt(receipt.outputTokens),
    fromInt(receipt.method),
    fromHex(receipt.profileHash),
    receipt.queryRow,
    receipt.requesterSignature,
    receipt.hostSignature,
  ])
}

/**
 * One receipt in its one encoding: canonical RLP, every integer within its type, signatures of 65 bytes with v 27 or
 * 28. Errors: BAD_RLP, LIMIT_EXCEEDED.
 */
export function decodeReceipt(bytes: Uint8Array): SignedReceipt {
  const items = asList(decodeRlp(bytes, limits.receiptBytes), RECEIPT_ITEMS)
  const [version, request, output, inputTokens, outputTokens, method, profile, row, requester, host] = items
  if (asInt(version) !== VERSION) throw new NodeError('BAD_RLP', 'A receipt of an unknown version.')
  return {
    request: requestFromRlp(request),
    outputCommitment: asHash(output),
    inputTokens: asInt(inputTokens, UINT32),
    outputTokens: asInt(outputTokens, UINT32),
    method: asInt(method, UINT8),
    profileHash: asHash(profile),
    queryRow: asBytes(row),
    requesterSignature: asSignature(requester),
    hostSignature: asSignature(host),
  }
}

function requestToRlp(request: InferenceRequest): RlpItem {
  return [
    fromHex(request.requester),
    fromHex(request.host),
    fromInt(request.adapterId),
    fromInt(request.adapterVersion),
    fromHex(request.application),
    fromHex(request.inputCommitment),
    fromInt(request.maxFeeWei),
    fromInt(request.nonce),
    fromInt(request.deadlineBlock),
    fromInt(request.auditClass),
  ]
}

function requestFromRlp(item: RlpItem | undefined): InferenceRequest {
  const [requester, host, adapterId, version, application, input, maxFee, nonce, deadline, auditClass] =
    asList(item, REQUEST_ITEMS)
  return {
    requester: asAddress(requester),
    host: asAddress(host),
    adapterId: asBigInt(adapterId, 8),
    adapterVersion: asInt(version, UINT32),
    application: asAddress(application),
    inputCommitment: asHash(input),
    maxFeeWei: asBigInt(maxFee),
    nonce: asBigInt(nonce),
    deadlineBlock: asBigInt(deadline, 8),
    auditClass: asInt(auditClass, UINT8),
  }
}

function asSignature(item: RlpItem | undefined): Uint8Array {
  const bytes = asBytes(item, SIGNATURE_BYTES)
  const v = bytes[SIGNATURE_BYTES - 1]
  if (v !== 27 && v !== 28) throw new NodeError('BAD_RLP', 'A signature ends in 27 or 28.')
  return bytes
}
