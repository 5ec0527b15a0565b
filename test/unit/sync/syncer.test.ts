import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { limits } from '../../../src/config/limits.ts'
import { NodeError } from '../../../src/errors/errors.ts'
import { encodeCertificate } from '../../../src/ledger/certificate.ts'
import { encodeRangeResponse } from '../../../src/sync/codec.ts'
import type { SyncApp } from '../../../src/sync/ports.ts'
import { ManualClock } from '../../support/network/manualClock.ts'
import { MemoryHub } from '../../support/network/memoryNetwork.ts'
import { liar, type SyncNode, type SyncNodeOptions, startSyncNode } from '../../support/sync/syncNode.ts'
import { certify, makeChain, TestApp, type TestBlock } from '../../support/sync/testChain.ts'

const chain = makeChain(600)
const chain200 = chain.slice(0, 200)
const forged = Uint8Array.from({ length: 32 }, () => 9)
const otherChain = makeChain(200, 1, forged)

describe('sync over the in-memory network', () => {
  let clock: ManualClock
  let hub: MemoryHub
  let nodes: SyncNode[]

  beforeEach(() => {
    clock = new ManualClock()
    hub = new MemoryHub({ clock, latencyMs: 5 })
    nodes = []
  })
  afterEach(async () => {
    const stopped = Promise.all(nodes.map((node) => node.stop()))
    await clock.advance(60_000)
    await stopped
    expect(clock.pendingTimers).toBe(0)
  })

  async function start(options: SyncNodeOptions = {}): Promise<SyncNode> {
    const node = await startSyncNode(hub, options)
    nodes.push(node)
    return node
  }
  const addresses = () => nodes.map((node) => node.address())
  /** The head names the whole chain, because the app checks each block's parent. */
  const holds = (node: SyncNode, blocks: readonly TestBlock[] = chain200) =>
    expect({ height: node.app.headHeight(), hash: node.app.headHash }).toEqual({
      height: blocks.length,
      hash: blocks.at(-1)?.hash,
    })

  it('takes a new node from genesis to the head, and tells how far it is', async () => {
    await start({ app: new TestApp(chain) })
    const seen: unknown[] = []
    const app = new TestApp()
    app.beforeSubmit = (height) => {
      if (height === 300) seen.push(node.syncer.status())
    }
    const node = await start({ app, known: addresses() })
    await clock.advance(5_000)
    holds(node, chain)
    expect(seen).toEqual([{ syncing: true, startingHeight: 0, currentHeight: 299, highestHeight: 600 }])
    expect(node.syncer.status()).toEqual({
      syncing: false,
      startingHeight: 0,
      currentHeight: 600,
      highestHeight: 600,
    })
    expect(app.submitted).toEqual(chain.map((_block, index) => index + 1))
  })

  /** Peers that answer with something else than the chain, each in its way. */
  const lies: readonly (readonly [string, SyncNodeOptions])[] = [
    [
      'a forged certificate of the head',
      {
        served: liar(chain200, {
          seenCertificate: () => encodeCertificate(certify(200, chain200[199]!.hash, forged)),
        }),
      },
    ],
    [
      'another chain with forged certificates',
      {
        served: liar(chain200, {
          readEnvelopes: (from, count) => otherChain.slice(from - 1, from - 1 + count).map((b) => b.envelope),
          seenCertificate: () => encodeCertificate(certify(200, otherChain[199]!.hash, forged)),
        }),
      },
    ],
    [
      'a gap',
      {
        served: liar(chain200, {
          readEnvelopes: (from, count) =>
            chain200
              .filter((_block, index) => index !== 60)
              .slice(from - 1, from - 1 + count)
              .map((block) => block.envelope),
        }),
      },
    ],
    ['nonsense', { answer: Uint8Array.of(1, 2, 3) }],
    [
      'a range of nonsense',
      {
        answer: encodeRangeResponse({
          headHeight: 200,
          firstHeight: 1,
          envelopes: [Uint8Array.of(1)],
          certificate: Uint8Array.of(1),
        }),
      },
    ],
    [
      'blocks from elsewhere in the chain',
      { served: liar(chain200, { readEnvelopes: () => [chain200[100]!.envelope] }) },
    ],
    [
      'nothing though it claims to have it',
      {
        answer: encodeRangeResponse({
          headHeight: 200,
          firstHeight: 1,
          envelopes: [],
          certificate: new Uint8Array(0),
        }),
      },
    ],
  ]

  it.each(lies)('reports a peer that serves %s, and goes on with another', async (_name, lie) => {
    const lying = await start({ ...lie, claimedHeight: () => 200 })
    await start({ app: new TestApp(chain200) })
    const node = await start({ known: addresses() })
    await clock.advance(20_000)
    holds(node)
    const banned = node.logs.filter(({ msg }) => msg === 'peer banned')
    expect(banned.map(({ peer, offence }) => ({ peer, offence }))).toEqual([
      { peer: lying.network.peerId, offence: 'misbehaved' },
    ])
  })

  it('gives up on a peer whose head is a lie', async () => {
    await start({ app: new TestApp(chain200) })
    const lying = await start({ app: new TestApp(chain.slice(0, 50)), claimedHeight: () => 1_000_000 })
    const node = await start({ known: addresses() })
    // shorter than its ban
    await clock.advance(20_000)
    holds(node)
    const blamed = node.logs.filter(
      ({ peer, offence }) => peer === lying.network.peerId && offence === 'misbehaved',
    )
    expect(blamed.length).toBeGreaterThan(0)
    expect(node.syncer.status()).toMatchObject({ syncing: false, highestHeight: 200 })
  })

  it('does not ask a peer that began with a snapshot for what was before, and does not blame it', async () => {
    let asked = 0
    const began: SyncApp = liar(chain200, {
      firstHeight: () => 150,
      readEnvelopes: (from, count, maxBytes) => {
        asked += 1
        return new TestApp(chain200).readEnvelopes(from, count, maxBytes)
      },
    })
    await start({ served: began, claimedHeight: () => 200 })
    const node = await start({ known: addresses() })
    await clock.advance(20_000)
    expect(node.app.headHeight()).toBe(0)
    expect(asked).toBe(0)
    await start({ app: new TestApp(chain200), known: addresses() })
    await clock.advance(20_000)
    holds(node)
    expect(node.logs.filter(({ offence }) => offence !== undefined)).toEqual([])
  })

  it('asks another peer when one does not answer', async () => {
    let asked = 0
    const silent: SyncApp = liar(chain200, {
      readEnvelopes: () => {
        asked += 1
        return new Promise<never>(() => {})
      },
    })
    await start({ served: silent, claimedHeight: () => 200 })
    await start({ app: new TestApp(chain200) })
    const node = await start({ known: addresses() })
    await clock.advance(2 * limits.syncRequestTimeoutMs)
    holds(node)
    expect(asked).toBeGreaterThan(0)
  })

  it('goes on where it was interrupted', async () => {
    await start({ app: new TestApp(chain200) })
    await start({ served: lies[2]![1].served!, claimedHeight: () => 200 })
    await start({ app: new TestApp(chain200) })
    const app = new TestApp()
    app.beforeSubmit = async (height) => {
      if (height !== 90) return
      app.beforeSubmit = () => {}
      interrupted = node.restartSync()
      throw new NodeError('CANCELLED', 'The node stops.')
    }
    let interrupted: Promise<void> | undefined
    const node = await start({ app, known: addresses() })
    await clock.advance(60_000)
    await interrupted
    holds(node)
    expect(interrupted).toBeDefined()
    expect(app.submitted).toEqual(chain200.map((_block, index) => index + 1))
  })

  it('keeps within the quota of the only peer there is', async () => {
    const long = makeChain(20 * limits.syncRangeEnvelopes)
    const server = await start({ app: new TestApp(long) })
    const node = await start({ known: addresses() })
    await clock.advance(10_000)
    holds(node, long)
    expect(node.logs.filter(({ msg }) => msg === 'sync started')).toHaveLength(1)
    expect(server.logs.filter(({ offence }) => offence !== undefined)).toEqual([])
  })

  it('stops while a request is open', async () => {
    const silent = liar(chain200, { readEnvelopes: () => new Promise<never>(() => {}) })
    await start({ served: silent, claimedHeight: () => 200 })
    const node = await start({ known: addresses() })
    await clock.advance(1_000)
    expect(node.syncer.status().syncing).toBe(true)
    await node.syncer.stop()
    expect(node.syncer.status().syncing).toBe(false)
  })

  it('keeps serving others what it just got', async () => {
    await start({ app: new TestApp(chain200) })
    const middle = await start({ known: addresses() })
    const last = await start({ known: [middle.address()] })
    await clock.advance(20_000)
    holds(middle)
    holds(last)
  })

  describe('near the head', () => {
    /** A node that is level with its peer at height 100. */
    async function level() {
      const peerApp = new TestApp(chain.slice(0, 100))
      const peer = await start({ app: peerApp })
      const app = new TestApp(chain.slice(0, 100))
      const node = await start({ app, known: addresses() })
      await clock.advance(1_000)
      const advance = async (to: number) => {
        peerApp.blocks.push(...chain.slice(peerApp.headHeight(), to))
        peer.network.peers.headChanged()
        await clock.advance(limits.statusIntervalMs + 50)
      }
      return { app, node, advance }
    }

    it('leaves the next block to consensus for a while', async () => {
      const { app, node, advance } = await level()
      await advance(101)
      expect(node.syncer.status()).toMatchObject({ syncing: false, highestHeight: 101 })
      app.blocks.push(chain[100]!)
      await clock.advance(limits.syncGraceMs * 3)
      expect(app.submitted).toEqual([])
    })

    it('fetches the block when consensus does not get there', async () => {
      const { app, advance } = await level()
      await advance(101)
      expect(app.submitted).toEqual([])
      await clock.advance(limits.syncGraceMs + 100)
      expect(app.submitted).toEqual([101])
    })

    it('does not wait when consensus cannot get there', async () => {
      const { app, advance } = await level()
      await advance(100 + limits.futureHeights + 1)
      expect(app.headHeight()).toBe(100 + limits.futureHeights + 1)
    })

    it('skips what consensus decided while sync was at it', async () => {
      const { app, node, advance } = await level()
      app.beforeSubmit = (height) => {
        if (height === 105) app.blocks.push(...chain.slice(104, 108))
      }
      app.submitDecided = async (envelope, certificate) => {
        const before = app.headHeight()
        await app.beforeSubmit(before + 1)
        if (app.headHeight() === before)
          await TestApp.prototype.submitDecided.call(app, envelope, certificate)
      }
      await advance(120)
      holds(node, chain.slice(0, 120))
    })

    it('blames nobody for a failure of its own, and tries again', async () => {
      const { app, node, advance } = await level()
      let failures = 0
      app.beforeSubmit = (height) => {
        if (height !== 110 || failures === 2) return
        failures += 1
        throw new NodeError('BAD_EXECUTION', 'The disk is full.')
      }
      await advance(120)
      expect(app.headHeight()).toBe(109)
      expect(node.network.peers.list()).toHaveLength(1)
      await clock.advance(3 * (limits.syncOwnFailureRestMs + limits.syncGraceMs))
      expect(app.headHeight()).toBe(120)
      expect(node.logs.filter(({ offence }) => offence !== undefined)).toEqual([])
    })
  })
})
