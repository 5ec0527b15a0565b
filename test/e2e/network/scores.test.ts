import { gossipsub } from '@chainsafe/libp2p-gossipsub'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { identify } from '@libp2p/identify'
import { StrictSign } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { createLibp2p } from 'libp2p'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Attacker, topicIdOf } from '../../support/network/attacker.ts'
import { eventually } from '../../support/network/eventually.ts'
import { type RealNode, RealNodes } from '../../support/network/realNodes.ts'

/** As in gossipsubOptions. */
const GRAYLIST = -400

let nodes: RealNodes
const stops: (() => Promise<unknown>)[] = []
beforeEach(() => {
  nodes = new RealNodes()
})
afterEach(async () => {
  await nodes.stopAll()
  await Promise.all(stops.splice(0).map((stop) => stop()))
})

/** A vote is good when it begins with 1; others are what no honest node hands on. */
const judge = (heard: number[]) => (bytes: Uint8Array) => {
  heard.push(bytes[1] ?? 0)
  return bytes[0] === 1 ? ('accept' as const) : ('reject' as const)
}

describe('a peer that gossips what validators reject', () => {
  it('is ignored before it is cut off', async () => {
    const heard: number[] = []
    const node = await nodes.start({}, ({ gossip }) => gossip.subscribe('vote', judge(heard)))
    const libp2p = await createLibp2p({
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      services: {
        identify: identify(),
        pubsub: gossipsub({ globalSignaturePolicy: StrictSign, floodPublish: true }),
      },
    })
    stops.push(async () => libp2p.stop())
    const attacker = new Attacker(libp2p)
    await attacker.enter(node)
    const topic = topicIdOf('vote')
    await eventually('it sees who listens', () => libp2p.services.pubsub.getSubscribers(topic).length === 1)
    const score = () => node.network.gossipScore(attacker.id)
    const send = async (first: number, count: number) => {
      for (let i = first; i < first + count; i++)
        await libp2p.services.pubsub.publish(topic, Uint8Array.of(0, i))
    }

    await send(0, 4)
    await eventually('four were judged', () => heard.length === 4)
    await eventually('its score fell', () => score() < -100)
    expect(score()).toBeGreaterThan(GRAYLIST)
    expect(attacker.isConnected).toBe(true)
    await send(4, 5)
    await eventually('it is graylisted', () => score() < GRAYLIST)
    // one that is graylisted is not even read
    await send(9, 20)
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(heard.length).toBe(9)
  })
})

describe('honest peers in a mesh of four', () => {
  it('are never thought badly of, though most of what they send is known already', async () => {
    const heard = [0, 1, 2, 3].map((): number[] => [])
    const started: RealNode[] = []
    for (const list of heard) {
      const bootstrap = started.map(({ address }) => address)
      started.push(await nodes.start({ bootstrap }, ({ gossip }) => gossip.subscribe('vote', judge(list))))
    }
    await eventually('all know each other', () => started.every((node) => node.peers().length === 3))
    const worst = () =>
      Math.min(...started.flatMap((node) => node.peers().map((peer) => node.network.gossipScore(peer))))
    let low = 0
    const published = 120
    // one is silent, as a validator behind on its disk is; the others vote
    for (let i = 0; i < published; i++) {
      const author = started[i % 3]!
      await author.network.gossip.publish('vote', Uint8Array.of(1, i))
      low = Math.min(low, worst())
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
    await eventually('the silent one heard all of the end', () => (heard[3] ?? []).includes(published - 1))
    expect(low).toBe(0)
    for (const node of started) {
      expect(node.peers()).toHaveLength(3)
      expect(node.logs.filter(({ msg }) => msg === 'peer banned' || msg === 'peer blamed')).toEqual([])
    }
    expect(Math.min(worst())).toBeGreaterThan(0)
  })
})
