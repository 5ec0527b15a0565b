import { limits } from '../config/limits.ts'
import { NodeError } from '../errors/errors.ts'
import { decodeCertificate, encodeCertificate } from '../ledger/certificate.ts'
import {
  type Proposal,
  proposalFromRlp,
  proposalToRlp,
  type Vote,
  voteFromRlp,
  voteToRlp,
} from '../ledger/vote.ts'
import { EMPTY_BYTES } from '../primitives/bytes.ts'
import type { Hash } from '../primitives/hex.ts'
import {
  asBytes,
  asHash,
  asInt,
  asList,
  decodeRlp,
  encodeRlp,
  fromHex,
  fromInt,
  type RlpItem,
} from '../primitives/rlp.ts'
import type { DecidedBlock } from './ports.ts'

/** A gossiped proposal. A large envelope stays at home and is fetched by its hash. */
export interface ProposalMessage {
  readonly proposal: Proposal
  readonly envelope: Uint8Array | null
}

/** What a peer holds of one round. */
export interface RoundSummary {
  readonly round: number
  readonly hasProposal: boolean
  /** Whether it has seen 2f+1 prevotes, precommits, for one choice. */
  readonly hasPrevoteQuorum: boolean
  readonly hasPrecommitQuorum: boolean
  /** Bitmaps in the order of the set. */
  readonly prevotes: Uint8Array
  readonly precommits: Uint8Array
}

/** Where the asking peer is, what it holds, and its own last messages, which gossip may have lost. */
export interface ExchangeRequest {
  readonly height: number
  /** −1 while the height has not started. */
  readonly round: number
  readonly rounds: readonly RoundSummary[]
  readonly heldValues: readonly Hash[]
  readonly wantedValues: readonly Hash[]
  readonly proposal: Proposal | null
  readonly votes: readonly Vote[]
}

/** What the asked peer holds and the asking one lacks. */
export interface ExchangeResponse {
  readonly height: number
  readonly round: number
  /** The block of the asked height, when the answering peer is ahead. */
  readonly decided: DecidedBlock | null
  readonly proposals: readonly Proposal[]
  readonly votes: readonly Vote[]
  /** One envelope at most; its hash is found by hashing. */
  readonly envelope: Uint8Array | null
}

const WIRE_VERSION = 1
const MAX_ROUND = 0x7fff_ffff
/** A bitmap of the largest set. */
const BITMAP_BYTES = Math.ceil(limits.validators / 8)
/** The last prevote and the last precommit. */
const OWN_VOTES = 2
/** A vote or a proposal with its list. */
const SIGNED_ITEMS = 8
const PROPOSAL_MESSAGE_ITEMS = SIGNED_ITEMS + 2
/** Those, and a dozen for the fields, the lists and a decided block. */
const RESPONSE_ITEMS = SIGNED_ITEMS * (limits.exchangeVotes + limits.exchangeProposals) + 12

export function encodeProposalMessage(message: ProposalMessage): Uint8Array {
  return encodeRlp([proposalToRlp(message.proposal), message.envelope ?? EMPTY_BYTES])
}

export function decodeProposalMessage(bytes: Uint8Array): ProposalMessage {
  const [proposal, envelope] = asList(
    decodeRlp(bytes, limits.proposalMessageBytes, PROPOSAL_MESSAGE_ITEMS),
    2,
  )
  return { proposal: proposalFromRlp(proposal), envelope: asOptional(envelope) }
}

export function encodeExchangeRequest(request: ExchangeRequest): Uint8Array {
  return encodeRlp([
    fromInt(WIRE_VERSION),
    fromInt(request.height),
    fromInt(request.round + 1),
    request.rounds.map(summaryToRlp),
    request.heldValues.map(fromHex),
    request.wantedValues.map(fromHex),
    request.proposal === null ? [] : [proposalToRlp(request.proposal)],
    request.votes.map(voteToRlp),
  ])
}

