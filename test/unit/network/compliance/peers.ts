import { afterEach, describe, expect, it } from 'vitest'
import { limits } from '../../../../src/config/limits.ts'
import type { Head, Peer, PeerId } from '../../../../src/network/ports.ts'
import { deferred, eventually } from '../../../support/network/eventually.ts'
import { codeOf } from '../../../support/network/outcome.ts'
import { type TestCluster, testChain, testHash } from '../../../support/network/testNode.ts'

export function peerCompliance(create: () => TestCluster): void {
  describe('peers', () => {
    let cluster = create()
    afterEach(async () => {
      await cluster.stopAll()
      cluster = create()
    })

    const connected = (node: { network: { peers: { list(): readonly Peer[] } } }) => node.network.peers.list()

    it('know each other’s head and agent once connected', async () => {
      const a = await cluster.start({ head: () => ({ height: 7, hash: testHash(7) }) })
      const b = await cluster.start({ known: [a.address()], head: () => ({ height: 9, hash: testHash(9) }) })
      await eventually('both are connected', () => connected(a).length === 1 && connected(b).length === 1)
      expect(connected(a)[0]).toMatchObject({
        id: b.id,
        direction: 'inbound',
        head: { height: 9, hash: testHash(9) },
        agent: 'test/1',
      })
      expect(connected(b)[0]).toMatchObject({ id: a.id, direction: 'outbound', head: { height: 7 } })
      expect(b.network.peers.get(a.id)?.head.hash).toBe(testHash(7))
    })

    it('are told when the head moves', async () => {
      let head: Head = { height: 1, hash: testHash(1) }
      const a = await cluster.start({ head: () => head })
      const b = await cluster.start({ known: [a.address()] })
      await eventually('both are connected', () => connected(a).length === 1 && connected(b).length === 1)
      const told = deferred<Peer>()
      b.network.peers.onHead(told.resolve)
      head = { height: 2, hash: testHash(2) }
      a.network.peers.headChanged()
      expect(await told.promise).toMatchObject({ id: a.id, head: { height: 2, hash: testHash(2) } })
    })

    it.each([
      ['another chain id', { ...testChain, chainId: 5n }],
      ['another genesis', { ...testChain, genesisHash: testHash(1) }],
    ])('of %s are refused, and both sides log why', async (_name, chain) => {
      const a = await cluster.start()
      const b = await cluster.start({ chain, known: [a.address()] })
      const met: PeerId[] = []
      for (const { network } of [a, b]) network.peers.onConnect(({ id }) => met.push(id))
      const refusals = (logs: typeof a.logs) => logs.filter(({ reason }) => reason === 'WRONG_CHAIN')
      await eventually('both refused', () => refusals(a.logs).length > 0 && refusals(b.logs).length > 0)
      expect(refusals(a.logs)[0]).toMatchObject({ peer: b.id, msg: 'peer refused' })
      await eventually('they parted', () => a.network.peers.get(b.id) === undefined)
      expect(met).toEqual([])
      expect(
        await codeOf(
          a.network.requests.request(b.id, 'x/1', new Uint8Array(1), {
            timeoutMs: 1_000,
            maxResponseBytes: 1,
          }),
        ),
      ).not.toBe('no error')
    })

    it('that misbehaved are cut off and not let in again', async () => {
      const a = await cluster.start()
      const b = await cluster.start({ known: [a.address()] })
      await eventually('both are connected', () => connected(a).length === 1 && connected(b).length === 1)
      const left = deferred<PeerId>()
      a.network.peers.onDisconnect(left.resolve)
      a.network.peers.report(b.id, 'misbehaved', 'a test')
      expect(await left.promise).toBe(b.id)
      await eventually('the other side lost it too', () => connected(b).length === 0)
      const lost = () => b.logs.filter(({ msg }) => msg === 'connection lost' || msg === 'dial failed').length
      await eventually('it came back and was refused', () => lost() >= 2)
      expect(connected(a)).toEqual([])
    })

    it('that are unhelpful are cut off when it adds up', async () => {
      const a = await cluster.start()
      const b = await cluster.start({ known: [a.address()] })
      await eventually('both are connected', () => connected(a).length === 1 && connected(b).length === 1)
      const left = deferred<PeerId>()
      a.network.peers.onDisconnect(left.resolve)
      for (let index = 0; index < 4; index++) a.network.peers.report(b.id, 'unhelpful', 'a test')
      expect(connected(a).length).toBe(1)
      for (let index = 0; index < 2; index++) a.network.peers.report(b.id, 'unhelpful', 'a test')
      expect(await left.promise).toBe(b.id)
    })

    it('are found again after they restart at the same address', async () => {
      const a = await cluster.start()
      const b = await cluster.start({ known: [a.address()] })
      await eventually('both are connected', () => connected(b).length === 1)
      const lost = deferred<PeerId>()
      b.network.peers.onDisconnect(lost.resolve)
      await a.network.stop()
      expect(await lost.promise).toBe(a.id)
      const back = deferred<Peer>()
      b.network.peers.onConnect(back.resolve)
      const again = await cluster.start({ instead: a })
      expect((await back.promise).id).toBe(a.id)
      await eventually('the restarted node knows it', () => connected(again).length === 1)
      expect(again.address()).toBe(a.address())
    })

    it('connect though each has the other in its list', async () => {
      const first = await cluster.start()
      await first.network.stop()
      const b = await cluster.start({ known: [first.address()] })
      const a = await cluster.start({ instead: first, known: [b.address()] })
      await eventually('both are connected', () => connected(a).length === 1 && connected(b).length === 1)
    })

    it('are gone after the stop, and requests fail', async () => {
      const a = await cluster.start()
      const b = await cluster.start({ known: [a.address()] })
      await eventually('both are connected', () => connected(a).length === 1 && connected(b).length === 1)
      await b.network.stop()
      await eventually('the other noticed', () => connected(a).length === 0)
      const late = b.network.requests.request(a.id, 'x/1', new Uint8Array(1), {
        timeoutMs: limits.statusTimeoutMs,
        maxResponseBytes: 1,
      })
      expect(await codeOf(late)).toBe('CANCELLED')
      await b.network.stop()
    })
  })
}
