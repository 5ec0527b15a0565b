import { describe, expect, it } from 'vitest'
import type { Input } from '../../../../../src/consensus/core/types.ts'
import { addressOf, hashOf, proposal, vote } from '../../support.ts'
import { type Message, ScenarioNetwork } from './network.ts'

const MINUTE = 60_000
const isProposal = ({ type }: Message) => type === 'proposal'

const ownVotes = (net: ScenarioNetwork, index: number) =>
  net
    .node(index)
    .log.flatMap((input) =>
      input.type === 'vote' && input.vote.validator === addressOf(index) ? [input.vote] : [],
    )

describe('nil rounds', () => {
  it('without a fault there is one round, and all take part', () => {
    const net = new ScenarioNetwork()
    expect(net.run(MINUTE)).toBe(true)
    for (const { decided } of net.nodes)
      expect(decided).toMatchObject({ round: 0, blockHash: net.valueOf(0) })
    expect(net.nowMs).toBeLessThan(500)
  })

  it('pass while proposers are away, each longer than the one before', () => {
    const powers = [1, 1, 1, 1, 1, 1, 1]
    const probe = new ScenarioNetwork({ powers })
    const net = new ScenarioNetwork({ powers, absent: [probe.proposer(0), probe.proposer(1)] })
    expect(net.run(MINUTE)).toBe(true)
    for (const { decided } of net.nodes)
      expect(decided).toMatchObject({ round: 2, blockHash: net.valueOf(2) })
    for (const { index } of net.nodes) {
      expect(ownVotes(net, index).map(({ blockHash }) => blockHash)).toEqual([
        ...new Array(4).fill(null),
        net.valueOf(2),
        net.valueOf(2),
      ])
    }
    // Propose and precommit timeouts of rounds 0 and 1; prevotes for nil are a quorum and wait for nothing.
    const waitedMs = 1_500 + 500 + (1_500 + 300) + (500 + 300)
    expect(net.nowMs).toBeGreaterThanOrEqual(waitedMs)
    expect(net.nowMs).toBeLessThan(waitedMs + 500)
  })
})

describe('a late proposal', () => {
  it('that comes after the timeout is not voted for, and the next round decides', () => {
    const net = new ScenarioNetwork()
    const proposer = net.proposer(0)
    net.passes = (from, _, message) => from !== proposer || !isProposal(message) || net.nowMs > 1_600
    net.run(1_590, () => false)
    expect(
      net.nodes.filter(({ index }) => index !== proposer).map(({ driver }) => driver.state.step),
    ).not.toContain('propose')
    expect(net.run(MINUTE)).toBe(true)
    for (const { decided } of net.nodes)
      expect(decided).toMatchObject({ round: 1, blockHash: net.valueOf(1) })
  })

  it('does not keep a node from locking with the others once it sees their quorum', () => {
    const net = new ScenarioNetwork()
    const late = net.proposer(3)
    // It hears nothing in time, and the others’ precommits not before it has seen their prevotes.
    net.passes = (_, to, message) =>
      to !== late ||
      (net.nowMs > 1_600 &&
        !(message.type === 'vote' && message.vote.type === 'precommit' && net.nowMs < 2_500))
    net.run(2_400, () => false)
    expect(ownVotes(net, late).map(({ type, blockHash }) => [type, blockHash])).toEqual([
      ['prevote', null],
      ['precommit', net.valueOf(0)],
    ])
    expect(net.run(MINUTE)).toBe(true)
    expect(net.node(late).decided).toMatchObject({ round: 0, blockHash: net.valueOf(0) })
  })

  it('that never comes does not keep a node from deciding by the votes', () => {
    const net = new ScenarioNetwork()
    const blind = net.proposer(3)
    net.passes = (_, to, message) => to !== blind || message.type !== 'proposal'
    expect(net.run(MINUTE)).toBe(true)
    expect(net.node(blind).decided).toMatchObject({ round: 0, blockHash: net.valueOf(0) })
    expect(net.node(blind).driver.proposals.at(0)).toBeUndefined()
  })
})

describe('round skip', () => {
  const powers = [1, 1, 1, 1, 1, 1, 1]
  const others = [1, 2, 3, 4, 5, 6]

  it('happens at f + 1 of 3f + 1 validators, not at f', () => {
    const net = new ScenarioNetwork({ powers, absent: others })
    for (const index of others.slice(0, 2)) net.vote(index, 'prevote', 5, null)
    net.run(100, () => false)
    expect(net.rounds()).toEqual([0])
    net.vote(others[2]!, 'precommit', 5, null)
    net.run(100, () => false)
    expect(net.rounds()).toEqual([5])
  })

  it('counts power: just over a third is enough, a third is not', () => {
    for (const [power, round] of [
      [99, 0],
      [100, 0],
      [101, 4],
    ] as const) {
      const net = new ScenarioNetwork({ powers: [100, power, 100], absent: [1, 2] })
      net.vote(1, 'prevote', 4, null)
      net.run(100, () => false)
      expect(net.rounds()).toEqual([round])
    }
  })

  it('brings a node that was cut off straight into the round that the others have come to', () => {
    const net = new ScenarioNetwork()
    const lonely = net.proposer(3)
    let isCut = true
    // Without proposals the others pass nil rounds.
    net.passes = (from, to, message) => !isCut || (from !== lonely && to !== lonely && !isProposal(message))
    const others = net.nodes.filter(({ index }) => index !== lonely)
    net.run(MINUTE, () => others.every(({ driver }) => driver.state.round === 2))
    expect(net.node(lonely).driver.state).toMatchObject({ round: 0, step: 'prevote' })
    isCut = false
    expect(net.run(MINUTE)).toBe(true)
    expect(new Set(ownVotes(net, lonely).map(({ round }) => round))).toEqual(new Set([0, 2]))
  })
})

describe('after the decision', () => {
  it('no vote, proposal, timeout or answer does anything', () => {
    const net = new ScenarioNetwork()
    expect(net.run(MINUTE)).toBe(true)
    const late = hashOf('a value too late')
    const inputs: Input[] = [
      { type: 'start' },
      { type: 'vote', vote: vote(0, 'prevote', 0, late) },
      { type: 'vote', vote: vote(0, 'precommit', 0, null) },
      { type: 'vote', vote: vote(1, 'precommit', 1, late) },
      { type: 'proposal', proposal: proposal(net.proposer(1), 1, late) },
      { type: 'timeout', kind: 'propose', round: 0 },
      { type: 'timeout', kind: 'precommit', round: 0 },
      { type: 'built', round: 0, blockHash: late },
      { type: 'validated', blockHash: late, freshRound: null, valid: true },
    ]
    for (const { driver } of net.nodes) {
      const before = driver.state
      for (const input of inputs) {
        expect(driver.wants(input)).toBe(false)
        expect(driver.process(input)).toEqual([])
      }
      expect(driver.state).toBe(before)
    }
  })
})
