import { beforeEach, describe, expect, it } from 'vitest'
import { limits } from '../../../src/config/limits.ts'
import { InvariantError } from '../../../src/errors/errors.ts'
import { GossipService } from '../../../src/network/gossip.ts'
import { noMetrics, type Verdict } from '../../../src/network/ports.ts'
import { topicTable } from '../../../src/network/topics.ts'
import type { GossipWire } from '../../../src/network/transport.ts'
import { silentLogger } from '../../../src/runtime/logger.ts'
import { deferred } from '../../support/network/eventually.ts'
import { ManualClock, settle } from '../../support/network/manualClock.ts'
import { testChain } from '../../support/network/testNode.ts'

const topics = topicTable(testChain)
const message = Uint8Array.of(1)

describe('the gossip service', () => {
  let clock: ManualClock
  let gossip: GossipService
  let subscribed: string[]
  let blamed: string[]

  beforeEach(async () => {
    clock = new ManualClock()
    subscribed = []
    blamed = []
    const wire: GossipWire = {
      start: async () => {},
      stop: async () => {},
      publish: async () => {},
      subscribe: (id) => subscribed.push(id),
      unsubscribe: (id) => subscribed.splice(subscribed.indexOf(id), 1),
      bufferedBytes: 0,
      scoreOf: () => 0,
      neighbours: () => [],
    }
    gossip = new GossipService(
      { topics },
      { wire, clock, logger: silentLogger, metrics: noMetrics, blame: (peer) => blamed.push(peer) },
    )
  })

  it('subscribes at the start to what was asked for before, and ends a subscription', async () => {
    const end = gossip.subscribe('tx', () => 'accept')
    expect(subscribed).toEqual([])
    await gossip.start()
    gossip.subscribe('vote', () => 'accept')
    expect(subscribed).toEqual([topics.tx.id, topics.vote.id])
    end()
    expect(subscribed).toEqual([topics.vote.id])
    expect(await gossip.validate(topics.tx.id, message, 'p')).toBe('ignore')
    expect(() => gossip.subscribe('vote', () => 'accept')).toThrow(InvariantError)
  })

  it('ignores a message whose validation takes too long, and blames nobody', async () => {
    gossip.subscribe('tx', () => new Promise<Verdict>(() => {}))
    const verdict = gossip.validate(topics.tx.id, message, 'p')
    await clock.advance(limits.gossipValidationMs)
    expect(await verdict).toBe('ignore')
    expect(blamed).toEqual([])
    expect(clock.pendingTimers).toBe(0)
  })

  it('rejects when a promised verdict fails', async () => {
    gossip.subscribe('tx', () => Promise.reject(new RangeError('broken')))
    expect(await gossip.validate(topics.tx.id, message, 'p')).toBe('reject')
    expect(blamed).toEqual(['p'])
  })

  it('accepts even if the handler throws', async () => {
    gossip.subscribe(
      'tx',
      () => 'accept',
      () => {
        throw new RangeError('broken')
      },
    )
    expect(await gossip.validate(topics.tx.id, message, 'p')).toBe('accept')
  })

  it('reads no more from a peer with too many messages under validation, but does from others', async () => {
    const gate = deferred<Verdict>()
    gossip.subscribe('tx', () => gate.promise)
    const verdicts = Array.from({ length: limits.gossipPendingMessagesPerPeer }, () =>
      gossip.validate(topics.tx.id, message, 'p'),
    )
    const ready = gossip.whenReady('p')
    expect(ready).toBeDefined()
    expect(gossip.whenReady('q')).toBeUndefined()
    gate.resolve('accept')
    await Promise.all([...verdicts, ready])
    await settle()
    expect(gossip.whenReady('p')).toBeUndefined()
  })

  it('counts the bytes under validation too', async () => {
    const gate = deferred<Verdict>()
    gossip.subscribe('proposal', () => gate.promise)
    const large = new Uint8Array(4 * 1024 * 1024)
    const verdicts = [1, 2, 3].map(() => gossip.validate(topics.proposal.id, large, 'p'))
    expect(gossip.whenReady('p')).toBeDefined()
    gate.resolve('ignore')
    await Promise.all(verdicts)
    expect(gossip.whenReady('p')).toBeUndefined()
  })

  it('lets a waiting reader go when it stops', async () => {
    gossip.subscribe('tx', () => new Promise<Verdict>(() => {}))
    for (let index = 0; index < limits.gossipPendingMessagesPerPeer; index++) {
      void gossip.validate(topics.tx.id, message, 'p')
    }
    const ready = gossip.whenReady('p')
    await gossip.stop()
    await ready
    expect(gossip.whenReady('p')).toBeUndefined()
  })
})
