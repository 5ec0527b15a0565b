import { describe, expect, it } from 'vitest'
import type { Hash } from '../../../../../src/primitives/hex.ts'
import { addressOf } from '../../support.ts'
import { type Judgement, type Message, ScenarioNetwork } from './network.ts'

const MINUTE = 60_000

/** Whether the message is this validator's vote of that type and round. */
const isVote = (message: Message, from: number, type: 'prevote' | 'precommit', round: number) =>
  message.type === 'vote' &&
  message.vote.validator === addressOf(from) &&
  message.vote.type === type &&
  message.vote.round === round

/** The own votes of a node in its log, as `prevote 0 nil`; values by the round that built them. */
function votesOf(net: ScenarioNetwork, index: number): string[] {
  const nameOf = (hash: Hash) => [0, 1, 2, 3, 4].find((round) => net.valueOf(round) === hash)
  return net.node(index).log.flatMap((input) => {
    if (input.type !== 'vote' || input.vote.validator !== addressOf(index)) return []
    const { type, round, blockHash } = input.vote
    return [`${type} ${round} ${blockHash === null ? 'nil' : `value ${nameOf(blockHash)}`}`]
  })
}

/** The proposers of rounds 0 to 3. */
const inTurn = (net: ScenarioNetwork) =>
  [0, 1, 2, 3].map((round) => net.proposer(round)) as [number, number, number, number]

/**
 * Round 0 ends without a decision: `dissenter` finds the proposal untimely, and of those who prevote for it only
 * `locker` sees that they are a quorum, because its own prevote reaches nobody before round `until`.
 */
function lockOne(net: ScenarioNetwork, roles: { dissenter: number; locker: number; until: number }): void {
  const { dissenter, locker, until } = roles
  net.judge = (node, { freshRound }) => !(node === dissenter && freshRound === 0)
  net.passes = (_, to, message) =>
    !isVote(message, locker, 'prevote', 0) || net.node(to).driver.state.round >= until
}

describe('lock and unlock', () => {
  it('a node locked alone refuses another value, and follows a quorum for it in a later round', () => {
    const net = new ScenarioNetwork()
    const [, , dissenter, locker] = inTurn(net)
    lockOne(net, { dissenter, locker, until: Number.POSITIVE_INFINITY })
    net.run(MINUTE, () => net.rounds().every((round) => round === 1))
    expect(net.node(locker).driver.state.locked).toEqual({ round: 0, blockHash: net.valueOf(0) })
    expect(net.nodes.filter(({ driver }) => driver.state.locked !== null)).toHaveLength(1)
    expect(net.run(MINUTE)).toBe(true)
    expect(net.decisions()).toEqual(new Array(4).fill(net.valueOf(1)))
    expect(votesOf(net, locker)).toEqual([
      'prevote 0 value 0',
      'precommit 0 value 0',
      'prevote 1 nil',
      'precommit 1 value 1',
    ])
  })

  it('a value that more than a third is locked on is the only one that can be decided', () => {
    const net = new ScenarioNetwork()
    const [first, second, third, fourth] = inTurn(net)
    const requests: Judgement[] = []
    // The fourth finds it late. The third's prevote makes a quorum, which only second and third see in time.
    net.judge = (node, request) => {
      requests.push(request)
      return !(node === fourth && request.freshRound === 0)
    }
    net.passes = (_, to, message) => {
      const isHidden = isVote(message, third, 'prevote', 0) && (to === first || to === fourth)
      return !isHidden || net.node(to).driver.state.round > 0
    }
    expect(net.run(MINUTE)).toBe(true)
    expect(net.nodes.map(({ decided }) => decided)).toMatchObject(
      new Array(4).fill({ round: 1, blockHash: net.valueOf(0) }),
    )
    expect(votesOf(net, second)).toContain('precommit 0 value 0')
    expect(votesOf(net, fourth)).toEqual([
      'prevote 0 nil',
      'precommit 0 nil',
      'prevote 1 value 0',
      'precommit 1 value 0',
    ])
    expect(requests.filter(({ freshRound }) => freshRound === 1)).toEqual([])
  })
})

describe('a block proposed again', () => {
  it('is judged by neither the clock nor its proposer', () => {
    const net = new ScenarioNetwork()
    const [first, , third, fourth] = inTurn(net)
    // After round 0 every clock and every rule about builders says no.
    net.judge = (node, { freshRound }) => freshRound === null || (freshRound === 0 && node !== fourth)
    net.passes = (_, to, message) => {
      const isHidden = isVote(message, third, 'prevote', 0) && (to === first || to === fourth)
      return !isHidden || net.node(to).driver.state.round > 0
    }
    expect(net.run(MINUTE)).toBe(true)
    expect(net.node(fourth).decided).toMatchObject({ round: 1, blockHash: net.valueOf(0) })
  })

  it('is refused where the block itself is invalid', () => {
    const net = new ScenarioNetwork()
    const [first, , third, fourth] = inTurn(net)
    net.judge = (node) => node !== fourth
    net.passes = (_, to, message) =>
      !(isVote(message, third, 'prevote', 0) && (to === first || to === fourth)) ||
      net.node(to).driver.state.round > 0
    net.run(MINUTE, () => net.nodes.every(({ decided, isHalted }) => decided !== null || isHalted))
    expect(votesOf(net, fourth).filter((vote) => !vote.endsWith('nil'))).toEqual([])
    expect(net.nodes.filter(({ isHalted }) => isHalted).map(({ index }) => index)).toEqual([fourth])
  })
})

