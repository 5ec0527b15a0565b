import { limits } from '../../config/limits.ts'
import { NodeError } from '../../errors/errors.ts'
import type { Hash } from '../../primitives/hex.ts'
import { asBytes, asInt, asList, decodeRlp, encodeRlp, fromInt } from '../../primitives/rlp.ts'
import { decodeReceipt, encodeReceipt } from './codec.ts'
import { opensCommitment, SALT_BYTES } from './commitments.ts'
import type { Evidence } from './ports.ts'
import { type ReceiptDomain, receiptHashes } from './typedData.ts'

const VERSION = 1

export function encodeEvidence({ receipt, input, inputSalt, output, outputSalt }: Evidence): Uint8Array {
  return encodeRlp([fromInt(VERSION), encodeReceipt(receipt), input, inputSalt, output, outputSalt])
}

/** Errors: BAD_RLP, LIMIT_EXCEEDED. */
export function decodeEvidence(bytes: Uint8Array): Evidence {
  const items = asList(decodeRlp(bytes, limits.evidenceBytes), 6)
  const [version, receipt, input, inputSalt, output, outputSalt] = items
  if (asInt(version) !== VERSION) throw new NodeError('BAD_RLP', 'Evidence of an unknown version.')
  return {
    receipt: decodeReceipt(asBytes(receipt)),
    input: asBytes(input),
    inputSalt: asBytes(inputSalt, SALT_BYTES),
    output: asBytes(output),
    outputSalt: asBytes(outputSalt, SALT_BYTES),
  }
}

/** BAD_RECEIPT unless this is what the settled receipt committed to: its request, its answer, and their contents. */
export function checkEvidence(
  domain: ReceiptDomain,
  settled: { readonly receiptId: Hash; readonly receiptHash: Hash },
  { receipt, input, inputSalt, output, outputSalt }: Evidence,
): void {
  const { receiptId, receiptHash } = receiptHashes(domain, receipt)
  if (receiptId !== settled.receiptId || receiptHash !== settled.receiptHash) {
    throw new NodeError('BAD_RECEIPT', 'The evidence is about another receipt than the one that was settled.')
  }
  if (!opensCommitment(receipt.request.inputCommitment, inputSalt, input)) {
    throw new NodeError('BAD_RECEIPT', 'The input is not the one that the request committed to.')
  }
  if (!opensCommitment(receipt.outputCommitment, outputSalt, output)) {
    throw new NodeError('BAD_RECEIPT', 'The output is not the one that the receipt committed to.')
  }
}
