import { describe, expect, it } from 'vitest'
import { limits } from '../../../src/config/limits.ts'
import { PeerScores } from '../../../src/network/peerScores.ts'
import { BoundedMap, TokenBucket } from '../../../src/network/quota.ts'
import { ManualClock } from '../../support/network/manualClock.ts'

describe('a token bucket', () => {
  it('gives its burst at once and its rate from then on', async () => {
    const clock = new ManualClock()
    const bucket = new TokenBucket({ burst: 3, perSecond: 10 }, clock)
    expect([bucket.take(), bucket.take(), bucket.take(), bucket.take()]).toEqual([true, true, true, false])
    expect(bucket.waitMs()).toBe(100)
    await clock.advance(99)
    expect(bucket.take()).toBe(false)
    await clock.advance(1)
    expect([bucket.take(), bucket.take()]).toEqual([true, false])
    await clock.advance(1_000_000)
    expect([1, 2, 3, 4].map(() => bucket.take())).toEqual([true, true, true, false])
  })
})

describe('a token bucket asked for several', () => {
  it('gives more than its burst when it is full, and nothing until that is made up for', async () => {
    const clock = new ManualClock()
    const bucket = new TokenBucket({ burst: 3, perSecond: 10 }, clock)
    expect(bucket.take(5)).toBe(true)
    expect([bucket.take(), bucket.waitMs(), bucket.waitMs(2)]).toEqual([false, 300, 400])
    await clock.advance(300)
    expect([bucket.take(2), bucket.take()]).toEqual([false, true])
  })
})

describe('a bounded map', () => {
  it('forgets what was set longest ago', () => {
    const map = new BoundedMap<string, number>(2)
    map.set('a', 1)
    map.set('b', 2)
    map.set('a', 3)
    map.set('c', 4)
    expect([map.get('a'), map.get('b'), map.get('c'), map.size]).toEqual([3, undefined, 4, 2])
  })
})

describe('scores of peers', () => {
  it('ban at once for misbehaviour, longer each time', async () => {
    const clock = new ManualClock()
    const scores = new PeerScores(clock)
    for (const banMs of [limits.banFirstMs, 2 * limits.banFirstMs, 4 * limits.banFirstMs]) {
      expect(scores.record('p', 'misbehaved')).toBe(true)
      await clock.advance(banMs - 1)
      expect(scores.isBanned('p')).toBe(true)
      await clock.advance(1)
      expect(scores.isBanned('p')).toBe(false)
    }
    for (let index = 0; index < 20; index++) {
      scores.record('p', 'misbehaved')
      await clock.advance(limits.banLongestMs - 1)
      if (index > 6) expect(scores.isBanned('p')).toBe(true)
      await clock.advance(1)
      expect(scores.isBanned('p')).toBe(false)
    }
  })

  it('add up small offences and forgive them with time', async () => {
    const clock = new ManualClock()
    const scores = new PeerScores(clock)
    for (let index = 0; index < 9; index++) expect(scores.record('p', 'badGossip')).toBe(false)
    expect(scores.record('p', 'badGossip')).toBe(true)
    for (let index = 0; index < 200; index++) {
      await clock.advance(60_000)
      expect(scores.record('q', 'badGossip')).toBe(false)
    }
  })

  it('judge each peer for itself, and remember a bounded number', () => {
    const scores = new PeerScores(new ManualClock())
    scores.record('first', 'misbehaved')
    expect(scores.isBanned('other')).toBe(false)
    for (let index = 0; index < limits.scoredPeers; index++) scores.record(`peer ${index}`, 'overQuota')
    expect(scores.isBanned('first')).toBe(false)
  })
})
