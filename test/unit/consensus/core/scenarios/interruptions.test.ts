import { describe, expect, it } from 'vitest'
import { addressOf } from '../../support.ts'
import { type Message, ScenarioNetwork } from './network.ts'

const MINUTE = 60_000

/** Events of a height in which nothing goes wrong. */
function eventsOf(make: () => ScenarioNetwork): number {
  const net = make()
  expect(net.run(MINUTE)).toBe(true)
  return net.handled
}

function stoppedAt(events: number, make: () => ScenarioNetwork): ScenarioNetwork {
  const net = make()
  while (net.handled < events && net.step());
  return net
}

/**
 * A height whose round 0 leaves locks behind: the prevote that makes the quorum reaches two of four, a third finds
 * the block late. Round 1 proposes the block again.
 */
function withLocks(): ScenarioNetwork {
  const net = new ScenarioNetwork()
  const [first, , third, fourth] = [0, 1, 2, 3].map((round) => net.proposer(round))
  net.judge = (node, { freshRound }) => !(node === fourth && freshRound === 0)
  const isKey = (message: Message) =>
    message.type === 'vote' &&
    message.vote.type === 'prevote' &&
    message.vote.round === 0 &&
    message.vote.validator === addressOf(third!)
  net.passes = (_, to, message) =>
    !isKey(message) || (to !== first && to !== fourth) || net.node(to).driver.state.round > 0
  return net
}

const HEIGHTS: readonly (readonly [string, () => ScenarioNetwork])[] = [
  ['a height of one round', () => new ScenarioNetwork()],
  ['a height with locks and two rounds', withLocks],
]

describe('a partition, two and two', () => {
  const SPLITS: readonly (readonly number[])[] = [
    [0, 1],
    [0, 2],
    [0, 3],
  ]

  it.each(HEIGHTS)('at any event of %s stops it, and healing ends it within two more rounds', (_, make) => {
    const events = eventsOf(make)
    let stalled = 0
    for (let at = 0; at <= events; at++) {
      const side = SPLITS[at % SPLITS.length]!
      const isApart = (from: number, to: number) => side.includes(from) !== side.includes(to)
      const net = stoppedAt(at, make)
      const { passes } = net
      net.passes = (from, to, message) => !isApart(from, to) && passes(from, to, message)
      net.loseMessages(isApart)
      net.run(20_000)
      if (net.decisions().every((decision) => decision === null)) stalled++
      const rounds = Math.max(...net.rounds())
      net.passes = passes
      expect(net.run(MINUTE)).toBe(true)
      expect(Math.max(...net.rounds())).toBeLessThanOrEqual(rounds + 2)
    }
    // As long as no quorum of precommits was out.
    expect(stalled).toBeGreaterThan(events / 2)
  })
})

describe('a restart with all messages under way lost', () => {
  it.each(HEIGHTS)('of all at any event of %s: nothing is signed twice, and the height ends', (_, make) => {
    const events = eventsOf(make)
    for (let at = 0; at <= events; at++) {
      const net = stoppedAt(at, make)
      const before = net.nodes.map(({ driver }) => driver.state)
      net.loseMessages()
      for (const { index } of net.nodes) net.restart(index)
      expect(net.nodes.map(({ driver }) => driver.state)).toEqual(before)
      expect(net.run(MINUTE)).toBe(true)
    }
  })

  it('of one node at any event: it comes back to where it was', () => {
    const events = eventsOf(() => new ScenarioNetwork())
    for (let at = 0; at <= events; at++) {
      const net = stoppedAt(at, () => new ScenarioNetwork())
      const { index, driver } = net.nodes[at % net.nodes.length]!
      const before = driver.state
      net.restart(index)
      expect(net.node(index).driver.state).toEqual(before)
      expect(net.run(MINUTE)).toBe(true)
    }
  })
})
