import { describe, expect, it } from 'vitest'
import { addressOf, hashOf } from '../../support.ts'
import { ScenarioNetwork } from './network.ts'

const MINUTE = 60_000
const V = hashOf('value v')
const W = hashOf('value w')

/** Every way to give each of three nodes one of two things. */
const WAYS = [0, 1, 2, 3, 4, 5, 6, 7].map((bits) => [0, 1, 2].map((place) => (bits >> place) & 1))

describe('a proposer that signs two proposals', () => {
  const proposer = new ScenarioNetwork().proposer(0)

  /** Who gets which proposal, and which votes of the faulty one. */
  function attack(proposals: readonly number[], votes: readonly number[]): ScenarioNetwork {
    const net = new ScenarioNetwork({ absent: [proposer] })
    for (const [place, { index }] of net.nodes.entries()) {
      net.propose(proposer, 0, proposals[place] === 0 ? V : W, -1, [index])
      for (const type of ['prevote', 'precommit'] as const) {
        net.vote(proposer, type, 0, votes[place] === 0 ? V : W, [index])
      }
    }
    return net
  }

  it('and tells each node what it likes never divides them, whoever is told what', () => {
    const decided = new Set<string>()
    for (const proposals of WAYS) {
      for (const votes of WAYS) {
        const net = attack(proposals, votes)
        expect(net.run(MINUTE)).toBe(true)
        const [decision] = net.decisions()
        decided.add(decision === V ? 'V' : decision === W ? 'W' : 'another')
        expect(Math.max(...net.rounds())).toBeLessThanOrEqual(3)
      }
    }
    expect([...decided].sort()).toEqual(['V', 'W', 'another'])
  })

  it('is found out by everyone, proposals and votes, once messages are handed on', () => {
    const net = attack([0, 0, 1], [0, 1, 1])
    net.run(5_000, () => false)
    const kinds = net.nodes.flatMap(({ evidence }) => evidence.map(({ kind }) => kind))
    expect(kinds).toContain('proposals')
    expect(kinds).toContain('votes')
    for (const { evidence } of net.nodes) {
      for (const { first, second } of evidence) {
        const signer = (message: typeof first) =>
          'proposer' in message ? message.proposer : message.validator
        expect([signer(first), signer(second)]).toEqual([addressOf(proposer), addressOf(proposer)])
        expect(first.blockHash).not.toBe(second.blockHash)
      }
    }
  })

  it('with nobody else at fault is the only one accused', () => {
    const net = new ScenarioNetwork()
    expect(net.run(MINUTE)).toBe(true)
    expect(net.nodes.flatMap(({ evidence }) => evidence)).toEqual([])
  })
})

describe('disagreement on validity', () => {
  it('one node that finds the block invalid votes nil, and halts rather than follow the others or fork', () => {
    const net = new ScenarioNetwork()
    const odd = net.proposer(2)
    net.judge = (node) => node !== odd
    net.run(MINUTE, () => net.nodes.every(({ decided, isHalted }) => decided !== null || isHalted))
    expect(net.nodes.filter(({ decided }) => decided === null).map(({ index }) => index)).toEqual([odd])
    expect(net.node(odd).isHalted).toBe(true)
    const ownVotes = net
      .node(odd)
      .log.flatMap((input) =>
        input.type === 'vote' && input.vote.validator === addressOf(odd) ? [input.vote.blockHash] : [],
      )
    expect(new Set(ownVotes)).toEqual(new Set([null]))
  })

  it('two of four that find it invalid keep it from being decided; the next block is', () => {
    const net = new ScenarioNetwork()
    const refusing = [net.proposer(1), net.proposer(3)]
    net.judge = (node, { blockHash }) => blockHash !== net.valueOf(0) || !refusing.includes(node)
    expect(net.run(MINUTE)).toBe(true)
    expect(net.nodes.map(({ decided }) => decided)).toMatchObject(
      new Array(4).fill({ round: 1, blockHash: net.valueOf(1) }),
    )
  })

  it('on lateness alone halts nobody: a quorum that found it timely is followed', () => {
    const net = new ScenarioNetwork()
    const slowClock = net.proposer(2)
    net.judge = (node, { freshRound }) => node !== slowClock || freshRound === null
    expect(net.run(MINUTE)).toBe(true)
    expect(net.node(slowClock).decided).toMatchObject({ round: 0, blockHash: net.valueOf(0) })
  })
})
