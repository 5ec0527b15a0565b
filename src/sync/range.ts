import { NodeError } from '../errors/errors.ts'
import { decodeCertificate, encodeCertificate } from '../ledger/certificate.ts'
import { decodeEnvelope } from '../ledger/envelope.ts'
import type { RangeRequest, RangeResponse } from './codec.ts'

/** An envelope and the certificate of its block. */
export interface Decided {
  readonly height: number
  readonly envelope: Uint8Array
  readonly certificate: Uint8Array
}

/**
 * Pairs each envelope of an answer with its certificate: the one in the next envelope, or the one that came with
 * the last. Checks that heights follow each other from the one asked for; whether certificates hold is for
 * consensus. Errors: BAD_RLP, BAD_CERTIFICATE (a gap), LIMIT_EXCEEDED, NOT_FOUND (an empty answer).
 */
export function pairRange(request: RangeRequest, response: RangeResponse): readonly Decided[] {
  const { envelopes, certificate } = response
  if (envelopes.length === 0) throw new NodeError('NOT_FOUND', 'The answer is empty.')
  if (envelopes.length > request.count)
    throw new NodeError('LIMIT_EXCEEDED', 'More envelopes than asked for.')
  const certificates: Uint8Array[] = []
  for (const [index, bytes] of envelopes.entries()) {
    const { parentCertificate } = decodeEnvelope(bytes)
    const parentHeight = request.fromHeight + index - 1
    if ((parentCertificate?.height ?? 0) !== parentHeight) {
      throw new NodeError('BAD_CERTIFICATE', 'The envelopes do not follow each other.', {
        height: parentHeight,
      })
    }
    if (index > 0 && parentCertificate !== null) certificates.push(encodeCertificate(parentCertificate))
  }
  const lastHeight = request.fromHeight + envelopes.length - 1
  if (decodeCertificate(certificate).height !== lastHeight) {
    throw new NodeError('BAD_CERTIFICATE', 'The certificate is not of the last envelope.', {
      height: lastHeight,
    })
  }
  certificates.push(certificate)
  return envelopes.map((envelope, index) => {
    const own = certificates[index]
    if (own === undefined) throw new NodeError('BAD_CERTIFICATE', 'A certificate is missing.')
    return { height: request.fromHeight + index, envelope, certificate: own }
  })
}
