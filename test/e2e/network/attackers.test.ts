import { RPC } from '@chainsafe/libp2p-gossipsub/message'
import { multiaddr } from '@multiformats/multiaddr'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { limits } from '../../../src/config/limits.ts'
import { encodeFrame } from '../../../src/network/frame.ts'
import { createNodeKey } from '../../../src/network/libp2p/nodeKey.ts'
import { STATUS_PROTOCOL } from '../../../src/network/status.ts'
import { decodeRlp } from '../../../src/primitives/rlp.ts'
import { Attacker, pour, thenStall, topicIdOf } from '../../support/network/attacker.ts'
import { eventually } from '../../support/network/eventually.ts'
import { type RealNode, RealNodes } from '../../support/network/realNodes.ts'

/** What every attack is tried on: a protocol of usual bounds, whose handler reads RLP. */
const PROTOCOL = 'target/1'
const REQUEST_BYTES = 4_096
const PER_PEER = 4
const SLOW_MS = 30_000

let nodes: RealNodes
let node: RealNode
let attacker: Attacker
let answered = 0
/** The most that the node ever held, looked at all the time. */
let peak: {
  serving: number
  readingBytes: number
  bufferedBytes: number
  judging: number
  judgingBytes: number
}
let watch: NodeJS.Timeout

beforeEach(async () => {
  nodes = new RealNodes()
  answered = 0
  node = await nodes.start({}, (network) => {
    network.requests.handle(
      PROTOCOL,
      (_peer, bytes) => {
        decodeRlp(bytes, REQUEST_BYTES)
        answered += 1
        return Uint8Array.of(1)
      },
      {
        maxRequestBytes: REQUEST_BYTES,
        maxConcurrentPerPeer: PER_PEER,
        maxConcurrent: 16,
        burst: 20,
        requestsPerSecond: 5,
      },
    )
    network.gossip.subscribe('vote', (bytes) =>
      bytes[0] === 1 ? 'accept' : bytes[0] === 2 ? 'ignore' : 'reject',
    )
  })
  attacker = new Attacker(await nodes.stranger())
  peak = { serving: 0, readingBytes: 0, bufferedBytes: 0, judging: 0, judgingBytes: 0 }
  watch = setInterval(() => {
    const load = node.network.load()
    for (const key of Object.keys(peak) as (keyof typeof peak)[]) peak[key] = Math.max(peak[key], load[key])
  }, 1)
})

afterEach(async () => {
  clearInterval(watch)
  await nodes.stopAll()
})

async function expectCutOff(who = attacker): Promise<void> {
  await eventually(
    'the node banned it',
    () => node.logs.some((line) => line.msg === 'peer banned' && line.peer === who.id),
    SLOW_MS,
  )
  await eventually('it is gone', () => !who.isConnected && !node.peers().includes(who.id))
  // nothing of it is left
  await eventually('all is let go', () => Object.values(node.network.load()).every((held) => held === 0))
}

/** An honest peer is served all the while, and stays. */
async function expectServing(): Promise<void> {
  const honest = await nodes.start({ bootstrap: [node.address] })
  await eventually('an honest peer is in', () => honest.peers().length === 1)
  const { peerId } = node.network
  const answer = await honest.network.requests.request(peerId, PROTOCOL, Uint8Array.of(0x80), {
    timeoutMs: 10_000,
    maxResponseBytes: 10,
  })
  expect(answer).toEqual(Uint8Array.of(1))
}

