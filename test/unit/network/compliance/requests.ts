import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { limits } from '../../../../src/config/limits.ts'
import { NodeError } from '../../../../src/errors/errors.ts'
import type { RequestHandler, ServeOptions } from '../../../../src/network/ports.ts'
import { deferred, eventually } from '../../../support/network/eventually.ts'
import { codeOf } from '../../../support/network/outcome.ts'
import type { TestCluster, TestNode } from '../../../support/network/testNode.ts'

const generous: ServeOptions = {
  maxRequestBytes: 6_000_000,
  maxConcurrentPerPeer: 40,
  maxConcurrent: 80,
  burst: 10_000,
  requestsPerSecond: 10_000,
}
const ask = { timeoutMs: 10_000, maxResponseBytes: 6_000_000 }

export function requestCompliance(create: () => TestCluster): void {
  describe('requests', () => {
    const cluster = create()
    let server: TestNode
    let client: TestNode
    let serial = 0

    beforeAll(async () => {
      server = await cluster.start()
      client = await cluster.start({ known: [server.address()] })
      await eventually('both are connected', () =>
        [server, client].every(({ network }) => network.peers.list().length === 1),
      )
    })
    afterAll(() => cluster.stopAll())

    /** Serves a protocol of its own for one test. */
    function serve(handler: RequestHandler, options: Partial<ServeOptions> = {}): string {
      serial += 1
      const protocol = `test-${serial}/1`
      server.network.requests.handle(protocol, handler, { ...generous, ...options })
      return protocol
    }

    const request = (
      protocol: string,
      bytes: Uint8Array,
      options: Partial<typeof ask> & { signal?: AbortSignal } = {},
    ) => client.network.requests.request(server.id, protocol, bytes, { ...ask, ...options })

    it.each([0, 1, 70_000, 5_000_000])('carries %i bytes there and back', async (length) => {
      const echo = serve((_peer, bytes) => bytes)
      const sent = Uint8Array.from({ length }, (_value, index) => index % 251)
      expect(Buffer.compare(await request(echo, sent), sent)).toBe(0)
    })

    it('tells the handler who asks, in both directions', async () => {
      const protocol = serve((peer) => Buffer.from(peer))
      expect(Buffer.from(await request(protocol, new Uint8Array(0))).toString()).toBe(client.id)
      client.network.requests.handle('who/1', (peer) => Buffer.from(peer), generous)
      const answer = await server.network.requests.request(client.id, 'who/1', new Uint8Array(0), ask)
      expect(Buffer.from(answer).toString()).toBe(server.id)
    })

    it('leaves no stream open: many more requests than streams are allowed', async () => {
      const echo = serve((_peer, bytes) => bytes)
      for (let index = 0; index < limits.streamsPerConnection + 20; index++) {
        expect((await request(echo, Uint8Array.of(index))).length).toBe(1)
      }
    })

    it('keeps answers apart when many are under way', async () => {
      const gate = deferred<void>()
      const protocol = serve(async (_peer, bytes) => {
        await gate.promise
        return Uint8Array.of((bytes[0] ?? 0) * 2)
      })
      const answers = Array.from({ length: 30 }, (_value, index) => request(protocol, Uint8Array.of(index)))
      gate.resolve()
      const values = (await Promise.all(answers)).map(([value]) => value)
      expect(values).toEqual(Array.from({ length: 30 }, (_value, index) => index * 2))
    })

    it('fails with PEER_UNREACHABLE for a peer that is not connected', async () => {
      const nobody = 'QmaQQ1hTfDjQdm6nKfyY1uS7Rq8YqNgxkRNh8bRsKRV5WC'
      expect(await codeOf(client.network.requests.request(nobody, 'test/1', new Uint8Array(1), ask))).toBe(
        'PEER_UNREACHABLE',
      )
    })

    it('fails with PROTOCOL_UNSUPPORTED for a protocol that the peer does not serve', async () => {
      expect(await codeOf(request('unheard-of/1', new Uint8Array(1)))).toBe('PROTOCOL_UNSUPPORTED')
    })

    it('fails with TIMEOUT when no answer comes in time', async () => {
      const protocol = serve(() => new Promise<Uint8Array>(() => {}))
      expect(await codeOf(request(protocol, new Uint8Array(1), { timeoutMs: 50 }))).toBe('TIMEOUT')
    })

    it('fails with CANCELLED when the caller gives up', async () => {
      const asked = deferred<void>()
      const protocol = serve(() => {
        asked.resolve()
        return new Promise<Uint8Array>(() => {})
      })
      const giveUp = new AbortController()
      const answer = codeOf(request(protocol, new Uint8Array(1), { signal: giveUp.signal }))
      await asked.promise
      giveUp.abort()
      expect(await answer).toBe('CANCELLED')
    })

    it('refuses an oversized request before the handler sees it', async () => {
      let calls = 0
      const protocol = serve(
        (_peer, bytes) => {
          calls += 1
          return bytes
        },
        { maxRequestBytes: 1_000 },
      )
      expect(await codeOf(request(protocol, new Uint8Array(1_001)))).toBe('BAD_REQUEST')
      expect(await codeOf(request(protocol, new Uint8Array(2_000_000)))).toBe('BAD_REQUEST')
      expect(calls).toBe(0)
      expect((await request(protocol, new Uint8Array(1_000))).length).toBe(1_000)
    })

    it('refuses an oversized answer', async () => {
      const protocol = serve(() => new Uint8Array(2_000_000))
      expect(await codeOf(request(protocol, new Uint8Array(1), { maxResponseBytes: 1_999_999 }))).toBe(
        'LIMIT_EXCEEDED',
      )
      expect((await request(protocol, new Uint8Array(1), { maxResponseBytes: 2_000_000 })).length).toBe(
        2_000_000,
      )
    })

    it('tells of a handler that throws without telling why, and logs the cause', async () => {
      const protocol = serve(() => {
        throw new RangeError('a defect in the handler')
      })
      expect(await codeOf(request(protocol, new Uint8Array(1)))).toBe('PEER_FAILED')
      expect(server.logs.some(({ error }) => error === 'a defect in the handler')).toBe(true)
    })

    it('tells of a request that the handler could not read', async () => {
      const protocol = serve(() => {
        throw new NodeError('BAD_RLP', 'not RLP')
      })
      expect(await codeOf(request(protocol, new Uint8Array(1)))).toBe('BAD_REQUEST')
    })

    it('refuses what exceeds the rate', async () => {
      const protocol = serve((_peer, bytes) => bytes, { burst: 3, requestsPerSecond: 0.001 })
      for (let index = 0; index < 3; index++) await request(protocol, Uint8Array.of(index))
      expect(await codeOf(request(protocol, new Uint8Array(1)))).toBe('PEER_BUSY')
    })

    it('refuses more at a time than one peer may have, and serves again afterwards', async () => {
      const gate = deferred<void>()
      const entered: number[] = []
      const protocol = serve(
        async (_peer, bytes) => {
          entered.push(1)
          await gate.promise
          return bytes
        },
        { maxConcurrentPerPeer: 2 },
      )
      const first = [request(protocol, Uint8Array.of(1)), request(protocol, Uint8Array.of(2))]
      await eventually('two are under way', () => entered.length === 2)
      expect(await codeOf(request(protocol, Uint8Array.of(3)))).toBe('PEER_BUSY')
      gate.resolve()
      expect((await Promise.all(first)).length).toBe(2)
      expect(await request(protocol, Uint8Array.of(4))).toEqual(Uint8Array.of(4))
    })
  })
}
