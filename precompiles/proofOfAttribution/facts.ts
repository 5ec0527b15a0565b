import { iProofOfAttributionAbi } from '../../contracts/generated/IProofOfAttribution.ts'
import { invariant } from '../../src/errors/errors.ts'
import type { Hash } from '../../src/primitives/hex.ts'
import { tupleCodec } from '../shared/abiCodec.ts'
import { encodeParameters } from '../shared/abiEncode.ts'
import { type AttributionCall, existingReceipt, fail, type ReceiptFacts, type ReceiptRef } from './call.ts'

const markWrong = iProofOfAttributionAbi.find((item) => item.type === 'function' && item.name === 'markWrong')
invariant(markWrong !== undefined, 'markWrong is in the interface')
const factsFields = tupleCodec(markWrong.inputs).fields

/** keccak256(abi.encode(facts)). */
export function digestOf({ host }: Pick<AttributionCall, 'host'>, facts: ReceiptFacts): Hash {
  return host.keccak(encodeParameters(factsFields, { facts }))
}

/** The receipt that the facts are about. */
export function provenReceipt(call: AttributionCall, facts: ReceiptFacts): ReceiptRef {
  const { receiptId } = facts
  const receipt = existingReceipt(call, receiptId)
  if (receipt.get('digest') !== digestOf(call, facts)) fail('FactsMismatch', { receiptId })
  return receipt
}
