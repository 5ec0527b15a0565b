import { concat, type Hex, hashTypedData, isHex, keccak256, type LocalAccount, stringToHex } from 'viem'
import { z } from 'zod'
import { nativeAddresses } from '../chainspec/addresses.ts'
import { NodeError } from '../errors/errors.ts'
import type { Hash } from '../primitives/hex.ts'

const hex = z.custom<Hex>((value) => isHex(value))
const digits = z.string().regex(/^[0-9]+$/)

const messageSchema = z.object({
  requester: hex,
  host: hex,
  adapterId: digits,
  adapterVersion: z.number().int(),
  application: hex,
  inputCommitment: hex,
  maxFeeWei: digits,
  nonce: digits,
  deadlineBlock: digits,
  auditClass: z.number().int(),
  genesisHash: hex,
})
const termsSchema = z.object({
  payment: z.object({
    typedData: z.object({
      domain: z.object({
        name: z.string(),
        version: z.string(),
        chainId: z.number().int(),
        verifyingContract: hex,
      }),
      message: messageSchema,
    }),
    inputSalt: hex,
    readers: z.object({ who: z.array(z.string()) }),
  }),
})
const answerSchema = z.object({
  predictions: z.array(z.object({ label: z.string(), score: z.number() })),
  receiptId: hex,
  feeWei: digits,
  output: hex,
  outputSalt: hex,
  receipt: z.object({ outputCommitment: hex, inputTokens: z.number().int(), queryRow: hex }),
})

/** EIP-712 type of what a requester signs, as IProofOfAttribution defines it. */
export const inferenceRequestTypes = {
  InferenceRequest: [
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
  ],
} as const

/** 1 needs `setGrantedAuditors` first, with enough auditors of the adapter's base model. */
export const auditClasses = { everybody: 0, granted: 1, nobody: 2 } as const

export interface PredictRequest {
  /** The host's inference API, such as http://127.0.0.1:8600. */
  readonly endpoint: string
  readonly chainId: number
  readonly adapterId: bigint
  readonly text: string
  /** Signs and pays; its deposit must cover the fee. */
  readonly account: LocalAccount
  /** The most that the client agrees to. */
  readonly maxFeeWei: bigint
  /** Who may audit the answer, and read the input for it: everybody, unless it is given. */
  readonly auditors?: keyof typeof auditClasses
}

export interface Prediction {
  readonly label: string
  readonly score: number
}

export interface PaidPrediction {
  /** The likeliest first. */
  readonly predictions: readonly Prediction[]
  readonly receiptId: Hash
  readonly feeWei: bigint
  /** k int8: what the chain will score contributions with. */
  readonly queryRow: Hex
  /** Who may read the input, as the host says. */
  readonly readers: readonly string[]
}

/**
 * Asks a host for its terms, checks them, signs, pays and checks the answer. Fails with BAD_REQUEST when the terms are
 * not for this request, PAYMENT_REQUIRED when they cost more than `maxFeeWei`, BAD_RECEIPT when the receipt is for
 * another request or the answer is not what it commits to, PEER_UNREACHABLE when no host answers, and otherwise
 * PEER_FAILED, with the host's own code in the details where it gave one.
 */
export async function predict(request: PredictRequest): Promise<PaidPrediction> {
  const { account, text } = request
  const auditClass = auditClasses[request.auditors ?? 'everybody']
  const body = { model: String(request.adapterId), inputs: text, requester: account.address, auditClass }
  const asked = await post(request.endpoint, body)
  if (asked.status !== 402) throw hostError(asked)
  const { typedData, inputSalt, readers } = formOf(termsSchema, asked).payment
  const { domain, message } = typedData
  checkTerms(request, typedData, inputSalt)
  const signed = {
    domain,
    types: inferenceRequestTypes,
    primaryType: 'InferenceRequest',
    message: {
      ...message,
      adapterId: BigInt(message.adapterId),
      maxFeeWei: BigInt(message.maxFeeWei),
      nonce: BigInt(message.nonce),
      deadlineBlock: BigInt(message.deadlineBlock),
    },
  } as const
  const requesterSignature = await account.signTypedData(signed)
  const payment = { request: message, requesterSignature, inputSalt }
  const paid = await post(request.endpoint, body, { 'x-payment': btoa(JSON.stringify(payment)) })
  if (paid.status !== 200) throw hostError(paid)
  const answer = formOf(answerSchema, paid)
  // a receipt's id is the digest of its request
  if (answer.receiptId !== hashTypedData(signed)) {
    throw new NodeError('BAD_RECEIPT', 'The receipt is not for the signed request.')
  }
  if (commitmentOf(answer.outputSalt, answer.output) !== answer.receipt.outputCommitment) {
    throw new NodeError('BAD_RECEIPT', 'The answer is not what the receipt commits to.')
  }
  return {
    predictions: answer.predictions,
    receiptId: answer.receiptId,
    feeWei: BigInt(answer.feeWei),
    queryRow: answer.receipt.queryRow,
    readers: readers.who,
  }
}

type TypedData = z.output<typeof termsSchema>['payment']['typedData']

/** The host fills the terms in; nothing of them is taken on trust. */
function checkTerms(request: PredictRequest, { domain, message }: TypedData, inputSalt: Hex): void {
  const isOurs =
    domain.chainId === request.chainId &&
    domain.verifyingContract.toLowerCase() === nativeAddresses.proofOfAttribution &&
    message.requester.toLowerCase() === request.account.address.toLowerCase() &&
    BigInt(message.adapterId) === request.adapterId &&
    message.auditClass === auditClasses[request.auditors ?? 'everybody'] &&
    message.inputCommitment === commitmentOf(inputSalt, stringToHex(request.text))
  if (!isOurs) throw new NodeError('BAD_REQUEST', 'The host’s terms are not for this request.')
  if (BigInt(message.maxFeeWei) > request.maxFeeWei) {
    throw new NodeError('PAYMENT_REQUIRED', `The host asks for ${message.maxFeeWei} wei, more than allowed.`)
  }
}

/** keccak256(salt ‖ keccak256(content)). */
function commitmentOf(salt: Hex, content: Hex): Hash {
  return keccak256(concat([salt, keccak256(content)]))
}

interface HttpAnswer {
  readonly status: number
  readonly json: unknown
}

async function post(
  endpoint: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<HttpAnswer> {
  const init = {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  }
  const response = await fetch(new URL('/predict', endpoint), init).catch((error: unknown) => {
    throw new NodeError('PEER_UNREACHABLE', `No host answers at ${endpoint}.`, { endpoint }, error)
  })
  return { status: response.status, json: await response.json().catch(() => undefined) }
}

function formOf<T>(schema: z.ZodType<T>, { status, json }: HttpAnswer): T {
  const parsed = schema.safeParse(json)
  if (parsed.success) return parsed.data
  throw new NodeError('PEER_FAILED', `The host's answer with status ${status} is malformed.`, { status })
}

const errorSchema = z.object({ error: z.object({ code: z.string(), message: z.string() }) })

function hostError({ status, json }: HttpAnswer): NodeError {
  const parsed = errorSchema.safeParse(json)
  const { code, message } = parsed.success
    ? parsed.data.error
    : { code: 'UNKNOWN', message: 'no reason given' }
  return new NodeError('PEER_FAILED', `The host answered ${status}: ${message}`, { status, code })
}
