import { limits } from '../config/limits.ts'
import { isNodeError, messageOf, NodeError } from '../errors/errors.ts'
import { concatBytes, EMPTY_BYTES } from '../primitives/bytes.ts'
import { raceSignal } from '../runtime/deadline.ts'
import type { Service } from '../runtime/lifecycle.ts'
import type { Logger } from '../runtime/logger.ts'
import { Slots } from '../runtime/slots.ts'
import { type Cid, cidOf } from './cid.ts'
import {
  CHUNK_REQUEST_BYTES,
  CHUNK_RESPONSE_BYTES,
  CONTENT_PROTOCOL,
  chunkLength,
  decodeChunkRequest,
  decodeChunkResponse,
  encodeChunkRequest,
  encodeChunkResponse,
} from './codec.ts'
import type { ContentStore } from './contentStore.ts'
import type { ContentPeers, ContentRequests } from './ports.ts'

export interface ContentExchangeModules {
  readonly store: ContentStore
  readonly requests: ContentRequests
  readonly peers: ContentPeers
  readonly logger: Logger
}

interface Fetching {
  readonly bytes: Promise<Uint8Array>
  readonly stop: AbortController
  waiting: number
}

/** What a peer sent is not what it must be: no honest peer sends it. */
class PeerLied extends Error {}

/** Gets objects from peers and gives them what the store holds, by protocol `content/1`. */
export class ContentExchange implements Service {
  readonly name = 'content'
  readonly #modules: ContentExchangeModules
  readonly #slots = new Slots({ atOnce: limits.contentFetches, queueLength: limits.contentFetchQueue })
  /** One fetch for all who wait for the same object. */
  readonly #fetching = new Map<Cid, Fetching>()
  #turn = 0
  #unhandle: (() => void) | undefined

  constructor(modules: ContentExchangeModules) {
    this.#modules = modules
  }

