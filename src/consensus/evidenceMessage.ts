import { limits } from '../config/limits.ts'
import { NodeError } from '../errors/errors.ts'
import {
  checkProposalSignature,
  checkVoteSignature,
  proposalFromRlp,
  proposalToRlp,
  type SigningDomain,
  voteFromRlp,
  voteToRlp,
} from '../ledger/vote.ts'
import type { Address } from '../primitives/hex.ts'
import { asInt, asList, decodeRlp, encodeRlp, fromInt } from '../primitives/rlp.ts'
import type { Evidence } from './core/types.ts'

const WIRE_VERSION = 1
const KIND = { votes: 0, proposals: 1 } as const
/** Two signed messages with their lists, and the list with its version and kind. */
const ITEMS = 2 * 8 + 3

/** Evidence as it is gossiped: `[version, kind, first, second]`. */
export function encodeEvidenceMessage(evidence: Evidence): Uint8Array {
  const signed =
    evidence.kind === 'votes'
      ? [voteToRlp(evidence.first), voteToRlp(evidence.second)]
      : [proposalToRlp(evidence.first), proposalToRlp(evidence.second)]
  return encodeRlp([fromInt(WIRE_VERSION), fromInt(KIND[evidence.kind]), ...signed])
}

/** Errors: BAD_RLP, LIMIT_EXCEEDED. */
export function decodeEvidenceMessage(bytes: Uint8Array): Evidence {
  const [version, kind, first, second] = asList(decodeRlp(bytes, limits.evidenceMessageBytes, ITEMS), 4)
  if (asInt(version) !== WIRE_VERSION) throw new NodeError('BAD_RLP', 'Evidence of an unknown version.')
  return asInt(kind, 1) === KIND.votes
    ? { kind: 'votes', first: voteFromRlp(first), second: voteFromRlp(second) }
    : { kind: 'proposals', first: proposalFromRlp(first), second: proposalFromRlp(second) }
}

export const offenderOf = (evidence: Evidence): Address =>
  evidence.kind === 'votes' ? evidence.first.validator : evidence.first.proposer

/**
 * Refuses (BAD_ENCODING) what is no contradiction: two messages of one validator for one height, round and type that
 * say different things. Two proposals may name one block and differ in the valid round, as Staking slashes them too.
 */
export function checkContradiction(evidence: Evidence): void {
  const { first, second } = evidence
  const isSamePlace = first.height === second.height && first.round === second.round
  const isContradiction =
    evidence.kind === 'votes'
      ? evidence.first.validator === evidence.second.validator &&
        evidence.first.type === evidence.second.type &&
        evidence.first.blockHash !== evidence.second.blockHash
      : evidence.first.proposer === evidence.second.proposer &&
        (evidence.first.blockHash !== evidence.second.blockHash ||
          evidence.first.validRound !== evidence.second.validRound)
  if (!isSamePlace || !isContradiction) {
    throw new NodeError('BAD_ENCODING', 'The two messages do not contradict each other.')
  }
}

/** Errors: BAD_SIGNATURE. Costs two recoveries, so it comes last. */
export function checkEvidenceSignatures(domain: SigningDomain, evidence: Evidence): void {
  if (evidence.kind === 'votes') {
    checkVoteSignature(domain, evidence.first)
    checkVoteSignature(domain, evidence.second)
  } else {
    checkProposalSignature(domain, evidence.first)
    checkProposalSignature(domain, evidence.second)
  }
}
