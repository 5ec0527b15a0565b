import { decodeRow, encodeRow } from '../../../src/ai/attribution/rows.ts'
import {
  parseAuditBody,
  parsePayment,
  parsePredictBody,
  parseReceiptId,
} from '../../../src/ai/gateway/schemas.ts'
import { initialAdapter } from '../../../src/ai/lora/adapter.ts'
import { exportAdapter, importAdapter } from '../../../src/ai/lora/peft.ts'
import { decodeSafetensors, encodeSafetensors, type TensorFile } from '../../../src/ai/lora/safetensors.ts'
import { decodeReceipt, encodeReceipt } from '../../../src/ai/receipts/codec.ts'
import { decodeEvidence, encodeEvidence } from '../../../src/ai/receipts/evidence.ts'
import { parseEndpoint } from '../../../src/ai/receipts/hostUrl.ts'
import { canonicalRecords, parseRecords } from '../../../src/ai/records/record.ts'
import { NodeError } from '../../../src/errors/errors.ts'
import { bytesToUtf8, concatBytes, equalBytes, utf8ToBytes } from '../../../src/primitives/bytes.ts'
import { bytesToHex } from '../../../src/primitives/hex.ts'
import { seedOf } from '../models.ts'
import type { FuzzedDecoder } from './fuzz.ts'
import { hash, json, signature, someReceipt } from './samples.ts'

const K = 64
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8')

/** Receipts and evidence, files of adapters and records, and what comes in over a host's HTTP. */
export async function aiDecoders(): Promise<FuzzedDecoder[]> {
  return [...receiptDecoders(), ...fileDecoders(), ...gatewayDecoders()]
}

function receiptDecoders(): FuzzedDecoder[] {
  return [
    {
      name: 'receipt',
      covers: ['ai/receipts/codec.ts#decodeReceipt'],
      form: 'rlp',
      samples: [encodeReceipt(someReceipt)],
      decode: decodeReceipt,
      encode: encodeReceipt,
    },
    {
      name: 'evidence of a receipt',
      covers: ['ai/receipts/evidence.ts#decodeEvidence'],
      form: 'rlp',
      samples: [
        encodeEvidence({
          receipt: someReceipt,
          input: utf8ToBytes('a text'),
          inputSalt: new Uint8Array(32),
          output: utf8ToBytes('[]'),
          outputSalt: new Uint8Array(32).fill(1),
        }),
      ],
      decode: decodeEvidence,
      encode: encodeEvidence,
    },
    {
      name: 'row',
      covers: ['ai/attribution/rows.ts#decodeRow'],
      form: 'bytes',
      samples: [encodeRow({ scale: 9, values: new Int8Array(K).fill(-3) })],
      decode: (bytes) => decodeRow(bytes, K),
      encode: encodeRow,
    },
    {
      name: 'endpoint of a host',
      covers: ['ai/receipts/hostUrl.ts#parseEndpoint'],
      form: 'bytes',
      samples: ['http://127.0.0.1:8600', 'https://host.example/api/'].map(utf8ToBytes),
      decode: (bytes) => String(parseEndpoint(text(bytes))),
    },
  ]
}

function fileDecoders(): FuzzedDecoder[] {
  const tensors: TensorFile = {
    tensors: [
      { name: 'a', shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
      { name: 'b', shape: [0], data: new Float32Array(0) },
    ],
    metadata: { format: 'pt' },
  }
  const config = { rank: 1, alpha: 2, modules: ['layers.1.attention.out'] as const, labels: ['ham', 'spam'] }
  const adapter = exportAdapter(initialAdapter(config, seedOf(1)))
  const records = [
    { id: '1', text: 'a text', label: 'ham' },
    { text: 'née 🙂', label: 'spam' },
  ]
  return [
    {
      name: 'safetensors',
      covers: ['ai/lora/safetensors.ts#decodeSafetensors'],
      form: 'bytes',
      samples: [encodeSafetensors(tensors)],
      decode: decodeSafetensors,
    },
    {
      name: 'header of safetensors',
      covers: [],
      form: 'json',
      samples: [headerOf(encodeSafetensors(tensors))],
      decode: (header) => decodeSafetensors(concatBytes(lengthOf(header), header, new Uint8Array(24))),
    },
    {
      name: 'adapter',
      covers: [],
      form: 'json',
      samples: [adapter.config],
      decode: (bytes) => importAdapter({ weights: adapter.weights, config: bytes }).config,
    },
    {
      name: 'records',
      covers: ['ai/records/record.ts#parseRecords'],
      form: 'json',
      samples: [canonicalRecords(records), json(records[0])],
      decode: (bytes) => {
        const parsed = parseRecords(bytes)
        // what was taken is what its canonical form says
        const again = parseRecords(canonicalRecords(parsed.records))
        if (again.problemCount > 0 || again.records.length !== parsed.records.length)
          throw new Error('records lost')
        if (!equalBytes(canonicalRecords(again.records), canonicalRecords(parsed.records)))
          throw new Error('changed')
        return parsed
      },
    },
  ]
}

const headerOf = (file: Uint8Array) =>
  file.subarray(8, 8 + Number(new DataView(file.buffer).getBigUint64(0, true)))

function lengthOf(header: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true)
  return bytes
}

function gatewayDecoders(): FuzzedDecoder[] {
  const { request } = someReceipt
  const payment = {
    request: {
      ...request,
      adapterId: '7',
      maxFeeWei: '1000000000000000000',
      nonce: '5',
      deadlineBlock: '1000',
    },
    requesterSignature: bytesToHex(signature),
    inputSalt: hash(1),
  }
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
  return [
    {
      name: 'payment',
      covers: ['ai/gateway/schemas.ts#parsePayment'],
      form: 'json',
      samples: [json(payment)],
      decode: (bytes) => parsePayment(base64(bytes)),
    },
    {
      name: 'payment header',
      covers: [],
      form: 'bytes',
      samples: [utf8ToBytes(base64(json(payment)))],
      decode: (bytes) => parsePayment(text(bytes)),
    },
    {
      name: 'request for an inference',
      covers: ['ai/gateway/schemas.ts#parsePredictBody'],
      form: 'json',
      samples: [
        json({
          model: '1',
          inputs: 'a text',
          raw_scores: false,
          auditClass: 1,
          requester: request.requester,
        }),
      ],
      decode: (bytes) => parsePredictBody(parsed(bytes)),
    },
    {
      name: 'request for evidence',
      covers: ['ai/gateway/schemas.ts#parseAuditBody', 'ai/gateway/schemas.ts#parseReceiptId'],
      form: 'json',
      samples: [json({ receiptId: hash(1), auditor: request.host, signature: bytesToHex(signature) })],
      decode: (bytes) => parseReceiptId(parseAuditBody(parsed(bytes)).receiptId),
    },
  ]
}

/** As the HTTP server does before. */
function parsed(bytes: Uint8Array): unknown {
  const json = bytesToUtf8(bytes)
  try {
    return JSON.parse(json)
  } catch {
    throw new NodeError('BAD_REQUEST', 'Not JSON.')
  }
}
