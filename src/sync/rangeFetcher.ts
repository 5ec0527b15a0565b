import { limits } from '../config/limits.ts'
import { isNodeError, NodeError } from '../errors/errors.ts'
import { type Clock, sleep } from '../runtime/clock.ts'
import {
  decodeRangeResponse,
  encodeRangeRequest,
  RANGE_RESPONSE_BYTES,
  type RangeRequest,
  SYNC_PROTOCOL,
} from './codec.ts'
import type { PeerPool } from './peerPool.ts'
import type { SyncPeer, SyncRequests } from './ports.ts'
import { type Decided, pairRange } from './range.ts'

/** Decided blocks in order, all from one peer, which answers for all of them. */
export interface FetchedRange {
  readonly peer: SyncPeer
  readonly decided: readonly Decided[]
}

interface Prefetch {
  readonly fromHeight: number
  readonly range: Promise<FetchedRange | undefined>
  readonly cancel: AbortController
}

/** Gets ranges from whoever has them; one range ahead of the one in work, so that disk and network overlap. */
export class RangeFetcher {
  readonly #pool: PeerPool
  readonly #requests: SyncRequests
  readonly #clock: Clock
  #ahead: Prefetch | undefined

  constructor(modules: { pool: PeerPool; requests: SyncRequests; clock: Clock }) {
    this.#pool = modules.pool
    this.#requests = modules.requests
    this.#clock = modules.clock
  }

  /** The range that begins at a height; undefined when nobody can be asked for it. Errors: CANCELLED. */
  async take(fromHeight: number, signal: AbortSignal): Promise<FetchedRange | undefined> {
    const ahead = this.#ahead
    this.#ahead = undefined
    if (ahead === undefined) return this.#fetch(fromHeight, signal)
    const cancel = () => ahead.cancel.abort()
    if (ahead.fromHeight !== fromHeight) {
      cancel()
      return this.#fetch(fromHeight, signal)
    }
    signal.addEventListener('abort', cancel, { once: true })
    const range = await ahead.range
    signal.removeEventListener('abort', cancel)
    return range ?? this.#fetch(fromHeight, signal)
  }

  /** Begins to get a range that `take` will be asked for. */
  prefetch(fromHeight: number): void {
    const cancel = new AbortController()
    const range = this.#fetch(fromHeight, cancel.signal).catch(() => undefined)
    this.#ahead = { fromHeight, range, cancel }
  }

  /** Drops what was prefetched. */
  cancel(): void {
    this.#ahead?.cancel.abort()
    this.#ahead = undefined
  }

  async #fetch(fromHeight: number, signal: AbortSignal): Promise<FetchedRange | undefined> {
    const request = { fromHeight, count: limits.syncRangeEnvelopes, maxBytes: limits.syncRangeBytes }
    for (;;) {
      const choice = this.#pool.pick(fromHeight)
      if (choice === undefined) return undefined
      await sleep(this.#clock, choice.waitMs, signal)
      if (signal.aborted) throw new NodeError('CANCELLED', 'Sync stopped.')
      const decided = await this.#ask(choice.peer, request, signal)
      if (decided !== undefined) return { peer: choice.peer, decided }
    }
  }

  async #ask(
    peer: SyncPeer,
    request: RangeRequest,
    signal: AbortSignal,
  ): Promise<readonly Decided[] | undefined> {
    let answer: Uint8Array
    try {
      answer = await this.#requests.request(peer.id, SYNC_PROTOCOL, encodeRangeRequest(request), {
        timeoutMs: limits.syncRequestTimeoutMs,
        maxResponseBytes: RANGE_RESPONSE_BYTES,
        signal,
      })
    } catch (error) {
      this.#requestFailed(peer, error)
      return undefined
    }
    try {
      const response = decodeRangeResponse(answer)
      if (response.envelopes.length === 0 && response.firstHeight > request.fromHeight) {
        this.#pool.beginsAt(peer, response.firstHeight)
        return undefined
      }
      if (response.envelopes.length === 0 && response.headHeight === request.fromHeight - 1) {
        this.#pool.failed(peer, 'its head is not as high as it said')
        return undefined
      }
      const decided = pairRange(request, response)
      this.#pool.succeeded(peer)
      return decided
    } catch (error) {
      if (!isNodeError(error)) throw error
      this.#pool.lied(peer, `a range that cannot be: ${error.message}`)
      return undefined
    }
  }

  #requestFailed(peer: SyncPeer, error: unknown): void {
    if (!isNodeError(error)) throw error
    switch (error.code) {
      case 'CANCELLED':
        throw error
      case 'PEER_BUSY':
        this.#pool.wasBusy(peer)
        return
      case 'LIMIT_EXCEEDED':
      case 'BAD_ENCODING':
        this.#pool.lied(peer, `an answer that is none: ${error.message}`)
        return
      default:
        this.#pool.failed(peer, `no range: ${error.code}`)
    }
  }
}
