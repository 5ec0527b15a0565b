import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { limits } from '../../../src/config/limits.ts'
import { cidOf } from '../../../src/content/cid.ts'
import {
  CHUNK_RESPONSE_BYTES,
  decodeChunkRequest,
  decodeChunkResponse,
  encodeChunkRequest,
  encodeChunkResponse,
} from '../../../src/content/codec.ts'
import { ContentExchange } from '../../../src/content/contentExchange.ts'
import { ContentStore } from '../../../src/content/contentStore.ts'
import type { ContentPeers, ContentRequests } from '../../../src/content/ports.ts'
import { NodeError } from '../../../src/errors/errors.ts'
import { encodeRlp, fromInt } from '../../../src/primitives/rlp.ts'
import { silentLogger } from '../../../src/runtime/logger.ts'

const text = (value: string) => new TextEncoder().encode(value)
const CHUNK = limits.contentChunkBytes
/** Two chunks and a bit, no two of them alike. */
const LARGE = Uint8Array.from({ length: 2 * CHUNK + 100 }, (_, index) => (index * 31 + (index >> 16)) & 0xff)

type Handler = (bytes: Uint8Array) => Promise<Uint8Array>

/** A network of handlers by name; every request is noted. */
class Switchboard {
  readonly handlers = new Map<string, Handler>()
  readonly reports: string[] = []
  readonly asked: string[] = []

  requestsOf(self: string): ContentRequests {
    return {
      handle: (_protocol, handler) => {
        this.handlers.set(self, (bytes) => handler('someone', bytes))
        return () => this.handlers.delete(self)
      },
      request: async (peer, _protocol, bytes, { signal }) => {
        this.asked.push(peer)
        signal?.throwIfAborted()
        const handler = this.handlers.get(peer)
        if (handler === undefined) throw new NodeError('PEER_UNREACHABLE', 'gone')
        return await handler(bytes)
      },
    }
  }

  peersOf(...ids: string[]): ContentPeers {
    return {
      list: () => ids.map((id) => ({ id })),
      report: (peer, offence) => this.reports.push(`${peer} ${offence}`),
    }
  }
}

let folder: string
let board: Switchboard
const running: ContentExchange[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'openledger-exchange-'))
  board = new Switchboard()
})
afterEach(async () => {
  for (const exchange of running.splice(0)) await exchange.stop()
  await rm(folder, { recursive: true, force: true })
})

async function node(name: string, peers: string[], quotaBytes = 10 * CHUNK) {
  const store = await ContentStore.open({ folder: join(folder, name), quotaBytes }, { logger: silentLogger })
  const exchange = new ContentExchange({
    store,
    requests: board.requestsOf(name),
    peers: board.peersOf(...peers),
    logger: silentLogger,
  })
  await exchange.start()
  running.push(exchange)
  return { store, exchange }
}

/** A peer that answers every request for `bytes` as `spoil` says. */
function liar(name: string, answer: (offset: number) => Uint8Array): void {
  board.handlers.set(name, async (bytes) => answer(decodeChunkRequest(bytes).offset))
}

const chunkOf = (bytes: Uint8Array, offset: number, totalBytes = bytes.length) =>
  encodeChunkResponse({ found: { totalBytes, chunk: bytes.subarray(offset, offset + CHUNK) } })