  async start(): Promise<void> {
    this.#unhandle = this.#modules.requests.handle(CONTENT_PROTOCOL, (_peer, bytes) => this.#serve(bytes), {
      maxRequestBytes: CHUNK_REQUEST_BYTES,
      maxConcurrentPerPeer: limits.contentServedPerPeer,
      maxConcurrent: limits.contentServedTotal,
      burst: limits.contentRequestsBurst,
      requestsPerSecond: limits.contentRequestsPerSecond,
    })
  }

  async stop(): Promise<void> {
    this.#unhandle?.()
    this.#unhandle = undefined
    const open = [...this.#fetching.values()]
    for (const fetching of open) fetching.stop.abort(new NodeError('CANCELLED', 'The exchange stops.'))
    await Promise.allSettled(open.map((fetching) => fetching.bytes))
  }

  /**
   * The object: from the store, else from peers in turn, and then kept while the quota lasts. Errors: NOT_FOUND when
   * no connected peer has it, BUSY, or the signal's reason.
   */
  async fetch(cid: Cid, signal?: AbortSignal): Promise<Uint8Array> {
    const own = await this.#modules.store.get(cid)
    if (own !== undefined) return own
    const fetching = this.#fetching.get(cid) ?? this.#begin(cid)
    fetching.waiting += 1
    try {
      return await (signal === undefined ? fetching.bytes : raceSignal(fetching.bytes, signal))
    } finally {
      fetching.waiting -= 1
      if (fetching.waiting === 0) {
        this.#forget(cid, fetching)
        fetching.stop.abort(new NodeError('CANCELLED', 'Nobody waits for it.'))
      }
    }
  }

  #begin(cid: Cid): Fetching {
    const stop = new AbortController()
    const bytes = this.#slots.run(() => this.#fromPeers(cid, stop.signal), stop.signal)
    const fetching = { bytes, stop, waiting: 0 }
    // those who wait hear of a failure; with nobody left it is nobody's
    bytes.catch(() => undefined).finally(() => this.#forget(cid, fetching))
    this.#fetching.set(cid, fetching)
    return fetching
  }

  #forget(cid: Cid, fetching: Fetching): void {
    if (this.#fetching.get(cid) === fetching) this.#fetching.delete(cid)
  }

  async #fromPeers(cid: Cid, signal: AbortSignal): Promise<Uint8Array> {
    const { peers, logger } = this.#modules
    for (const peer of this.#inTurn()) {
      signal.throwIfAborted()
      try {
        const bytes = await this.#fromPeer(peer, cid, signal)
        if (bytes === undefined) continue
        await this.#keep(cid, bytes)
        return bytes
      } catch (error) {
        signal.throwIfAborted()
        logger.debug({ cid, peer, error: messageOf(error) }, 'a peer did not give an object')
        if (isLie(error)) peers.report(peer, 'misbehaved', `content: ${messageOf(error)}`)
      }
    }
    throw new NodeError('NOT_FOUND', 'No connected peer has this content.', { cid })
  }

  /** Another peer is first each time, so that no one peer carries all. */
  #inTurn(): string[] {
    const ids = this.#modules.peers.list().map((peer) => peer.id)
    this.#turn += 1
    const first = ids.length === 0 ? 0 : this.#turn % ids.length
    return [...ids.slice(first), ...ids.slice(0, first)].slice(0, limits.contentFetchPeers)
  }

  async #fromPeer(peer: string, cid: Cid, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const chunks: Uint8Array[] = []
    let offset = 0
    let totalBytes: number | undefined
    do {
      const found = await this.#chunk(peer, { cid, offset }, signal)
      if (found === undefined) {
        // it may have dropped the object in between, which is its right
        return undefined
      }
      totalBytes ??= found.totalBytes
      if (found.totalBytes !== totalBytes || found.chunk.length !== chunkLength(totalBytes, offset)) {
        throw new PeerLied('the chunks do not fit together')
      }
      chunks.push(found.chunk)
      offset += found.chunk.length
    } while (offset < totalBytes)
    const bytes = concatBytes(...chunks)
    if (cidOf(bytes) !== cid) throw new PeerLied('the bytes do not match the CID')
    return bytes
  }

  async #chunk(peer: string, request: { cid: Cid; offset: number }, signal: AbortSignal) {
    const answer = await this.#modules.requests.request(peer, CONTENT_PROTOCOL, encodeChunkRequest(request), {
      timeoutMs: limits.contentChunkTimeoutMs,
      maxResponseBytes: CHUNK_RESPONSE_BYTES,
      signal,
    })
    return decodeChunkResponse(answer).found
  }

  async #keep(cid: Cid, bytes: Uint8Array): Promise<void> {
    try {
      await this.#modules.store.put(bytes)
    } catch (error) {
      // what was asked for is here all the same
      this.#modules.logger.warn({ cid, error: messageOf(error) }, 'a fetched object is not kept')
    }
  }

  async #serve(bytes: Uint8Array): Promise<Uint8Array> {
    const { store } = this.#modules
    const { cid, offset } = decodeChunkRequest(bytes)
    const totalBytes = store.sizeOf(cid)
    if (totalBytes === undefined) return encodeChunkResponse({ found: undefined })
    if (offset > totalBytes) throw new NodeError('BAD_REQUEST', 'The offset lies behind the end.')
    const length = chunkLength(totalBytes, offset)
    const chunk = (await store.read(cid, offset, length)) ?? EMPTY_BYTES
    if (chunk.length !== length) return encodeChunkResponse({ found: undefined })
    return encodeChunkResponse({ found: { totalBytes, chunk } })
  }
}

/** Malformed answers and wrong bytes; a peer that is busy, slow or gone told no lie. */
function isLie(error: unknown): boolean {
  return (
    error instanceof PeerLied ||
    isNodeError(error, 'BAD_RLP') ||
    isNodeError(error, 'BAD_ENCODING') ||
    isNodeError(error, 'LIMIT_EXCEEDED')
  )
}
