import { limits } from '../config/limits.ts'
import { NodeError } from '../errors/errors.ts'
import { decodeCertificate, encodeCertificate } from '../ledger/certificate.ts'
import { decodeEnvelope } from '../ledger/envelope.ts'
import {
  decodeRangeRequest,
  encodeRangeResponse,
  RANGE_REQUEST_BYTES,
  type RangeRequest,
  type RangeResponse,
  SYNC_PROTOCOL,
} from './codec.ts'
import type { SyncApp, SyncRequests } from './ports.ts'

/** Serves ranges of envelopes to peers, within quotas. Returns how to stop it. */
export function serveRanges(app: SyncApp, requests: SyncRequests): () => void {
  const answer = async (_peer: string, bytes: Uint8Array) => {
    const request = decodeRangeRequest(bytes)
    try {
      return encodeRangeResponse(await readRange(app, request))
    } catch (error) {
      // not the requester's fault, whatever the decoder of our own data says
      throw new NodeError('DATA_CORRUPT', 'A stored range cannot be read.', { ...request }, error)
    }
  }
  return requests.handle(SYNC_PROTOCOL, answer, {
    maxRequestBytes: RANGE_REQUEST_BYTES,
    maxConcurrentPerPeer: limits.syncServedPerPeer,
    maxConcurrent: limits.syncServedTotal,
    burst: limits.syncRequestsBurst,
    requestsPerSecond: limits.syncRequestsPerSecond,
  })
}

async function readRange(app: SyncApp, request: RangeRequest): Promise<RangeResponse> {
  const count = Math.min(request.count, limits.syncRangeEnvelopes)
  const maxBytes = Math.max(limits.envelopeBytes, Math.min(request.maxBytes, limits.syncRangeBytes))
  const headHeight = app.headHeight()
  const { fromHeight } = request
  const isHere = fromHeight <= headHeight && fromHeight >= app.firstHeight()
  const envelopes = !isHere ? [] : [...(await app.readEnvelopes(fromHeight, count, maxBytes))]
  const certificate = isHere ? await certificateOf(app, fromHeight + envelopes.length - 1) : undefined
  const firstHeight = app.firstHeight()
  if (certificate !== undefined) return { headHeight, firstHeight, envelopes, certificate }
  // without the certificate of the last one, the range ends one earlier: the last one carries that certificate
  const last = envelopes.pop()
  const parent = last === undefined ? null : decodeEnvelope(last).parentCertificate
  if (envelopes.length === 0 || parent === null)
    return {
      ...NOTHING,
      firstHeight,
      headHeight: fromHeight < firstHeight ? headHeight : Math.min(headHeight, fromHeight - 1),
    }
  return { headHeight: parent.height, firstHeight, envelopes, certificate: encodeCertificate(parent) }
}

const NOTHING = { envelopes: [], certificate: new Uint8Array(0) } as const

/** The seen certificate if it is of this height, else the one that the next envelope carries. */
async function certificateOf(app: SyncApp, height: number): Promise<Uint8Array | undefined> {
  const seen = app.seenCertificate()
  if (seen !== undefined && decodeCertificate(seen).height === height) return seen
  const [next] = await app.readEnvelopes(height + 1, 1, limits.envelopeBytes)
  const parent = next === undefined ? null : decodeEnvelope(next).parentCertificate
  return parent === null ? undefined : encodeCertificate(parent)
}
