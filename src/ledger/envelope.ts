import { limits } from '../config/limits.ts'
import { NodeError } from '../errors/errors.ts'
import { type Hash, ZERO_HASH } from '../primitives/hex.ts'
import { asBytes, asInt, asList, decodeRlp, encodeRlp, fromInt } from '../primitives/rlp.ts'
import { type Certificate, certificateHash, decodeCertificate, encodeCertificate } from './certificate.ts'

/**
 * What consensus decides, gossips, stores and syncs. The block header commits to the certificate through
 * `parentBeaconBlockRoot`, so the block hash names the whole envelope. Version 1 carries no evidence: evidence
 * travels as transactions, and an uncommitted list would let one block hash name two envelopes.
 */
export interface Envelope {
  /** RLP of the standard Ethereum block. */
  readonly block: Uint8Array
  /** Certificate of the parent; null in block 1, whose parent is genesis. */
  readonly parentCertificate: Certificate | null
}

const WIRE_VERSION = 1
/** The list and its four fields, two of them encodings of their own; the rest tells a wrong form as such. */
const ENVELOPE_ITEMS = 16

export function encodeEnvelope(envelope: Envelope): Uint8Array {
  const certificate = envelope.parentCertificate
  return encodeRlp([
    fromInt(WIRE_VERSION),
    envelope.block,
    certificate === null ? new Uint8Array(0) : encodeCertificate(certificate),
    [],
  ])
}

export function decodeEnvelope(bytes: Uint8Array): Envelope {
  const [version, block, certificate, evidence] = asList(
    decodeRlp(bytes, limits.envelopeBytes, ENVELOPE_ITEMS),
    4,
  )
  if (asInt(version) !== WIRE_VERSION) throw new NodeError('BAD_RLP', 'Unknown envelope version.')
  asList(evidence, 0)
  const certificateBytes = asBytes(certificate)
  const blockBytes = asBytes(block)
  if (blockBytes.length > limits.blockBytes) throw new NodeError('LIMIT_EXCEEDED', 'The block is too large.')
  return {
    block: blockBytes,
    parentCertificate: certificateBytes.length === 0 ? null : decodeCertificate(certificateBytes),
  }
}

/** The `parentBeaconBlockRoot` that a header must carry for this parent certificate. */
export function parentCertificateRoot(parentCertificate: Certificate | null): Hash {
  return parentCertificate === null ? ZERO_HASH : certificateHash(parentCertificate)
}
