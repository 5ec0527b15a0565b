import { limits } from '../config/limits.ts'
import { hasSigned } from '../ledger/certificate.ts'
import type { Proposal, Vote, VoteType } from '../ledger/vote.ts'
import type { Hash } from '../primitives/hex.ts'
import type { ExchangeRequest, ExchangeResponse, RoundSummary } from './codec.ts'
import type { HeightDriver } from './core/driver.ts'
import type { HeightValues } from './heightValues.ts'

/**
 * What two peers at one height tell each other. Gossip loses messages, and Tendermint needs that what one honest
 * validator has seen, all see in the end; this is how. All functions read the state of the height and change
 * nothing.
 */
export interface HeightView {
  readonly driver: HeightDriver
  readonly values: HeightValues
  /** Hashes of values that are waited for. */
  readonly wanted: readonly Hash[]
}

export function makeRequest(view: HeightView): ExchangeRequest {
  const { driver, values, wanted } = view
  const { round } = driver.state
  return {
    height: driver.height,
    round,
    rounds: summarizedRounds(driver).map((each) => summarize(driver, each)),
    heldValues: values.hashes().slice(-limits.exchangeHashes),
    wantedValues: wanted.slice(0, limits.exchangeHashes),
    proposal: ownProposal(driver),
    votes: [...ownLastVote(driver, 'prevote'), ...ownLastVote(driver, 'precommit')],
  }
}

/** The answer to a peer at the same height. */
export function makeResponse(view: HeightView, request: ExchangeRequest): ExchangeResponse {
  const { driver, values } = view
  const proposals = missingProposals(driver, request)
  return {
    height: driver.height,
    round: driver.state.round,
    decided: null,
    proposals,
    votes: missingVotes(driver, request),
    envelope: envelopeFor(values, request, proposals),
  }
}

/** Own round, those that locks and re-proposals speak of, then the latest. */
function summarizedRounds(driver: HeightDriver): number[] {
  const { round, valid } = driver.state
  const rounds = new Set<number>([Math.max(0, round)])
  if (valid !== null) rounds.add(valid.round)
  const validRound = driver.proposals.at(round)?.validRound ?? -1
  if (validRound >= 0) rounds.add(validRound)
  for (const each of driver.votes.rounds().reverse()) rounds.add(each)
  return [...rounds].slice(0, limits.exchangeRounds)
}

function summarize(driver: HeightDriver, round: number): RoundSummary {
  const { votes } = driver
  return {
    round,
    hasProposal: driver.proposals.at(round) !== undefined,
    hasPrevoteQuorum: votes.quorumChoice('prevote', round) !== undefined,
    hasPrecommitQuorum: votes.quorumChoice('precommit', round) !== undefined,
    prevotes: votes.bitmap('prevote', round),
    precommits: votes.bitmap('precommit', round),
  }
}

function ownProposal(driver: HeightDriver): Proposal | null {
  const proposal = driver.proposals.at(driver.state.round)
  return proposal !== undefined && proposal.proposer === driver.self ? proposal : null
}

function ownLastVote(driver: HeightDriver, type: VoteType): Vote[] {
  const { self } = driver
  if (self === null) return []
  for (const round of driver.votes.rounds().reverse()) {
    const own = driver.votes.votes(type, round).find(({ validator }) => validator === self)
    if (own !== undefined) return [own]
  }
  return []
}

/**
 * Rounds worth sending, most urgent first: decisions, the own round, the peer's, those that a lock or a re-proposal
 * refers to, whatever else the peer named.
 */
function usefulRounds(driver: HeightDriver, request: ExchangeRequest): number[] {
  const { round, valid } = driver.state
  const rounds = new Set<number>()
  for (const each of driver.votes.rounds()) {
    if (typeof driver.votes.quorumChoice('precommit', each) === 'string') rounds.add(each)
  }
  rounds.add(round)
  rounds.add(Math.max(0, request.round))
  if (valid !== null) rounds.add(valid.round)
  for (const each of [round, request.round]) {
    const validRound = driver.proposals.at(each)?.validRound ?? -1
    if (validRound >= 0) rounds.add(validRound)
  }
  for (const { round: named } of request.rounds) rounds.add(named)
  return [...rounds]
}

function missingVotes(driver: HeightDriver, request: ExchangeRequest): Vote[] {
  const summaries = new Map(request.rounds.map((summary) => [summary.round, summary]))
  const missing = new Set<Vote>()
  for (const round of usefulRounds(driver, request)) {
    const summary = summaries.get(round)
    for (const type of ['precommit', 'prevote'] as const) {
      for (const vote of missingOf(driver, type, round, summary)) {
        if (missing.size >= limits.exchangeVotes) return [...missing]
        missing.add(vote)
      }
    }
  }
  return [...missing]
}

/**
 * A quorum that the peer has not seen goes whole: its bitmap may hide that it counted another vote of a validator
 * that votes twice.
 */
function missingOf(
  driver: HeightDriver,
  type: VoteType,
  round: number,
  summary: RoundSummary | undefined,
): Vote[] {
  const held = type === 'prevote' ? summary?.prevotes : summary?.precommits
  const hasQuorum = type === 'prevote' ? summary?.hasPrevoteQuorum : summary?.hasPrecommitQuorum
  const choice = driver.votes.quorumChoice(type, round)
  const quorum = choice === undefined || hasQuorum === true ? [] : driver.votes.votesFor(type, round, choice)
  const others = driver.votes.votes(type, round).filter(({ validator }) => {
    const index = driver.set.indexOf(validator)
    return held === undefined || (index !== undefined && !hasSigned(held, index))
  })
  return [...quorum, ...others]
}

/** Of past rounds only votes matter. */
function missingProposals(driver: HeightDriver, request: ExchangeRequest): Proposal[] {
  const known = new Set(request.rounds.filter(({ hasProposal }) => hasProposal).map(({ round }) => round))
  const missing: Proposal[] = []
  for (const round of driver.proposals.rounds()) {
    const proposal = driver.proposals.at(round)
    if (proposal === undefined || round < request.round || known.has(round)) continue
    missing.push(proposal)
  }
  return missing.slice(-limits.exchangeProposals)
}

/** One that is asked for by hash goes before one that belongs to a proposal sent along. */
function envelopeFor(
  values: HeightValues,
  request: ExchangeRequest,
  proposals: readonly Proposal[],
): Uint8Array | null {
  const candidates = [
    ...request.wantedValues,
    ...proposals.map(({ blockHash }) => blockHash).filter((hash) => !request.heldValues.includes(hash)),
  ]
  for (const blockHash of candidates) {
    const envelope = values.get(blockHash)
    if (envelope !== undefined) return envelope
  }
  return null
}
