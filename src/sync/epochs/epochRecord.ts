import { limits } from '../../config/limits.ts'
import { isNodeError, NodeError } from '../../errors/errors.ts'
import { readGenesisHash, readValidatorSet } from '../../execution/stakingView.ts'
import {
  type Certificate,
  checkCertificate,
  decodeCertificate,
  encodeCertificate,
} from '../../ledger/certificate.ts'
import { decodeHeaderFacts, type HeaderFacts } from '../../ledger/headerFacts.ts'
import type { ValidatorSet } from '../../ledger/validators.ts'
import type { SigningDomain } from '../../ledger/vote.ts'
import { EMPTY_BYTES } from '../../primitives/bytes.ts'
import { type Hash, ZERO_HASH } from '../../primitives/hex.ts'
import { asBytes, asInt, asList, decodeRlp, encodeRlp, fromInt } from '../../primitives/rlp.ts'
import { ProvenState, ProvingState } from '../../state/proofState.ts'
import type { StateReader } from '../../state/types.ts'
import type { KvReader } from '../../storage/kv.ts'

/**
 * What proves the validator set after the end of an epoch to someone who knows the set before it: the header of the
 * epoch's last block, the certificate by which the old set decided it, and trie nodes that show the new set, and the
 * genesis hash, in the state after it. Record 0 is of genesis, which nobody decided.
 */
export interface EpochRecord {
  readonly epoch: number
  /** RLP. */
  readonly header: Uint8Array
  readonly certificate: Certificate | null
  /** Nodes of the account trie and of Staking's, RLP, each once. */
  readonly proof: readonly Uint8Array[]
}

/** A record whose header is trusted, and what its state says. */
export interface VerifiedEpoch {
  readonly epoch: number
  readonly header: HeaderFacts
  /** Who decides the blocks after this one, up to the end of the next epoch. */
  readonly nextSet: ValidatorSet
  readonly genesisHash: Hash
}

const WIRE_VERSION = 1

export function encodeEpochRecord({ epoch, header, certificate, proof }: EpochRecord): Uint8Array {
  return encodeRlp([
    fromInt(WIRE_VERSION),
    fromInt(epoch),
    header,
    certificate === null ? EMPTY_BYTES : encodeCertificate(certificate),
    [...proof],
  ])
}

/** BAD_RLP, LIMIT_EXCEEDED. */
export function decodeEpochRecord(bytes: Uint8Array): EpochRecord {
  const [version, epoch, header, certificate, proof] = asList(decodeRlp(bytes, limits.epochRecordBytes), 5)
  if (asInt(version) !== WIRE_VERSION) throw new NodeError('BAD_RLP', 'Unknown version of an epoch record.')
  const headerBytes = asBytes(header)
  decodeHeaderFacts(headerBytes)
  const certificateBytes = asBytes(certificate)
  return {
    epoch: asInt(epoch),
    header: headerBytes,
    certificate: certificateBytes.length === 0 ? null : decodeCertificate(certificateBytes),
    proof: asList(proof).map((node) => asBytes(node)),
  }
}

/** The record of a boundary whose state is kept. STATE_PRUNED where it is not. */
export function makeEpochRecord(
  kv: KvReader,
  { epoch, header, certificate }: Omit<EpochRecord, 'proof'>,
): EpochRecord {
  const state = new ProvingState(kv, decodeHeaderFacts(header).stateRoot)
  readSet(state)
  return { epoch, header, certificate, proof: state.nodes }
}

/**
 * What a record shows to someone who trusts the hash of its header already. BAD_PROOF where the header is another or
 * the proof shows nothing.
 */
export function openEpochRecord(trustedHash: Hash, record: EpochRecord): VerifiedEpoch {
  const header = decodeHeaderFacts(record.header)
  if (header.hash !== trustedHash) {
    throw new NodeError('BAD_PROOF', `The record is of block ${header.hash}, not of ${trustedHash}.`)
  }
  try {
    const { set, genesisHash } = readSet(new ProvenState(header.stateRoot, record.proof))
    const isGenesis = header.height === 0 && genesisHash === ZERO_HASH
    return { epoch: record.epoch, header, nextSet: set, genesisHash: isGenesis ? header.hash : genesisHash }
  } catch (error) {
    if (!isNodeError(error) || error.code === 'BAD_PROOF') throw error
    throw new NodeError('BAD_PROOF', 'The record does not show a validator set.', {}, error)
  }
}

/**
 * The next record, verified from the one before it alone: more than 2/3 of the set that the one before shows decided
 * its header, later than the header before. BAD_CERTIFICATE, BAD_PROOF.
 */
export function followEpoch(
  domain: SigningDomain,
  previous: VerifiedEpoch,
  record: EpochRecord,
): VerifiedEpoch {
  const header = decodeHeaderFacts(record.header)
  if (record.epoch !== previous.epoch + 1 || header.height <= previous.header.height) {
    throw new NodeError('BAD_CERTIFICATE', `Epoch record ${record.epoch} does not follow ${previous.epoch}.`)
  }
  checkHeaderCertificate(domain, previous.nextSet, header, record.certificate)
  const verified = openEpochRecord(header.hash, record)
  if (verified.genesisHash !== domain.genesisHash) {
    throw new NodeError('BAD_PROOF', 'The record is of another chain.')
  }
  return verified
}

/** Whether this certificate decides the block of this header; BAD_CERTIFICATE where it does not. */
export function checkHeaderCertificate(
  domain: SigningDomain,
  set: ValidatorSet,
  header: HeaderFacts,
  certificate: Certificate | null,
): void {
  if (certificate === null || certificate.height !== header.height || certificate.blockHash !== header.hash) {
    throw new NodeError('BAD_CERTIFICATE', `There is no certificate of block ${header.height} here.`)
  }
  try {
    checkCertificate(domain, set, certificate)
  } catch (error) {
    if (!isNodeError(error, 'BAD_SIGNATURE')) throw error
    throw new NodeError('BAD_CERTIFICATE', 'A signature of the certificate is none.', {}, error)
  }
}

/** All that a record's proof must show: what reads it here fixes which nodes it holds. */
function readSet(state: StateReader): { set: ValidatorSet; genesisHash: Hash } {
  return { set: readValidatorSet(state), genesisHash: readGenesisHash(state) }
}
