import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { limits } from '../../../../src/config/limits.ts'
import type { GossipValidator, PeerId, Verdict } from '../../../../src/network/ports.ts'
import type { TopicName } from '../../../../src/network/topics.ts'
import { deferred, eventually } from '../../../support/network/eventually.ts'
import { codeOf } from '../../../support/network/outcome.ts'
import type { TestCluster, TestNode } from '../../../support/network/testNode.ts'

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()
const bytes = (value: string) => Uint8Array.from(Buffer.from(value))
const TOPICS: readonly TopicName[] = ['tx', 'proposal', 'vote', 'receipt']

/** A node that keeps what it got, and judges as `verdictOf` says. */
interface Listener {
  readonly node: TestNode
  readonly validated: { readonly topic: TopicName; readonly text: string; readonly from: PeerId }[]
  readonly handled: string[]
  verdictOf: GossipValidator
}

async function listener(cluster: TestCluster, known: readonly string[]): Promise<Listener> {
  const node = await cluster.start({ known })
  const listening: Listener = { node, validated: [], handled: [], verdictOf: () => 'accept' }
  for (const topic of TOPICS) {
    node.network.gossip.subscribe(
      topic,
      (data, from) => {
        listening.validated.push({ topic, text: text(data), from })
        return listening.verdictOf(data, from)
      },
      (data) => listening.handled.push(text(data)),
    )
  }
  return listening
}

const meshed = (a: Listener, b: Listener) =>
  eventually('two nodes forward to each other', () =>
    TOPICS.every(
      (topic) =>
        a.node.wire.neighbours(a.node.topicId(topic)).includes(b.node.id) &&
        b.node.wire.neighbours(b.node.topicId(topic)).includes(a.node.id),
    ),
  )

export function gossipCompliance(create: () => TestCluster): void {
  describe('gossip along a line of three nodes', () => {
    const cluster = create()
    let a: Listener
    let b: Listener
    let c: Listener
    let serial = 0

    beforeAll(async () => {
      a = await listener(cluster, [])
      b = await listener(cluster, [a.node.address()])
      c = await listener(cluster, [b.node.address()])
      await Promise.all([meshed(a, b), meshed(b, c)])
    })
    afterAll(() => cluster.stopAll())

    /** Publishes at the first node, and tells whether it came through to the third. */
    async function comesThrough(topic: TopicName, verdict: GossipValidator): Promise<boolean> {
      serial += 1
      const message = `message ${serial}`
      const marker = `marker ${serial}`
      b.verdictOf = (data, from) => (text(data) === message ? verdict(data, from) : 'accept')
      await a.node.network.gossip.publish(topic, bytes(message))
      await eventually('the middle saw it', () => b.validated.some((seen) => seen.text === message))
      // sent after it on the same way: where the marker is, the message is too if it was forwarded
      await a.node.network.gossip.publish(topic, bytes(marker))
      await eventually('the end saw the marker', () => c.handled.includes(marker))
      return c.handled.includes(message)
    }

    it('forwards what the validator accepts, and hands it to the handler', async () => {
      expect(await comesThrough('vote', () => 'accept')).toBe(true)
      expect(b.handled).toContain(`message ${serial}`)
      expect(c.validated.find((seen) => seen.text === `message ${serial}`)?.from).toBe(b.node.id)
    })

    it('does not forward what the validator ignores', async () => {
      expect(await comesThrough('vote', () => 'ignore')).toBe(false)
      expect(b.handled).not.toContain(`message ${serial}`)
    })

    it('does not forward what the validator rejects', async () => {
      expect(await comesThrough('vote', () => 'reject')).toBe(false)
      expect(b.handled).not.toContain(`message ${serial}`)
    })

    it('does not forward what the validator throws on, and logs the cause', async () => {
      const through = await comesThrough('vote', () => {
        throw new RangeError('a defect in the validator')
      })
      expect(through).toBe(false)
      expect(b.node.logs.some(({ error }) => error === 'a defect in the validator')).toBe(true)
    })

    it('forwards only once a slow validator has accepted', async () => {
      const verdict = deferred<Verdict>()
      b.verdictOf = () => verdict.promise
      await a.node.network.gossip.publish('receipt', bytes('slow'))
      await eventually('the middle saw it', () => b.validated.some((seen) => seen.text === 'slow'))
      expect(c.validated.some((seen) => seen.text === 'slow')).toBe(false)
      verdict.resolve('accept')
      await eventually('the end got it', () => c.handled.includes('slow'))
    })

    it('does not bring own messages back', () => {
      expect(a.validated).toEqual([])
    })

    it.each(['vote', 'proposal'] as const)(
      'delivers a %s again when it is published again',
      async (topic) => {
        b.verdictOf = () => 'accept'
        const repeat = `repeated ${topic}`
        await a.node.network.gossip.publish(topic, bytes(repeat))
        await a.node.network.gossip.publish(topic, bytes(repeat))
        await eventually('both arrived', () => c.handled.filter((seen) => seen === repeat).length === 2)
      },
    )

    it.each(['tx', 'receipt'] as const)('takes a %s once, whoever publishes it', async (topic) => {
      const content = `content ${topic}`
      await a.node.network.gossip.publish(topic, bytes(content))
      await eventually('it arrived', () => c.handled.includes(content))
      await a.node.network.gossip.publish(topic, bytes(content))
      await c.node.network.gossip.publish(topic, bytes(content))
      await a.node.network.gossip.publish(topic, bytes(`${content} end`))
      await eventually('the end arrived', () => c.handled.includes(`${content} end`))
      expect(b.validated.filter((seen) => seen.text === content)).toHaveLength(1)
    })

    it('carries a proposal of the largest size', async () => {
      const largest = new Uint8Array(limits.proposalMessageBytes).fill(0x61)
      await a.node.network.gossip.publish('proposal', largest)
      await eventually('it arrived', () => c.handled.some(({ length }) => length === largest.length))
    })

    it('refuses to publish what is larger than the topic allows', async () => {
      const publish = a.node.network.gossip.publish('vote', new Uint8Array(limits.voteBytes + 1))
      expect(await codeOf(publish)).toBe('LIMIT_EXCEEDED')
    })

    it('does not even validate what a peer sends larger than the topic allows', async () => {
      const before = b.validated.length
      await a.node.wire.publish(a.node.topicId('vote'), new Uint8Array(limits.voteBytes + 1))
      await a.node.network.gossip.publish('vote', bytes('after the oversized one'))
      await eventually('the next arrived', () => c.handled.includes('after the oversized one'))
      expect(b.validated.length).toBe(before + 1)
    })
  })

  describe('a peer that sends only what is rejected', () => {
    const cluster = create()
    afterAll(() => cluster.stopAll())

    it('is cut off', async () => {
      const honest = await listener(cluster, [])
      const hostile = await listener(cluster, [honest.node.address()])
      await meshed(honest, hostile)
      honest.verdictOf = () => 'reject'
      const gone = deferred<PeerId>()
      honest.node.network.peers.onDisconnect(gone.resolve)
      for (let index = 0; index < 12; index++) {
        await hostile.node.network.gossip.publish('tx', bytes(`junk ${index}`))
      }
      expect(await gone.promise).toBe(hostile.node.id)
      expect(honest.node.network.peers.list()).toEqual([])
    })
  })
}
