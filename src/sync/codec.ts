import { limits } from '../config/limits.ts'
import { NodeError } from '../errors/errors.ts'
import { asBytes, asInt, asList, decodeRlp, encodeRlp, fromInt } from '../primitives/rlp.ts'

export const SYNC_PROTOCOL = 'sync/1'
const WIRE_VERSION = 1

/** Asks for envelopes from a height up. */
export interface RangeRequest {
  readonly fromHeight: number
  readonly count: number
  readonly maxBytes: number
}

export interface RangeResponse {
  /** The highest height that the peer can serve. */
  readonly headHeight: number
  /** The lowest height that the peer can serve: above 1 in one that began with a snapshot. */
  readonly firstHeight: number
  readonly envelopes: readonly Uint8Array[]
  /** Certificate of the last envelope; the one before is certified by what the next envelope carries. */
  readonly certificate: Uint8Array
}

/** Largest request: a list of four integers. */
export const RANGE_REQUEST_BYTES = 40
/** Largest response: the envelopes, a certificate, and an RLP header for each. */
export const RANGE_RESPONSE_BYTES =
  limits.syncRangeBytes + limits.certificateBytes + 8 * limits.syncRangeEnvelopes + 64

/** The envelopes, the two lists, and three fields. */
const RANGE_RESPONSE_ITEMS = limits.syncRangeEnvelopes + 6

export function encodeRangeRequest({ fromHeight, count, maxBytes }: RangeRequest): Uint8Array {
  return encodeRlp([fromInt(WIRE_VERSION), fromInt(fromHeight), fromInt(count), fromInt(maxBytes)])
}

export function decodeRangeRequest(bytes: Uint8Array): RangeRequest {
  const [version, fromHeight, count, maxBytes] = asList(decodeRlp(bytes, RANGE_REQUEST_BYTES), 4)
  checkVersion(asInt(version))
  const request = { fromHeight: asInt(fromHeight), count: asInt(count), maxBytes: asInt(maxBytes) }
  if (request.fromHeight === 0 || request.count === 0) {
    throw new NodeError('BAD_REQUEST', 'A range begins at height 1 or above and has an envelope at least.')
  }
  return request
}

export function encodeRangeResponse(response: RangeResponse): Uint8Array {
  const { headHeight, firstHeight, envelopes, certificate } = response
  return encodeRlp([
    fromInt(WIRE_VERSION),
    fromInt(headHeight),
    fromInt(firstHeight),
    [...envelopes],
    certificate,
  ])
}

export function decodeRangeResponse(bytes: Uint8Array): RangeResponse {
  const fields = asList(decodeRlp(bytes, RANGE_RESPONSE_BYTES, RANGE_RESPONSE_ITEMS), 5)
  const [version, headHeight, firstHeight, envelopes, certificate] = fields
  checkVersion(asInt(version))
  const list = asList(envelopes)
  if (list.length > limits.syncRangeEnvelopes) throw new NodeError('LIMIT_EXCEEDED', 'Too many envelopes.')
  return {
    headHeight: asInt(headHeight),
    firstHeight: asInt(firstHeight),
    envelopes: list.map((envelope) => asBytes(envelope)),
    certificate: asBytes(certificate),
  }
}

function checkVersion(version: number): void {
  if (version !== WIRE_VERSION)
    throw new NodeError('BAD_RLP', `Unknown version ${version} of a sync message.`)
}