describe('a peer that shook hands and then', () => {
  it('opens streams and stalls is cut off', async () => {
    await attacker.enter(node)
    const openSome = () => {
      // the node resets what is beyond its limit
      for (let i = 0; i < 20; i++) {
        attacker
          .openRequest(PROTOCOL)
          .then((stream) => pour(stream, thenStall(Uint8Array.of(0, 0))))
          .catch(() => {})
      }
    }
    openSome()
    // a stalled request is blamed once its time is over, and ten of them cut a peer off
    const attack = setInterval(openSome, 500)
    try {
      await expectCutOff()
    } finally {
      clearInterval(attack)
    }
    expect(peak.serving).toBeLessThanOrEqual(PER_PEER)
    await expectServing()
  })

  it('sends requests that are nonsense is cut off', async () => {
    await attacker.enter(node)
    for (let i = 0; i < 100 && attacker.isConnected; i++) {
      const stream = await attacker.openRequest(PROTOCOL).catch(() => undefined)
      if (stream !== undefined) pour(stream, [encodeFrame(Uint8Array.of(0xff, i))])
    }
    await expectCutOff()
    expect(answered).toBe(0)
  })

  it('claims frames of four gigabytes is cut off, and no memory is taken for them', async () => {
    await attacker.enter(node)
    for (let i = 0; i < 100 && attacker.isConnected; i++) {
      const stream = await attacker.openRequest(PROTOCOL).catch(() => undefined)
      if (stream !== undefined) pour(stream, thenStall(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 1)))
    }
    await expectCutOff()
    expect(peak.readingBytes).toBe(0)
  })

  it('sends its requests byte by byte is cut off', async () => {
    await attacker.enter(node)
    const frame = encodeFrame(new Uint8Array(REQUEST_BYTES))
    async function* slowly(): AsyncGenerator<Uint8Array> {
      for (const byte of frame) {
        yield Uint8Array.of(byte)
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    }
    const attack = setInterval(() => {
      attacker
        .openRequest(PROTOCOL)
        .then((stream) => pour(stream, slowly()))
        .catch(() => {})
    }, 100)
    try {
      await expectCutOff()
    } finally {
      clearInterval(attack)
    }
    expect(peak.serving).toBeLessThanOrEqual(PER_PEER)
    expect(peak.readingBytes).toBeLessThanOrEqual((PER_PEER + limits.refusalStreamsPerPeer) * REQUEST_BYTES)
  })

  it('floods with good requests is cut off, and honest peers are served', async () => {
    await attacker.enter(node)
    const flood = async () => {
      for (let i = 0; i < 2_000 && attacker.isConnected; i++) {
        const stream = await attacker.openRequest(PROTOCOL).catch(() => undefined)
        if (stream !== undefined) pour(stream, [encodeFrame(Uint8Array.of(0x80))])
      }
    }
    await Promise.all([flood(), expectServing()])
    await expectCutOff()
    expect(peak.serving).toBeLessThanOrEqual(PER_PEER + 1)
    expect(answered).toBeLessThan(200)
  })

  it('gossips a frame that never ends holds one frame of memory, whatever it opens', async () => {
    await attacker.enter(node)
    const length = limits.gossipFrameBytes - 10
    const prefix = Uint8Array.of(
      (length & 0x7f) | 0x80,
      ((length >> 7) & 0x7f) | 0x80,
      ((length >> 14) & 0x7f) | 0x80,
      length >> 21,
    )
    for (let i = 0; i < 20; i++) {
      const stream = await attacker.openGossip().catch(() => undefined)
      if (stream !== undefined) pour(stream, thenStall(prefix, new Uint8Array(1024 * 1024)))
    }
    await eventually('it is held', () => peak.bufferedBytes > 0)
    await eventually('it is cut off', () => !attacker.isConnected, SLOW_MS)
    // two streams at most, each with a buffer that has doubled once beyond what arrived
    expect(peak.bufferedBytes).toBeLessThanOrEqual(2 * 2 * 1024 * 1024 + 1024 * 1024)
    await eventually('nothing is held', () => node.network.load().bufferedBytes === 0)
  })

  it('gossips nonsense is cut off', async () => {
    await attacker.enter(node)
    const stream = await attacker.openGossip()
    pour(stream, thenStall(Uint8Array.of(4, 0xff, 0xff, 0xff, 0xff)))
    await expectCutOff()
  })

  it('floods with gossip is slowed down and then cut off', async () => {
    await attacker.enter(node)
    const message = {
      from: new Uint8Array(38),
      data: Uint8Array.of(2),
      seqno: new Uint8Array(8),
      topic: topicIdOf('vote'),
      signature: new Uint8Array(64),
      key: new Uint8Array(36),
    }
    const body = RPC.encode({
      subscriptions: [],
      messages: Array.from({ length: 20 }, () => message),
      control: undefined,
    } as never)
    const frame = Uint8Array.of((body.length & 0x7f) | 0x80, body.length >> 7, ...body)
    let sent = 0
    async function* endless(): AsyncGenerator<Uint8Array> {
      while (attacker.isConnected) {
        sent += 20
        yield frame
        if (sent % 2_000 === 0) await new Promise(setImmediate)
      }
    }
    pour(await attacker.openGossip(), endless())
    await expectCutOff()
    expect(peak.bufferedBytes).toBeLessThanOrEqual(1024 * 1024)
    expect(peak.judging).toBeLessThanOrEqual(limits.gossipPendingMessagesPerPeer + 20)
  })
})

describe('strangers', () => {
  it('that connect over and over under one name get a few connections', async () => {
    const key = await createNodeKey()
    const clones = await Promise.all(Array.from({ length: 16 }, () => nodes.stranger(key)))
    const connected = () => clones.filter((clone) => clone.getConnections().length > 0).length
    let most = 0
    for (const clone of clones) {
      // it keeps the handshake open, so that nothing else ends the connection for a while
      await clone.handle(STATUS_PROTOCOL, () => {})
      await clone.dial(multiaddr(node.address)).catch(() => undefined)
      await new Promise((resolve) => setTimeout(resolve, 150))
      most = Math.max(most, connected())
    }
    expect(most).toBeGreaterThanOrEqual(limits.inboundConnectionsPerPeer)
    // one that was refused learns of it a moment later; one that stands has ten seconds to shake hands
    await eventually('few stand', () => connected() <= limits.inboundConnectionsPerPeer, 4_000)
    await expectServing()
  })

  it('that say nothing are let go', async () => {
    const silent = await nodes.stranger()
    await silent.handle(STATUS_PROTOCOL, () => {})
    await silent.dial(multiaddr(node.address))
    await eventually('it is let go', () => silent.getConnections().length === 0, SLOW_MS)
    expect(node.peers()).toEqual([])
  })
})