describe('a hidden lock', () => {
  /** A faulty validator makes the quorum, shows it to `locker` alone, and is never heard again. */
  function withHiddenLock(): { net: ScenarioNetwork; locker: number; faulty: number } {
    const faulty = new ScenarioNetwork().proposer(3)
    const net = new ScenarioNetwork({ absent: [faulty] })
    const [, dissenter, locker] = inTurn(net)
    net.judge = (node, { freshRound }) => !(node === dissenter && freshRound === 0)
    net.vote(faulty, 'prevote', 0, net.valueOf(0), [locker])
    return { net, locker, faulty }
  }

  it('stops the others until the quorum behind it is handed on, and then wins', () => {
    const { net, locker, faulty } = withHiddenLock()
    net.passes = (_, to, message) =>
      !isVote(message, faulty, 'prevote', 0) || net.node(to).driver.state.round >= 2
    net.run(MINUTE, () => net.rounds().every((round) => round === 2))
    expect(net.decisions()).toEqual([null, null, null])
    expect(votesOf(net, locker).slice(0, 4)).toEqual([
      'prevote 0 value 0',
      'precommit 0 value 0',
      'prevote 1 nil',
      'precommit 1 nil',
    ])
    // In round 2 it is the locked one's turn.
    expect(net.run(MINUTE)).toBe(true)
    expect(net.nodes.map(({ decided }) => decided)).toMatchObject(
      new Array(3).fill({ round: 2, blockHash: net.valueOf(0) }),
    )
  })

  it('is not believed without its quorum: a claim alone moves nobody', () => {
    const { net, faulty } = withHiddenLock()
    net.passes = (from, _, message) => from === faulty || !isVote(message, faulty, 'prevote', 0)
    net.run(MINUTE, () => net.rounds().every((round) => round >= 3))
    expect(net.decisions()).toEqual([null, null, null])
    for (const { index } of net.nodes.filter(({ driver }) => driver.state.locked === null)) {
      expect(votesOf(net, index)).toContain('prevote 2 nil')
    }
  })
})

describe('a proof of lock', () => {
  it('of a later round frees a lock on another value', () => {
    const net = new ScenarioNetwork()
    const [first, second, third, locker] = inTurn(net)
    lockOne(net, { dissenter: second, locker, until: Number.POSITIVE_INFINITY })
    const hidesFirst = net.passes
    // In round 1 only second and third see the quorum for the new value.
    net.passes = (from, to, message) =>
      hidesFirst(from, to, message) &&
      (!isVote(message, third, 'prevote', 1) ||
        (to !== first && to !== locker) ||
        net.node(to).driver.state.round >= 2)
    net.run(MINUTE, () => net.rounds().every((round) => round === 2))
    const lockOf = (index: number) => net.node(index).driver.state.locked
    expect([first, second, third, locker].map(lockOf)).toEqual([
      null,
      { round: 1, blockHash: net.valueOf(1) },
      { round: 1, blockHash: net.valueOf(1) },
      { round: 0, blockHash: net.valueOf(0) },
    ])
    expect(net.run(MINUTE)).toBe(true)
    expect(net.nodes.map(({ decided }) => decided)).toMatchObject(
      new Array(4).fill({ round: 2, blockHash: net.valueOf(1) }),
    )
    expect(votesOf(net, locker)).toContain('prevote 2 value 1')
  })

  it('of an earlier round than the lock frees nothing', () => {
    const net = new ScenarioNetwork()
    const [first, second, third, locker] = inTurn(net)
    lockOne(net, { dissenter: second, locker, until: 3 })
    const hidesFirst = net.passes
    net.passes = (from, to, message) =>
      hidesFirst(from, to, message) &&
      (!isVote(message, third, 'prevote', 1) ||
        (to !== first && to !== locker) ||
        net.node(to).driver.state.round >= 4)
    // The proposers of rounds 2 and 3 propose what they know; third is silent, so that the old value comes up.
    net.run(MINUTE, () => net.rounds().every((round) => round === 2))
    const inRoundTwo = net.passes
    net.passes = (from, to, message) =>
      inRoundTwo(from, to, message) && !(message.type === 'proposal' && message.proposal.round === 2)
    net.run(MINUTE, () => net.rounds().every((round) => round === 4))
    expect(votesOf(net, second)).toContain('prevote 3 nil')
    expect(votesOf(net, first)).toContain('prevote 3 value 0')
    expect(net.run(MINUTE)).toBe(true)
    expect(net.decisions()).toEqual(new Array(4).fill(net.valueOf(1)))
  })
})
