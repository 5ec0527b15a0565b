import { setMaxListeners } from 'node:events'
import { limits } from '../config/limits.ts'
import { type ErrorCode, invariant, isNodeError, messageOf, NodeError } from '../errors/errors.ts'
import type { Clock } from '../runtime/clock.ts'
import { deadline, raceSignal } from '../runtime/deadline.ts'
import type { Logger } from '../runtime/logger.ts'
import {
  ByteMeter,
  decodeReply,
  encodeFrame,
  encodeReply,
  REPLY_OVERHEAD_BYTES,
  type ReplyStatus,
  readFrame,
} from './frame.ts'
import type {
  NetworkMetrics,
  PeerId,
  RequestHandler,
  RequestOptions,
  RequestPort,
  ServeOptions,
  Unsubscribe,
} from './ports.ts'
import { BoundedMap, TokenBucket } from './quota.ts'
import type { Channel, Transport } from './transport.ts'

interface Served {
  readonly protocol: string
  readonly handler: RequestHandler
  readonly options: ServeOptions
  readonly buckets: BoundedMap<PeerId, TokenBucket>
  readonly activeByPeer: Map<PeerId, number>
  active: number
}

export interface RequestModules {
  readonly transport: Transport
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: NetworkMetrics
  /** Whether this peer may be served `protocol`: it passed the handshake, or this is the handshake. */
  readonly maySpeak: (peer: PeerId, protocol: string) => boolean
  readonly blame: (peer: PeerId, offence: 'badRequest' | 'overQuota', reason: string) => void
}

/** Errors of a handler that are the requester's fault. */
const REQUESTERS_FAULT: readonly ErrorCode[] = ['BAD_RLP', 'BAD_ENCODING', 'BAD_REQUEST', 'LIMIT_EXCEEDED']

/** One request and one answer on a stream of its own, bounded in size, time, number and rate. */
export class RequestService implements RequestPort {
  readonly #wireName: (protocol: string) => string
  readonly #modules: RequestModules
  readonly #served = new Map<string, Served>()
  readonly #openByPeer = new Map<PeerId, number>()
  readonly #stopping = new AbortController()
  readonly #reading = new ByteMeter()

