import { auditClass } from '../../../precompiles/proofOfAttribution/layout.ts'
import { bytesToBigInt } from '../../primitives/bytes.ts'
import { type Address, bytesToHex, ZERO_ADDRESS } from '../../primitives/hex.ts'
import type { Random } from '../../runtime/random.ts'
import { contentCommitment, SALT_BYTES } from '../receipts/commitments.ts'
import { type ReceiptDomain, receiptTypes, typedDataDomain } from '../receipts/typedData.ts'
import type { PricedInput } from './inferenceService.ts'

export interface PaymentTermsOptions {
  readonly domain: ReceiptDomain
  readonly host: Address
  /** Blocks from now to the deadline that is proposed. */
  readonly deadlineBlocks: number
}

export interface PaymentTermsRequest {
  readonly input: Uint8Array
  readonly priced: PricedInput
  readonly height: number
  readonly requester: Address | undefined
  readonly application: Address | undefined
  readonly auditClass: number | undefined
}

/** Bytes of a proposed nonce: more than enough never to meet another. */
const NONCE_BYTES = 16

/**
 * What the answer 402 says: the typed data to sign, filled in for this very input, and how to send it. The client may
 * change nonce, deadline, salt (with its commitment) and maximum fee.
 */
export function paymentTerms(
  { domain, host, deadlineBlocks }: PaymentTermsOptions,
  request: PaymentTermsRequest,
  random: Random,
): object {
  const { input, priced, height } = request
  const inputSalt = random.bytes(SALT_BYTES)
  const chosenClass = request.auditClass ?? auditClass.public
  return {
    header: 'X-PAYMENT',
    encoding:
      'base64 of the JSON {"request": message, "requesterSignature": "0x…", "inputSalt": "0x…"}; the signature is ' +
      'that of the typed data (EIP-712) by the requester',
    typedData: {
      domain: typedDataDomain(domain),
      types: { InferenceRequest: receiptTypes.InferenceRequest },
      primaryType: 'InferenceRequest',
      message: {
        // null: fill in the account that signs and whose deposit pays
        requester: request.requester ?? null,
        host,
        adapterId: String(priced.model.adapterId),
        adapterVersion: priced.model.adapterVersion,
        application: request.application ?? ZERO_ADDRESS,
        inputCommitment: contentCommitment(inputSalt, input),
        maxFeeWei: String(priced.feeWei),
        nonce: String(bytesToBigInt(random.bytes(NONCE_BYTES))),
        deadlineBlock: String(height + deadlineBlocks),
        auditClass: chosenClass,
        genesisHash: domain.genesisHash,
      },
    },
    inputSalt: bytesToHex(inputSalt),
    inputCommitment: 'keccak256(inputSalt ‖ keccak256(UTF-8 of the input))',
    inputTokens: priced.inputTokens,
    maxOutputTokens: priced.maxOutputTokens,
    maxFeeWei: String(priced.feeWei),
    deposit: {
      contract: domain.verifyingContract,
      method: 'deposit(address host)',
      note: 'host zero for a free deposit, this host’s address to reserve it',
    },
    readers: {
      auditClass: chosenClass,
      who: readersOf(chosenClass),
      note: 'The receipt is public. Its query row is computed from the input and tells something about it.',
    },
  }
}

/** Who may come to read the input, in words. */
function readersOf(chosenClass: number): readonly string[] {
  switch (chosenClass) {
    case auditClass.unaudited:
      return ['the host']
    case auditClass.granted:
      return [
        'the host',
        'the auditors on your list that are drawn for the receipt',
        'all auditors of the base model, should a finding be appealed',
      ]
    default:
      return [
        'the host',
        'the auditors that are drawn for the receipt',
        'all auditors of the base model, should a finding be appealed',
      ]
  }
}
