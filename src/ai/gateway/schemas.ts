import { z } from 'zod'
import { limits } from '../../config/limits.ts'
import { NodeError } from '../../errors/errors.ts'
import { hexToBytes, isHexBytes, toAddress, toHash } from '../../primitives/hex.ts'
import { SIGNATURE_BYTES } from '../../primitives/secp256k1.ts'
import { SALT_BYTES } from '../receipts/commitments.ts'

/** Everything that comes in over HTTP, parsed once. */

const hexOf = (bytes: number) => z.string().refine((text) => isHexBytes(text, bytes), `${bytes} bytes of hex`)
const address = hexOf(20).transform(toAddress)
const hash = hexOf(32).transform(toHash)
const signature = hexOf(SIGNATURE_BYTES).transform(hexToBytes)
/** A number, or its decimal digits; JSON numbers hold no more than 53 bits. */
const unsigned = (bits: number) =>
  z
    .union([z.number().int().nonnegative(), z.string().regex(/^(?:0|[1-9][0-9]{0,77})$/)])
    .transform((value) => BigInt(value))
    .refine((value) => value < 1n << BigInt(bits), `below 2^${bits}`)
const small = (bits: number) => unsigned(bits).transform(Number)

/** The message of the typed data, as wallets sign it. */
const requestSchema = z.object({
  requester: address,
  host: address,
  adapterId: unsigned(64),
  adapterVersion: small(32),
  application: address,
  inputCommitment: hash,
  maxFeeWei: unsigned(256),
  nonce: unsigned(256),
  deadlineBlock: unsigned(64),
  auditClass: small(8),
  genesisHash: hash.optional(),
})

const paymentSchema = z.object({
  request: requestSchema,
  requesterSignature: signature,
  inputSalt: hexOf(SALT_BYTES).transform(hexToBytes),
})
export type Payment = z.output<typeof paymentSchema>

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/
const LONE_SURROGATE = /\p{Surrogate}/u

/** Text-Embeddings-Inference's request for one input, with the adapter, and what the 402 answer fills in. */
const predictSchema = z.object({
  /** The adapter's id. */
  model: z.string().regex(/^[1-9][0-9]{0,19}$/, 'the id of an adapter, as GET /v1/models lists it'),
  inputs: z
    .string()
    .min(1)
    .refine((text) => Buffer.byteLength(text) <= limits.inferenceInputBytes, 'too long')
    // a lone surrogate has no UTF-8: what is committed to would not be what was sent
    .refine((text) => !LONE_SURROGATE.test(text), 'not well-formed Unicode'),
  raw_scores: z.literal(false).optional(),
  requester: address.optional(),
  application: address.optional(),
  auditClass: z.union([z.literal(0), z.literal(1), z.literal(2)]).optional(),
})
export type PredictBody = z.output<typeof predictSchema>

const auditSchema = z.object({ receiptId: hash, auditor: address, signature })

function parse<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const where = issue === undefined || issue.path.length === 0 ? what : `${what}: ${issue.path.join('.')}`
  throw new NodeError('BAD_REQUEST', `${where}: ${issue?.message ?? 'malformed'}`)
}

export function parsePredictBody(value: unknown): PredictBody {
  return parse(predictSchema, value, 'the body')
}

export function parseAuditBody(value: unknown): z.output<typeof auditSchema> {
  return parse(auditSchema, value, 'the body')
}

export function parseReceiptId(text: string): `0x${string}` {
  return parse(hash, text, 'the receipt id')
}

/** The X-PAYMENT header: base64 of JSON. */
export function parsePayment(header: string): Payment {
  if (header.length > limits.paymentHeaderBytes) {
    throw new NodeError('LIMIT_EXCEEDED', `X-PAYMENT has at most ${limits.paymentHeaderBytes} bytes.`)
  }
  if (!BASE64.test(header)) throw new NodeError('BAD_REQUEST', 'X-PAYMENT is not base64.')
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(header, 'base64').toString('utf8'))
  } catch (error) {
    throw new NodeError('BAD_REQUEST', 'X-PAYMENT is not base64 of JSON.', {}, error)
  }
  return parse(paymentSchema, value, 'X-PAYMENT')
}
