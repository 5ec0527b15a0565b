import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { limits } from '../../../src/config/limits.ts'
import {
  decodeExchangeRequest,
  decodeExchangeResponse,
  decodeProposalMessage,
  type ExchangeRequest,
  type ExchangeResponse,
  encodeExchangeRequest,
  encodeExchangeResponse,
  encodeProposalMessage,
} from '../../../src/consensus/codec.ts'
import type { Input, Step } from '../../../src/consensus/core/types.ts'
import { decodeWalRecord, encodeWalRecord, type WalRecord } from '../../../src/consensus/walRecords.ts'
import { isNodeError } from '../../../src/errors/errors.ts'
import { type Proposal, type Vote, voteToRlp } from '../../../src/ledger/vote.ts'
import { bytesToHex } from '../../../src/primitives/hex.ts'
import { encodeRlp, fromInt, type RlpItem } from '../../../src/primitives/rlp.ts'
import { hashOf, proposal, vote } from './support.ts'

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const hash = bytes(32).map(bytesToHex)
const address = bytes(20).map(bytesToHex)
const round = fc.nat(0x7fff_ffff)
const height = fc.nat(Number.MAX_SAFE_INTEGER)
const someVote: fc.Arbitrary<Vote> = fc.record({
  type: fc.constantFrom('prevote' as const, 'precommit' as const),
  height,
  round,
  blockHash: fc.option(hash),
  validator: address,
  signature: bytes(65),
})
const someProposal: fc.Arbitrary<Proposal> = fc.record({
  height,
  round,
  validRound: fc.integer({ min: -1, max: 0x7fff_fffe }),
  blockHash: hash,
  proposer: address,
  signature: bytes(65),
})
const envelope = fc.option(fc.uint8Array({ minLength: 1, maxLength: 300 }))
const bitmap = fc.uint8Array({ maxLength: 13 })
const summary = fc.record({
  round,
  hasProposal: fc.boolean(),
  hasPrevoteQuorum: fc.boolean(),
  hasPrecommitQuorum: fc.boolean(),
  prevotes: bitmap,
  precommits: bitmap,
})
const request: fc.Arbitrary<ExchangeRequest> = fc.record({
  height,
  round: fc.integer({ min: -1, max: 0x7fff_fffe }),
  rounds: fc.array(summary, { maxLength: limits.exchangeRounds }),
  heldValues: fc.array(hash, { maxLength: limits.exchangeHashes }),
  wantedValues: fc.array(hash, { maxLength: limits.exchangeHashes }),
  proposal: fc.option(someProposal),
  votes: fc.array(someVote, { maxLength: 2 }),
})
const decided = fc.record({
  envelope: fc.uint8Array({ minLength: 1, maxLength: 300 }),
  certificate: fc.record({
    height,
    round,
    blockHash: hash,
    signers: bitmap,
    signatures: fc.array(bytes(65), { maxLength: 5 }),
  }),
})
const response: fc.Arbitrary<ExchangeResponse> = fc.record({
  height,
  round: fc.integer({ min: -1, max: 0x7fff_fffe }),
  decided: fc.option(decided),
  proposals: fc.array(someProposal, { maxLength: limits.exchangeProposals }),
  votes: fc.array(someVote, { maxLength: 20 }),
  envelope,
})
const input: fc.Arbitrary<Input> = fc.oneof(
  fc.constant({ type: 'start' as const }),
  someProposal.map((each) => ({ type: 'proposal' as const, proposal: each })),
  someVote.map((each) => ({ type: 'vote' as const, vote: each })),
  fc.record({
    type: fc.constant('timeout' as const),
    kind: fc.constantFrom<Step>('propose', 'prevote', 'precommit'),
    round,
  }),
  fc.record({ type: fc.constant('built' as const), round, blockHash: hash }),
  fc.record({
    type: fc.constant('validated' as const),
    blockHash: hash,
    freshRound: fc.option(fc.nat(0x7fff_fffe)),
    valid: fc.boolean(),
  }),
)
const walRecord: fc.Arbitrary<WalRecord> = fc.oneof(
  input.map((each) => ({ kind: 'input' as const, input: each })),
  fc.record({
    kind: fc.constant('value' as const),
    blockHash: hash,
    envelope: fc.uint8Array({ maxLength: 300 }),
  }),
)

function roundTrips<T>(
  arbitrary: fc.Arbitrary<T>,
  encode: (value: T) => Uint8Array,
  decode: (bytes: Uint8Array) => T,
) {
  const property = fc.property(arbitrary, (value) => {
    expect(decode(encode(value))).toEqual(value)
  })
  fc.assert(property)
}

/** Whatever bytes come, a decoder gives a value or a NodeError. */
function survives(decode: (bytes: Uint8Array) => unknown, valid: fc.Arbitrary<Uint8Array>) {
  const mutated = fc.tuple(valid, fc.nat(), fc.nat(255)).map(([whole, at, value]) => {
    const copy = whole.slice()
    if (copy.length > 0) copy[at % copy.length] = value
    return copy
  })
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated), (given) => {
      try {
        decode(given)
      } catch (error) {
        expect(isNodeError(error)).toBe(true)
      }
    }),
    { numRuns: 300 },
  )
}

