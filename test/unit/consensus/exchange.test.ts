import { describe, expect, it } from 'vitest'
import { limits } from '../../../src/config/limits.ts'
import { HeightDriver } from '../../../src/consensus/core/driver.ts'
import { devnetTimeouts } from '../../../src/consensus/core/timeouts.ts'
import { type HeightView, makeRequest, makeResponse } from '../../../src/consensus/exchange.ts'
import { HeightValues } from '../../../src/consensus/heightValues.ts'
import type { Hash } from '../../../src/primitives/hex.ts'
import { addressOf, HEIGHT, hashOf, makeSet, proposal, vote } from './support.ts'

const V = hashOf('v')
const W = hashOf('w')
const set = makeSet(1, 1, 1, 1)
const PROPOSERS = [0, 1, 2, 3].sort((a, b) => (addressOf(a) < addressOf(b) ? -1 : 1))

interface Peer extends HeightView {
  readonly wanted: Hash[]
}

function peer(self: number): Peer {
  const driver = new HeightDriver({
    height: HEIGHT,
    set,
    priorities: [0n, 0n, 0n, 0n],
    self: addressOf(self),
    timeouts: devnetTimeouts,
    futureRounds: limits.futureRounds,
  })
  driver.process({ type: 'start' })
  return { driver, values: new HeightValues(limits.heightValues), wanted: [] }
}

function votes(
  to: Peer,
  type: 'prevote' | 'precommit',
  round: number,
  blockHash: Hash | null,
  from: number[],
) {
  for (const index of from) to.driver.process({ type: 'vote', vote: vote(index, type, round, blockHash) })
}

function propose(to: Peer, round: number, blockHash: Hash, validRound = -1) {
  const index = PROPOSERS[round % 4]!
  to.driver.process({ type: 'proposal', proposal: proposal(index, round, blockHash, validRound) })
}

/** One exchange, asked by `asking`: what it sends along and what it gets. */
const exchange = (asking: Peer, answering: Peer) => makeResponse(answering, makeRequest(asking))

const namesOf = (list: readonly { validator: string; type: string; round: number }[]) =>
  list.map(({ validator, type, round }) => `${type} ${round} ${set.indexOf(validator as Hash)}`).sort()