describe('ContentExchange', () => {
  it('fetches an object of several chunks from a peer, and keeps it', async () => {
    const a = await node('a', [])
    const b = await node('b', ['a'])
    const cid = await a.store.put(LARGE)
    const fetched = await b.exchange.fetch(cid)
    expect(Buffer.compare(fetched, LARGE)).toBe(0)
    expect(board.asked).toEqual(['a', 'a', 'a'])
    expect(b.store.has(cid)).toBe(true)
    await b.exchange.fetch(cid)
    expect(board.asked).toHaveLength(3)
  })

  it.each([0, 1, CHUNK - 1, CHUNK, CHUNK + 1])('fetches an object of %i bytes', async (length) => {
    const a = await node('a', [])
    const b = await node('b', ['a'])
    const cid = await a.store.put(LARGE.subarray(0, length))
    expect(await b.exchange.fetch(cid)).toHaveLength(length)
  })

  it('gives back what was fetched when the quota does not hold it', async () => {
    const a = await node('a', [])
    const b = await node('b', ['a'], 10)
    const cid = await a.store.put(text('more than ten bytes'))
    expect(Buffer.from(await b.exchange.fetch(cid)).toString()).toBe('more than ten bytes')
    expect(b.store.has(cid)).toBe(false)
  })

  it('asks the next peer when one has it not, is gone, or fails', async () => {
    await node('empty', [])
    liar('failing', () => {
      throw new NodeError('PEER_FAILED', 'its disk')
    })
    const a = await node('a', [])
    const b = await node('b', ['empty', 'gone', 'failing', 'a'])
    const cid = await a.store.put(text('object'))
    expect(await b.exchange.fetch(cid)).toHaveLength(6)
    expect(board.reports).toEqual([])
  })

  it.each<[string, (offset: number) => Uint8Array]>([
    [
      'other bytes',
      (offset) =>
        chunkOf(
          Uint8Array.from(LARGE, (byte) => byte ^ 1),
          offset,
        ),
    ],
    ['a total that changes', (offset) => chunkOf(LARGE, offset, LARGE.length + offset)],
    [
      'short chunks',
      (offset) =>
        encodeChunkResponse({
          found: { totalBytes: LARGE.length, chunk: LARGE.subarray(offset, offset + 1) },
        }),
    ],
    [
      'empty chunks',
      () => encodeChunkResponse({ found: { totalBytes: LARGE.length, chunk: new Uint8Array() } }),
    ],
    [
      'a total above the largest object',
      () => encodeRlp([fromInt(1), fromInt(limits.contentObjectBytes + 1), new Uint8Array()]),
    ],
    ['no message', () => text('nonsense')],
  ])('reports a peer that sends %s, and gets the object elsewhere', async (_name, answer) => {
    liar('liar', answer)
    const a = await node('a', [])
    const cid = await a.store.put(LARGE)
    const b = await node('b', ['liar', 'a'])
    // whoever is first in turn: the liar is asked in one of two fetches
    for (let n = 0; n < 2; n++) {
      expect(Buffer.compare(await b.exchange.fetch(cid), LARGE)).toBe(0)
      await b.store.delete(cid)
    }
    expect(board.reports).toEqual(['liar misbehaved'])
  })

  it('says NOT_FOUND when nobody has it', async () => {
    await node('a', [])
    const b = await node('b', ['a'])
    await expect(b.exchange.fetch(cidOf(text('lost')))).rejects.toMatchObject({ code: 'NOT_FOUND' })
    const alone = await node('alone', [])
    await expect(alone.exchange.fetch(cidOf(text('lost')))).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it('fetches once for all who wait, and stops when none of them does', async () => {
    let release: () => void = () => undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const a = await node('a', [])
    const cid = await a.store.put(text('object'))
    const honest = board.handlers.get('a')!
    board.handlers.set('a', async (bytes) => {
      await held
      return honest(bytes)
    })
    const b = await node('b', ['a'])
    const [first, second] = [new AbortController(), new AbortController()]
    const fetches = [b.exchange.fetch(cid, first.signal), b.exchange.fetch(cid, second.signal)]
    first.abort(new NodeError('CANCELLED', 'enough'))
    await expect(fetches[0]).rejects.toMatchObject({ code: 'CANCELLED' })
    release()
    expect(await fetches[1]).toHaveLength(6)
    expect(board.asked).toEqual(['a'])
  })

  it('starts anew for one who comes after everybody else has left', async () => {
    const a = await node('a', [])
    const cid = await a.store.put(text('object'))
    const honest = board.handlers.get('a')!
    let calls = 0
    board.handlers.set('a', (bytes) => {
      calls += 1
      // the first request is never answered
      return calls === 1 ? new Promise(() => undefined) : honest(bytes)
    })
    const b = await node('b', ['a'])
    const gone = new AbortController()
    const first = b.exchange.fetch(cid, gone.signal)
    while (calls === 0) await Promise.resolve().then(() => new Promise(setImmediate))
    gone.abort(new NodeError('CANCELLED', 'enough'))
    await expect(first).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(await b.exchange.fetch(cid)).toHaveLength(6)
    // let the lost request end, or stopping would wait for it
    running.splice(running.indexOf(b.exchange), 1)
  })

  it('serves nothing that is malformed or out of range', async () => {
    const a = await node('a', [])
    const cid = await a.store.put(text('object'))
    const serve = board.handlers.get('a')!
    await expect(serve(encodeChunkRequest({ cid, offset: 7 }))).rejects.toMatchObject({ code: 'BAD_REQUEST' })
    await expect(serve(text('nonsense'))).rejects.toMatchObject({ code: 'BAD_RLP' })
    await expect(serve(encodeRlp([fromInt(1), new Uint8Array(36), fromInt(0)]))).rejects.toMatchObject({
      code: 'BAD_REQUEST',
    })
    await expect(serve(new Uint8Array(200))).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
    expect(
      decodeChunkResponse(await serve(encodeChunkRequest({ cid: cidOf(text('x')), offset: 0 }))),
    ).toEqual({
      found: undefined,
    })
  })

  it('takes one form of an answer only', () => {
    const parts = [fromInt(1), fromInt(3), text('abc')]
    expect(decodeChunkResponse(encodeRlp(parts)).found?.totalBytes).toBe(3)
    for (const other of [parts.slice(0, 2), [...parts, text('more')], []]) {
      expect(() => decodeChunkResponse(encodeRlp(other))).toThrow(
        expect.objectContaining({ code: 'BAD_RLP' }),
      )
    }
  })

  it('never sends more than the bound of an answer', async () => {
    const a = await node('a', [])
    const cid = await a.store.put(LARGE)
    const answer = await board.handlers.get('a')!(encodeChunkRequest({ cid, offset: 0 }))
    expect(answer.length).toBeLessThanOrEqual(CHUNK_RESPONSE_BYTES)
    expect(decodeChunkResponse(answer).found?.chunk).toHaveLength(CHUNK)
  })
})
