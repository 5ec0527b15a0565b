import { describe, expect, it } from 'vitest'
import { limits } from '../../../src/config/limits.ts'
import type { Evidence } from '../../../src/consensus/core/types.ts'
import { decodeEvidenceMessage, encodeEvidenceMessage } from '../../../src/consensus/evidenceMessage.ts'
import {
  type Proposal,
  proposalDigest,
  type Vote,
  type VoteType,
  voteDigest,
} from '../../../src/ledger/vote.ts'
import { EvidenceGossip } from '../../../src/node/evidenceGossip.ts'
import { concatBytes } from '../../../src/primitives/bytes.ts'
import type { Hash } from '../../../src/primitives/hex.ts'
import { sign } from '../../../src/primitives/secp256k1.ts'
import { silentLogger } from '../../../src/runtime/logger.ts'
import { addressOf, domain, hashOf, keyOf, makeSet } from '../consensus/support.ts'

const HEIGHT = 5_000
const A = hashOf('a')
const B = hashOf('b')

function signedVote(index: number, type: VoteType, blockHash: Hash | null, place: Partial<Vote> = {}): Vote {
  const unsigned = { type, height: HEIGHT, round: 1, blockHash, validator: addressOf(index), ...place }
  return { ...unsigned, signature: sign(voteDigest(domain, unsigned), keyOf(index)) }
}

function signedProposal(index: number, blockHash: Hash, validRound = -1): Proposal {
  const unsigned = { height: HEIGHT, round: 1, validRound, blockHash, proposer: addressOf(index) }
  return { ...unsigned, signature: sign(proposalDigest(domain, unsigned), keyOf(index)) }
}

const votes = (first: Vote, second: Vote): Evidence => ({ kind: 'votes', first, second })
const proposals = (first: Proposal, second: Proposal): Evidence => ({ kind: 'proposals', first, second })
const doublePrevote = (index: number) =>
  votes(signedVote(index, 'prevote', A), signedVote(index, 'prevote', B))

function setup() {
  const reported: Evidence[] = []
  const published: Uint8Array[] = []
  const world = { height: HEIGHT, set: makeSet(1, 1, 1, 1), isOurTurn: false }
  let decided = () => {}
  const gossip = new EvidenceGossip({
    gossip: {
      publish: async (_topic, bytes) => {
        published.push(bytes)
      },
      subscribe: () => () => {},
    },
    domain,
    chain: {
      height: () => world.height,
      set: () => world.set,
      onDecided: (listener) => {
        decided = listener
      },
    },
    report: (evidence) => reported.push(evidence),
    isOurTurn: () => world.isOurTurn,
    logger: silentLogger,
  })
  gossip.start()
  return { gossip, reported, published, world, decide: () => decided() }
}

const judged = (evidence: Evidence) => setup().gossip.judge(encodeEvidenceMessage(evidence))

describe('gossip of evidence', () => {
  it.each<[string, Evidence]>([
    ['two prevotes', doublePrevote(1)],
    [
      'a precommit and one for nothing',
      votes(signedVote(2, 'precommit', A), signedVote(2, 'precommit', null)),
    ],
    ['two proposals', proposals(signedProposal(0, A), signedProposal(0, B))],
    ['one block proposed with two valid rounds', proposals(signedProposal(0, A), signedProposal(0, A, 0))],
  ])('hands on %s', (_what, evidence) => {
    expect(decodeEvidenceMessage(encodeEvidenceMessage(evidence))).toEqual(evidence)
    expect(judged(evidence)).toBe('accept')
  })

  it.each<[string, Evidence]>([
    ['the same vote twice', votes(signedVote(1, 'prevote', A), signedVote(1, 'prevote', A))],
    ['votes of two rounds', votes(signedVote(1, 'prevote', A), signedVote(1, 'prevote', B, { round: 2 }))],
    [
      'votes of two heights',
      votes(signedVote(1, 'prevote', A), signedVote(1, 'prevote', B, { height: 4_999 })),
    ],
    ['votes of two types', votes(signedVote(1, 'prevote', A), signedVote(1, 'precommit', B))],
    ['votes of two validators', votes(signedVote(1, 'prevote', A), signedVote(2, 'prevote', B))],
    ['the same proposal twice', proposals(signedProposal(0, A), signedProposal(0, A))],
    [
      'a vote under another signature',
      votes(signedVote(1, 'prevote', A), { ...signedVote(2, 'prevote', B), validator: addressOf(1) }),
    ],
    [
      'a proposal under another signature',
      proposals(signedProposal(0, A), { ...signedProposal(1, B), proposer: addressOf(0) }),
    ],
  ])('blames the sender of %s', (_what, evidence) => {
    expect(judged(evidence)).toBe('reject')
  })

  it.each<[string, Uint8Array]>([
    ['nothing', new Uint8Array(0)],
    ['bytes after it', concatBytes(encodeEvidenceMessage(doublePrevote(1)), Uint8Array.of(0))],
    ['more than fits', new Uint8Array(limits.evidenceMessageBytes + 1)],
  ])('blames the sender of %s in its place', (_what, bytes) => {
    expect(setup().gossip.judge(bytes)).toBe('reject')
  })

  it('ignores what other heads may see differently: strangers, old and far heights', () => {
    expect(judged(doublePrevote(5))).toBe('ignore')
    for (const height of [HEIGHT - limits.evidenceBlocks - 1, HEIGHT + limits.futureHeights + 1]) {
      const evidence = votes(signedVote(1, 'prevote', A, { height }), signedVote(1, 'prevote', B, { height }))
      expect(judged(evidence)).toBe('ignore')
    }
  })

  it('hands on one proof for each offender, so that nobody can fill the network with more', () => {
    const { gossip } = setup()
    expect(gossip.judge(encodeEvidenceMessage(doublePrevote(1)))).toBe('accept')
    const other = votes(signedVote(1, 'precommit', A), signedVote(1, 'precommit', B))
    expect(gossip.judge(encodeEvidenceMessage(other))).toBe('ignore')
    expect(gossip.judge(encodeEvidenceMessage(doublePrevote(2)))).toBe('accept')
  })

  it('still takes evidence against a member that has left the set', () => {
    const { gossip, world, decide } = setup()
    world.set = makeSet(1, 1)
    decide()
    expect(gossip.judge(encodeEvidenceMessage(doublePrevote(3)))).toBe('accept')
  })

  it('reports what it hears of when it proposes next, once', () => {
    const { gossip, reported, world, decide } = setup()
    gossip.judge(encodeEvidenceMessage(doublePrevote(1)))
    decide()
    expect(reported).toEqual([])
    world.isOurTurn = true
    decide()
    decide()
    expect(reported).toEqual([doublePrevote(1)])
  })

  it('reports what it saw itself at once, and tells others once', () => {
    const { gossip, reported, published } = setup()
    gossip.found(doublePrevote(1))
    gossip.found(votes(signedVote(1, 'precommit', A), signedVote(1, 'precommit', B)))
    expect(reported).toHaveLength(2)
    expect(published).toEqual([encodeEvidenceMessage(doublePrevote(1))])
    expect(gossip.judge(encodeEvidenceMessage(doublePrevote(1)))).toBe('ignore')
  })
})