export function decodeExchangeRequest(bytes: Uint8Array): ExchangeRequest {
  const fields = asList(decodeRlp(bytes, limits.exchangeRequestBytes), 8)
  const [version, height, round, rounds, held, wanted, proposal, votes] = fields
  checkVersion(version)
  return {
    height: asInt(height),
    round: asInt(round, MAX_ROUND) - 1,
    rounds: asBoundedList(rounds, limits.exchangeRounds).map(summaryFromRlp),
    heldValues: asBoundedList(held, limits.exchangeHashes).map(asHash),
    wantedValues: asBoundedList(wanted, limits.exchangeHashes).map(asHash),
    proposal: asBoundedList(proposal, 1).map(proposalFromRlp)[0] ?? null,
    votes: asBoundedList(votes, OWN_VOTES).map(voteFromRlp),
  }
}

export function encodeExchangeResponse(response: ExchangeResponse): Uint8Array {
  const { decided } = response
  return encodeRlp([
    fromInt(WIRE_VERSION),
    fromInt(response.height),
    fromInt(response.round + 1),
    decided === null ? [] : [decided.envelope, encodeCertificate(decided.certificate)],
    response.proposals.map(proposalToRlp),
    response.votes.map(voteToRlp),
    response.envelope ?? EMPTY_BYTES,
  ])
}

export function decodeExchangeResponse(bytes: Uint8Array): ExchangeResponse {
  const fields = asList(decodeRlp(bytes, limits.exchangeResponseBytes, RESPONSE_ITEMS), 7)
  const [version, height, round, decided, proposals, votes, envelope] = fields
  checkVersion(version)
  return {
    height: asInt(height),
    round: asInt(round, MAX_ROUND) - 1,
    decided: decidedFromRlp(decided),
    proposals: asBoundedList(proposals, limits.exchangeProposals).map(proposalFromRlp),
    votes: asBoundedList(votes, limits.exchangeVotes).map(voteFromRlp),
    envelope: asOptional(envelope),
  }
}

function decidedFromRlp(item: RlpItem | undefined): DecidedBlock | null {
  const fields = asList(item)
  if (fields.length === 0) return null
  const [envelope, certificate] = asList(fields, 2)
  return { envelope: asEnvelope(envelope), certificate: decodeCertificate(asBytes(certificate)) }
}

/** `[round, flags, prevotes, precommits]`. */
function summaryToRlp(summary: RoundSummary): RlpItem {
  const flags =
    (summary.hasProposal ? 1 : 0) | (summary.hasPrevoteQuorum ? 2 : 0) | (summary.hasPrecommitQuorum ? 4 : 0)
  return [fromInt(summary.round), fromInt(flags), summary.prevotes, summary.precommits]
}

function summaryFromRlp(item: RlpItem): RoundSummary {
  const [round, flagsItem, prevotes, precommits] = asList(item, 4)
  const flags = asInt(flagsItem, 7)
  return {
    round: asInt(round, MAX_ROUND),
    hasProposal: (flags & 1) !== 0,
    hasPrevoteQuorum: (flags & 2) !== 0,
    hasPrecommitQuorum: (flags & 4) !== 0,
    prevotes: asBitmap(prevotes),
    precommits: asBitmap(precommits),
  }
}

function asBitmap(item: RlpItem | undefined): Uint8Array {
  const bitmap = asBytes(item)
  if (bitmap.length > BITMAP_BYTES) throw new NodeError('LIMIT_EXCEEDED', 'The vote bitmap is too long.')
  return bitmap
}

function asBoundedList(item: RlpItem | undefined, max: number): RlpItem[] {
  const list = asList(item)
  if (list.length > max) {
    throw new NodeError('LIMIT_EXCEEDED', `A list of ${list.length}; at most ${max} are taken.`)
  }
  return list
}

function asEnvelope(item: RlpItem | undefined): Uint8Array {
  const envelope = asBytes(item)
  if (envelope.length > limits.envelopeBytes)
    throw new NodeError('LIMIT_EXCEEDED', 'The envelope is too large.')
  return envelope
}

function asOptional(item: RlpItem | undefined): Uint8Array | null {
  const envelope = asEnvelope(item)
  return envelope.length === 0 ? null : envelope
}

function checkVersion(item: RlpItem | undefined): void {
  const version = asInt(item)
  if (version !== WIRE_VERSION) throw new NodeError('BAD_RLP', `Unknown exchange version ${version}.`)
}