describe('wire formats', () => {
  it('proposal messages come back as they were', () => {
    roundTrips(fc.record({ proposal: someProposal, envelope }), encodeProposalMessage, decodeProposalMessage)
  })

  it('exchange requests come back as they were', () => {
    roundTrips(request, encodeExchangeRequest, decodeExchangeRequest)
  })

  it('exchange responses come back as they were', () => {
    roundTrips(response, encodeExchangeResponse, decodeExchangeResponse)
  })

  it('log records come back as they were', () => {
    roundTrips(walRecord, encodeWalRecord, decodeWalRecord)
  })

  it('garbage is refused with a typed error', () => {
    survives(
      decodeProposalMessage,
      fc.record({ proposal: someProposal, envelope }).map(encodeProposalMessage),
    )
    survives(decodeExchangeRequest, request.map(encodeExchangeRequest))
    survives(decodeExchangeResponse, response.map(encodeExchangeResponse))
    survives(decodeWalRecord, walRecord.map(encodeWalRecord))
  })
})

const EMPTY_REQUEST: ExchangeRequest = {
  height: 1,
  round: -1,
  rounds: [],
  heldValues: [],
  wantedValues: [],
  proposal: null,
  votes: [],
}
const EMPTY_RESPONSE: ExchangeResponse = {
  height: 1,
  round: -1,
  decided: null,
  proposals: [],
  votes: [],
  envelope: null,
}

describe('bounds', () => {
  const empty = { round: 0, hasProposal: false, hasPrevoteQuorum: false, hasPrecommitQuorum: false }
  const full = { ...empty, prevotes: new Uint8Array(13), precommits: new Uint8Array(13) }
  const many = <T>(item: T, count: number): T[] => Array.from({ length: count }, () => item)

  it.each<[string, Partial<ExchangeRequest>]>([
    ['rounds', { rounds: many(full, limits.exchangeRounds + 1) }],
    ['held values', { heldValues: many(hashOf('v'), limits.exchangeHashes + 1) }],
    ['wanted values', { wantedValues: many(hashOf('v'), limits.exchangeHashes + 1) }],
    ['votes', { votes: many(vote(0, 'prevote', 0, null), 3) }],
    ['bytes of a bitmap', { rounds: [{ ...full, prevotes: new Uint8Array(14) }] }],
  ])('a request with too many %s is refused', (_, changes) => {
    const encoded = encodeExchangeRequest({ ...EMPTY_REQUEST, ...changes })
    expect(() => decodeExchangeRequest(encoded)).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }))
  })

  it.each<[string, Partial<ExchangeResponse>]>([
    ['votes', { votes: many(vote(0, 'prevote', 0, null), limits.exchangeVotes + 1) }],
    ['proposals', { proposals: many(proposal(0, 0, hashOf('v')), limits.exchangeProposals + 1) }],
    ['bytes of an envelope', { envelope: new Uint8Array(limits.envelopeBytes + 1) }],
  ])('a response with too many %s is refused', (_, changes) => {
    const encoded = encodeExchangeResponse({ ...EMPTY_RESPONSE, ...changes })
    expect(() => decodeExchangeResponse(encoded)).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }))
  })

  it('the largest messages of a full set fit', () => {
    const largest: ExchangeRequest = {
      ...EMPTY_REQUEST,
      height: Number.MAX_SAFE_INTEGER,
      rounds: many(full, limits.exchangeRounds),
      heldValues: many(hashOf('v'), limits.exchangeHashes),
      wantedValues: many(hashOf('v'), limits.exchangeHashes),
      proposal: proposal(0, 0x7fff_ffff, hashOf('v'), 0x7fff_fffe, Number.MAX_SAFE_INTEGER),
      votes: many(vote(0, 'prevote', 0x7fff_ffff, hashOf('v'), Number.MAX_SAFE_INTEGER), 2),
    }
    expect(decodeExchangeRequest(encodeExchangeRequest(largest))).toEqual(largest)
    const answer: ExchangeResponse = {
      ...EMPTY_RESPONSE,
      proposals: many(largest.proposal!, limits.exchangeProposals),
      votes: many(largest.votes[0]!, limits.exchangeVotes),
      envelope: new Uint8Array(limits.envelopeBytes),
    }
    expect(decodeExchangeResponse(encodeExchangeResponse(answer)).votes).toHaveLength(limits.exchangeVotes)
    const gossiped = { proposal: largest.proposal!, envelope: new Uint8Array(limits.gossipEnvelopeBytes) }
    expect(decodeProposalMessage(encodeProposalMessage(gossiped))).toEqual(gossiped)
  })

  it('a gossiped proposal with a large envelope is refused', () => {
    const encoded = encodeProposalMessage({
      proposal: proposal(0, 0, hashOf('v')),
      envelope: new Uint8Array(limits.proposalMessageBytes),
    })
    expect(() => decodeProposalMessage(encoded)).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }))
  })

  it('another version is refused', () => {
    const request: RlpItem[] = [
      fromInt(2),
      fromInt(1),
      fromInt(0),
      [],
      [],
      [],
      [],
      [voteToRlp(vote(0, 'prevote', 0, null))],
    ]
    expect(() => decodeExchangeRequest(encodeRlp(request))).toThrow(
      expect.objectContaining({ code: 'BAD_RLP' }),
    )
    expect(() => decodeWalRecord(encodeRlp([fromInt(2), fromInt(1)]))).toThrow(
      expect.objectContaining({ code: 'BAD_RLP' }),
    )
  })
})