describe('an exchange', () => {
  it('carries exactly the votes of the round that the asking peer lacks', () => {
    const [a, b] = [peer(0), peer(1)]
    votes(a, 'prevote', 0, V, [0])
    votes(b, 'prevote', 0, V, [0, 1])
    votes(b, 'precommit', 0, null, [2])
    expect(namesOf(exchange(a, b).votes)).toEqual(['precommit 0 2', 'prevote 0 1'])
    expect(namesOf(exchange(b, a).votes)).toEqual([])
  })

  it('carries what the asking peer said last itself', () => {
    const proposer = PROPOSERS[0]!
    const a = peer(proposer)
    propose(a, 0, V)
    votes(a, 'prevote', 0, V, [proposer, (proposer + 1) % 4])
    votes(a, 'precommit', 0, V, [proposer])
    const request = makeRequest(a)
    expect(request.proposal).toEqual(proposal(proposer, 0, V))
    expect(namesOf(request.votes)).toEqual([`precommit 0 ${proposer}`, `prevote 0 ${proposer}`])
  })

  it('carries the proposal that is missing, and its envelope', () => {
    const [a, b] = [peer(0), peer(1)]
    propose(b, 0, V)
    b.values.put(V, Uint8Array.of(1, 2, 3), new Set())
    const response = exchange(a, b)
    expect(response.proposals).toEqual([proposal(PROPOSERS[0]!, 0, V)])
    expect(response.envelope).toEqual(Uint8Array.of(1, 2, 3))
  })

  it('carries no envelope that the asking peer holds', () => {
    const [a, b] = [peer(0), peer(1)]
    propose(b, 0, V)
    b.values.put(V, Uint8Array.of(1, 2, 3), new Set())
    a.values.put(V, Uint8Array.of(1, 2, 3), new Set())
    expect(exchange(a, b)).toMatchObject({ proposals: [{ blockHash: V }], envelope: null })
  })

  it('carries an envelope that is asked for by hash, before any other', () => {
    const [a, b] = [peer(0), peer(1)]
    propose(b, 0, V)
    b.values.put(V, Uint8Array.of(1), new Set())
    b.values.put(W, Uint8Array.of(2), new Set())
    a.wanted.push(W)
    expect(exchange(a, b).envelope).toEqual(Uint8Array.of(2))
  })

  it('carries the polka that a proposal made again refers to', () => {
    const [a, b] = [peer(0), peer(1)]
    votes(b, 'prevote', 0, V, [0, 1, 2])
    for (const each of [a, b]) votes(each, 'prevote', 3, null, [2, 3])
    propose(a, 3, V, 0)
    expect(makeRequest(a).rounds.map(({ round }) => round)).toContain(0)
    expect(namesOf(exchange(a, b).votes)).toEqual(['prevote 0 0', 'prevote 0 1', 'prevote 0 2'])
  })

  it('carries the polka of the own valid value to a peer that has not seen it', () => {
    const [a, b] = [peer(0), peer(1)]
    b.driver.process({ type: 'timeout', kind: 'propose', round: 0 })
    votes(b, 'prevote', 0, V, [0, 2, 3])
    b.driver.process({ type: 'validated', blockHash: V, freshRound: null, valid: true })
    for (const each of [a, b]) votes(each, 'precommit', 4, null, [2, 3])
    expect(b.driver.state).toMatchObject({ round: 4, valid: { round: 0 } })
    expect(namesOf(exchange(a, b).votes)).toEqual(['prevote 0 0', 'prevote 0 2', 'prevote 0 3'])
  })

  it('carries a decision of an earlier round to a peer that has moved on', () => {
    const [a, b] = [peer(0), peer(1)]
    votes(b, 'precommit', 0, V, [1, 2, 3])
    for (const each of [a, b]) votes(each, 'prevote', 5, null, [1, 2])
    expect(a.driver.state.round).toBe(5)
    expect(namesOf(exchange(a, b).votes)).toEqual(['precommit 0 1', 'precommit 0 2', 'precommit 0 3'])
  })

  it('carries the votes of a later round, so that the asking peer can skip to it', () => {
    const [a, b] = [peer(0), peer(1)]
    votes(b, 'prevote', 6, null, [2, 3])
    expect(namesOf(exchange(a, b).votes)).toEqual(['prevote 6 2', 'prevote 6 3'])
    for (const each of exchange(a, b).votes) a.driver.process({ type: 'vote', vote: each })
    expect(a.driver.state.round).toBe(6)
  })

  it('carries a quorum whole to a peer that has not seen it, whatever its bitmap says', () => {
    const [a, b] = [peer(0), peer(1)]
    votes(a, 'prevote', 0, W, [3])
    votes(b, 'prevote', 0, V, [1, 2, 3])
    expect(namesOf(exchange(a, b).votes)).toEqual(['prevote 0 1', 'prevote 0 2', 'prevote 0 3'])
    // Twice: the vote that contradicts what was counted is believed once the others support it.
    for (const each of [...exchange(a, b).votes, ...exchange(a, b).votes]) {
      a.driver.process({ type: 'vote', vote: each })
    }
    expect(a.driver.votes.hasQuorum('prevote', 0, V)).toBe(true)
    expect(exchange(a, b).votes).toEqual([])
  })

  it('carries no more votes than its bound', () => {
    const [a, b] = [peer(0), peer(1)]
    for (let round = 0; round < 400; round++) votes(b, 'prevote', round, null, [0, 1, 2, 3])
    const request = makeRequest(a)
    const rounds = Array.from({ length: 400 }, (_, round) => ({
      round,
      hasProposal: false,
      hasPrevoteQuorum: false,
      hasPrecommitQuorum: false,
      prevotes: new Uint8Array(1),
      precommits: new Uint8Array(1),
    }))
    expect(makeResponse(b, { ...request, rounds }).votes).toHaveLength(limits.exchangeVotes)
  })
})