  constructor(options: { wireName: (protocol: string) => string }, modules: RequestModules) {
    this.#wireName = options.wireName
    this.#modules = modules
    // every open exchange listens; their number is bounded elsewhere
    setMaxListeners(0, this.#stopping.signal)
  }

  /** Requests being served, and the memory of frames that are being read, in both directions. */
  get load(): { readonly serving: number; readonly readingBytes: number } {
    let serving = 0
    for (const { active } of this.#served.values()) serving += active
    return { serving, readingBytes: this.#reading.bytes }
  }

  /** Fails what is open; later requests fail with CANCELLED. */
  stop(): void {
    this.#stopping.abort()
  }

  async request(
    peer: PeerId,
    protocol: string,
    bytes: Uint8Array,
    options: RequestOptions,
  ): Promise<Uint8Array> {
    const { metrics } = this.#modules
    metrics.count('requests_sent', { protocol })
    const open = this.#openByPeer.get(peer) ?? 0
    if (open >= limits.requestsOpenPerPeer) {
      throw new NodeError('PEER_BUSY', `${open} requests to this peer are open already.`, { peer, protocol })
    }
    this.#openByPeer.set(peer, open + 1)
    try {
      return await this.#exchange(peer, protocol, bytes, options)
    } catch (error) {
      const failure = asPeerError(error, peer, protocol)
      metrics.count('requests_failed', { protocol, code: failure.code })
      throw failure
    } finally {
      const left = (this.#openByPeer.get(peer) ?? 1) - 1
      if (left === 0) this.#openByPeer.delete(peer)
      else this.#openByPeer.set(peer, left)
    }
  }

  handle(protocol: string, handler: RequestHandler, options: ServeOptions): Unsubscribe {
    const wireName = this.#wireName(protocol)
    invariant(!this.#served.has(wireName), `Protocol ${protocol} is handled once.`)
    invariant(this.#served.size < limits.requestProtocols, 'Too many protocols are handled.')
    const served: Served = {
      protocol,
      handler,
      options,
      buckets: new BoundedMap(limits.scoredPeers),
      activeByPeer: new Map(),
      active: 0,
    }
    this.#served.set(wireName, served)
    const streams = options.maxConcurrentPerPeer + limits.refusalStreamsPerPeer
    this.#modules.transport.handle(wireName, streams, (peer, channel) => {
      this.#serve(served, peer, channel).catch((error: unknown) => {
        channel.abort(error instanceof Error ? error : new NodeError('INTERNAL', messageOf(error)))
        this.#modules.logger.debug({ protocol, peer, error: messageOf(error) }, 'a request was not answered')
      })
    })
    return () => {
      this.#served.delete(wireName)
      this.#modules.transport.unhandle(wireName)
    }
  }

  async #exchange(
    peer: PeerId,
    protocol: string,
    bytes: Uint8Array,
    options: RequestOptions,
  ): Promise<Uint8Array> {
    if (bytes.length > limits.requestFrameBytes)
      throw new NodeError('LIMIT_EXCEEDED', 'The request is too large.')
    const limit = deadline(this.#modules.clock, options.timeoutMs, this.#stopping.signal, options.signal)
    let channel: Channel | undefined
    try {
      limit.signal.throwIfAborted()
      channel = await this.#open(peer, this.#wireName(protocol), limit.signal)
      const answer = readFrame(channel.source, options.maxResponseBytes + REPLY_OVERHEAD_BYTES, this.#reading)
      const sent = channel.send(encodeFrame(bytes))
      // the answer may come, or the stream break, before all is sent
      sent.catch(() => {})
      const { status, body } = decodeReply(await raceSignal(answer, limit.signal))
      channel.done()
      if (status !== 'ok') throw replyError(status, peer, protocol)
      return body
    } catch (error) {
      channel?.abort(error instanceof Error ? error : new NodeError('INTERNAL', messageOf(error)))
      throw error
    } finally {
      limit.cancel()
    }
  }

  async #open(peer: PeerId, wireName: string, signal: AbortSignal): Promise<Channel> {
    const opening = this.#modules.transport.open(peer, wireName, signal)
    try {
      return await raceSignal(opening, signal)
    } catch (error) {
      // a stream that opens after all would stay open
      opening.then((late) => late.abort(new NodeError('CANCELLED', 'No longer wanted.'))).catch(() => {})
      throw error
    }
  }

  async #serve(served: Served, peer: PeerId, channel: Channel): Promise<void> {
    const { clock, metrics, blame } = this.#modules
    const { protocol } = served
    const limit = deadline(clock, limits.requestServeMs, this.#stopping.signal)
    const abort = () => channel.abort(limit.signal.reason as Error)
    limit.signal.addEventListener('abort', abort, { once: true })
    try {
      const refusal = this.#refusal(served, peer)
      if (refusal === undefined) {
        await this.#serveAdmitted(served, peer, channel, limit.signal)
        return
      }
      metrics.count('requests_refused', { protocol })
      if (refusal === 'quota') blame(peer, 'overQuota', `${protocol} requests beyond the quota`)
      await channel.send(encodeReply('busy'))
      // read on, because closing the stream now could overtake the reply
      await this.#read(served, peer, channel, limit.signal)
      channel.done()
    } finally {
      limit.signal.removeEventListener('abort', abort)
      limit.cancel()
    }
  }

  async #serveAdmitted(served: Served, peer: PeerId, channel: Channel, signal: AbortSignal): Promise<void> {
    served.active += 1
    served.activeByPeer.set(peer, (served.activeByPeer.get(peer) ?? 0) + 1)
    try {
      const request = await this.#read(served, peer, channel, signal)
      await channel.send(await raceSignal(this.#answer(served, peer, request), signal))
      channel.done()
    } catch (error) {
      if (isNodeError(error, 'LIMIT_EXCEEDED') || isNodeError(error, 'BAD_ENCODING')) {
        this.#modules.blame(peer, 'badRequest', `${served.protocol} request: ${error.code}`)
        await channel.send(encodeReply('refused'))
      }
      throw error
    } finally {
      leave(served, peer)
    }
  }

  /** The request; it has less time than the answer, because a peer sends it at once. Errors: TIMEOUT. */
  async #read(
    { options, protocol }: Served,
    peer: PeerId,
    channel: Channel,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const { clock, blame } = this.#modules
    const limit = deadline(clock, limits.requestReadMs, signal)
    try {
      const frame = readFrame(channel.source, options.maxRequestBytes, this.#reading)
      return await raceSignal(frame, limit.signal)
    } catch (error) {
      if (isNodeError(error, 'TIMEOUT')) blame(peer, 'badRequest', `a ${protocol} request that never came`)
      throw error
    } finally {
      limit.cancel()
    }
  }

  #refusal(served: Served, peer: PeerId): 'stranger' | 'quota' | 'full' | undefined {
    const { options, buckets, activeByPeer, active } = served
    if (!this.#modules.maySpeak(peer, served.protocol)) return 'stranger'
    const bucket =
      buckets.get(peer) ??
      new TokenBucket({ burst: options.burst, perSecond: options.requestsPerSecond }, this.#modules.clock)
    buckets.set(peer, bucket)
    if (!bucket.take() || (activeByPeer.get(peer) ?? 0) >= options.maxConcurrentPerPeer) return 'quota'
    return active >= options.maxConcurrent ? 'full' : undefined
  }

  async #answer(served: Served, peer: PeerId, request: Uint8Array): Promise<Uint8Array> {
    const { logger, metrics, blame } = this.#modules
    const { protocol, handler } = served
    try {
      const body = await handler(peer, request)
      invariant(body.length <= limits.requestFrameBytes, `An answer of ${protocol} is too large.`)
      metrics.count('requests_served', { protocol })
      return encodeReply('ok', body)
    } catch (error) {
      if (error instanceof NodeError && REQUESTERS_FAULT.includes(error.code)) {
        metrics.count('requests_refused', { protocol })
        blame(peer, 'badRequest', `malformed ${protocol} request: ${error.code}`)
        return encodeReply('refused')
      }
      logger.error({ protocol, peer, error: messageOf(error) }, 'a request handler threw')
      return encodeReply('failed')
    }
  }
}

function leave(served: Served, peer: PeerId): void {
  served.active -= 1
  const left = (served.activeByPeer.get(peer) ?? 1) - 1
  if (left === 0) served.activeByPeer.delete(peer)
  else served.activeByPeer.set(peer, left)
}

function replyError(status: Exclude<ReplyStatus, 'ok'>, peer: PeerId, protocol: string): NodeError {
  const details = { peer, protocol }
  switch (status) {
    case 'busy':
      return new NodeError('PEER_BUSY', 'The peer takes no more requests for now.', details)
    case 'refused':
      return new NodeError('BAD_REQUEST', 'The peer could not read the request.', details)
    case 'failed':
      return new NodeError('PEER_FAILED', 'The peer could not answer.', details)
  }
}

/** Whatever else breaks an exchange means that the peer is gone. */
function asPeerError(error: unknown, peer: PeerId, protocol: string): NodeError {
  if (error instanceof NodeError) return error
  return new NodeError(
    'PEER_UNREACHABLE',
    `The exchange broke: ${messageOf(error)}`,
    { peer, protocol },
    error,
  )
}
