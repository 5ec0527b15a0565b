import { limits } from '../../config/limits.ts'
import { NodeError } from '../../errors/errors.ts'
import { asBytes, asInt, asList, decodeRlp, encodeRlp, fromInt } from '../../primitives/rlp.ts'

export const EPOCH_PROTOCOL = 'epoch/1'
const WIRE_VERSION = 1

/** Asks for epoch records from an epoch up. */
export interface EpochRequest {
  readonly fromEpoch: number
  readonly count: number
}

export interface EpochResponse {
  /** The newest epoch that the peer has a record of, and one more; 0 where it has none. */
  readonly epochs: number
  /** Encoded records, in order and without gaps. */
  readonly records: readonly Uint8Array[]
}

/** A list of three integers. */
export const EPOCH_REQUEST_BYTES = 30
/** The records, of which the first may be of the largest size whatever the rest, and an RLP header for each. */
export const EPOCH_RESPONSE_BYTES =
  limits.epochRangeBytes + limits.epochRecordBytes + 8 * limits.epochRangeRecords + 64

export function encodeEpochRequest({ fromEpoch, count }: EpochRequest): Uint8Array {
  return encodeRlp([fromInt(WIRE_VERSION), fromInt(fromEpoch), fromInt(count)])
}

export function decodeEpochRequest(bytes: Uint8Array): EpochRequest {
  const [version, fromEpoch, count] = asList(decodeRlp(bytes, EPOCH_REQUEST_BYTES), 3)
  checkVersion(asInt(version))
  const request = { fromEpoch: asInt(fromEpoch), count: asInt(count) }
  if (request.count === 0) throw new NodeError('BAD_REQUEST', 'A range has one record at least.')
  return request
}

export function encodeEpochResponse({ epochs, records }: EpochResponse): Uint8Array {
  return encodeRlp([fromInt(WIRE_VERSION), fromInt(epochs), [...records]])
}

export function decodeEpochResponse(bytes: Uint8Array): EpochResponse {
  const [version, epochs, records] = asList(decodeRlp(bytes, EPOCH_RESPONSE_BYTES), 3)
  checkVersion(asInt(version))
  const list = asList(records)
  if (list.length > limits.epochRangeRecords) throw new NodeError('LIMIT_EXCEEDED', 'Too many epoch records.')
  return { epochs: asInt(epochs), records: list.map((record) => asBytes(record)) }
}

function checkVersion(version: number): void {
  if (version !== WIRE_VERSION)
    throw new NodeError('BAD_RLP', `Unknown version ${version} of an epoch message.`)
}
