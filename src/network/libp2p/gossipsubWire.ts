import {
  GossipSub,
  type GossipSubComponents,
  type GossipsubEvents,
  type GossipsubOpts,
} from '@chainsafe/libp2p-gossipsub'
import { type Message, type Stream, TopicValidatorResult } from '@libp2p/interface'
import { limits } from '../../config/limits.ts'
import { messageOf, NodeError } from '../../errors/errors.ts'
import { type Cancel, type Clock, sleep } from '../../runtime/clock.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { PeerId, Verdict } from '../ports.ts'
import { TokenBucket } from '../quota.ts'
import type { TopicTable } from '../topics.ts'
import type { GossipEvents, GossipWire } from '../transport.ts'
import { pieces } from './channel.ts'
import { FrameBudget } from './frameBudget.ts'
import { guardFrames } from './gossipGuard.ts'
import { gossipsubOptions } from './gossipsubOptions.ts'

const RESULTS: Readonly<Record<Verdict, TopicValidatorResult>> = {
  accept: TopicValidatorResult.Accept,
  ignore: TopicValidatorResult.Ignore,
  reject: TopicValidatorResult.Reject,
}

export interface GossipsubWireModules {
  readonly clock: Clock
  readonly logger: Logger
  /** Closes all connections to a peer. */
  readonly disconnect: (peer: PeerId) => void
}

export interface GossipsubWireOptions {
  readonly topics: TopicTable
  readonly direct: GossipsubOpts['directPeers']
}

/** What version 14.1.2 does not show of itself; each use copes with it being gone. */
interface GossipsubInternals {
  readonly status?: { readonly heartbeatTimeout?: NodeJS.Timeout }
  readonly idontwants?: ReadonlyMap<PeerId, ReadonlyMap<string, number>>
  readonly mcache?: { observeDuplicate(msgId: string, peer: PeerId): void }
}

/** Gossip over gossipsub, with validation before forwarding and a guard before its decoder. */
export class GossipsubWire implements GossipWire {
  readonly #options: GossipsubWireOptions
  readonly #modules: GossipsubWireModules
  /** The newest inbound stream of each peer; when it ends the peer can no longer reach us. */
  readonly #streams = new Map<PeerId, Stream>()
  readonly #buffered = new FrameBudget<Stream>(limits.gossipBufferedBytes)
  readonly #stopping = new AbortController()
  #gossipsub: GossipSub | undefined
  #events: GossipEvents | undefined

  constructor(options: GossipsubWireOptions, modules: GossipsubWireModules) {
    this.#options = options
    this.#modules = modules
  }

  /** The libp2p service; libp2p calls it once, when it is created. */
  readonly service = (components: GossipSubComponents): GossipSub => {
    const { topics, direct } = this.#options
    const { privateKey, peerId, peerStore, connectionManager, logger } = components
    const registrar = this.#guarded(components.registrar)
    this.#gossipsub = new GossipSub(
      { privateKey, peerId, peerStore, connectionManager, logger, registrar },
      gossipsubOptions(topics, direct),
    )
    return this.#gossipsub
  }

  async start(events: GossipEvents): Promise<void> {
    this.#events = events
    this.#gossipsub?.addEventListener('gossipsub:message', this.#onMessage)
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#gossipsub?.removeEventListener('gossipsub:message', this.#onMessage)
    this.#stopHeartbeat()
    this.#events = undefined
  }

  async publish(topicId: string, bytes: Uint8Array): Promise<void> {
    await this.#gossipsub?.publish(topicId, bytes)
  }

  subscribe(topicId: string): void {
    this.#gossipsub?.subscribe(topicId)
  }

  unsubscribe(topicId: string): void {
    this.#gossipsub?.unsubscribe(topicId)
  }

  /** Memory of frames of which only a part is here. */
  get bufferedBytes(): number {
    return this.#buffered.totalBytes
  }

  scoreOf(peer: PeerId): number {
    return this.#gossipsub?.score.score(peer) ?? 0
  }

  neighbours(topicId: string): readonly PeerId[] {
    if (this.#gossipsub === undefined) return []
    const { direct } = this.#gossipsub
    const directSubscribers = this.#gossipsub
      .getSubscribers(topicId)
      .map(String)
      .filter((id) => direct.has(id))
    return [...this.#gossipsub.getMeshPeers(topicId), ...directSubscribers]
  }

  readonly #onMessage = (event: GossipsubEvents['gossipsub:message']) => {
    const { propagationSource, msgId, msg } = event.detail
    const from = propagationSource.toString()
    this.#judge(msg, from)
      .then((verdict) => {
        if (verdict === 'accept') this.#spareThoseWhoHaveIt(msgId)
        this.#gossipsub?.reportMessageValidationResult(msgId, from, RESULTS[verdict])
      })
      .catch((error: unknown) => {
        this.#modules.logger.error({ error: messageOf(error) }, 'a gossip message was not judged')
      })
  }

  /** gossipsub keeps the IDONTWANTs it gets and forwards regardless; peers noted here are left out. */
  #spareThoseWhoHaveIt(msgId: string): void {
    const internals = this.#internals()
    for (const [peer, ids] of internals?.idontwants ?? []) {
      if (ids.has(msgId)) internals?.mcache?.observeDuplicate(msgId, peer)
    }
  }

  /** gossipsub's own stop leaves its next heartbeat scheduled, which keeps the process for up to a second. */
  #stopHeartbeat(): void {
    clearTimeout(this.#internals()?.status?.heartbeatTimeout)
  }

  #internals(): GossipsubInternals | undefined {
    return this.#gossipsub as unknown as GossipsubInternals | undefined
  }

  async #judge(message: Message, from: PeerId): Promise<Verdict> {
    return (await this.#events?.validate(message.topic, message.data, from)) ?? 'ignore'
  }

  /** The registrar, but with streams that pass the guard. */
  #guarded(registrar: GossipSubComponents['registrar']): GossipSubComponents['registrar'] {
    return {
      getProtocols: () => registrar.getProtocols(),
      handle: (protocol, handler, options) =>
        registrar.handle(
          protocol,
          ({ stream, connection }) =>
            handler({ connection, stream: this.#guard(stream, connection.remotePeer.toString()) }),
          options,
        ),
      unhandle: (protocol, options) => registrar.unhandle(protocol, options),
      getHandler: (protocol) => registrar.getHandler(protocol),
      register: (protocol, topology, options) => registrar.register(protocol, topology, options),
      unregister: (id) => registrar.unregister(id),
      getTopologies: (protocol) => registrar.getTopologies(protocol),
    }
  }

  #guard(stream: Stream, peer: PeerId): Stream {
    this.#streams.set(peer, stream)
    // gossipsub pipes the source into a decoder that takes plain bytes as well as lists of them
    const source = this.#frames(stream, peer) as unknown as Stream['source']
    return {
      source,
      sink: (from) => stream.sink(from),
      close: (options) => stream.close(options),
      closeRead: (options) => stream.closeRead(options),
      closeWrite: (options) => stream.closeWrite(options),
      abort: (error) => stream.abort(error),
      id: stream.id,
      direction: stream.direction,
      timeline: stream.timeline,
      ...(stream.protocol === undefined ? {} : { protocol: stream.protocol }),
      metadata: stream.metadata,
      status: stream.status,
      readStatus: stream.readStatus,
      writeStatus: stream.writeStatus,
      log: stream.log,
    }
  }

  async *#frames(stream: Stream, peer: PeerId): AsyncGenerator<Uint8Array> {
    const pace = this.#pace(peer)
    let cancelFrame: Cancel | undefined
    const waiting = (heldBytes: number) => {
      if (heldBytes === 0) {
        cancelFrame?.()
        cancelFrame = undefined
      } else {
        cancelFrame ??= this.#modules.clock.after(limits.gossipFrameMs, () => {
          stream.abort(new NodeError('TIMEOUT', 'A gossip frame did not end in time.'))
        })
      }
      const largest = this.#buffered.set(stream, heldBytes)
      // too much of all peers together is nobody's fault; the connection may come again
      largest?.abort(new Error('unfinished gossip frames of all peers take too much memory'))
    }
    const beforeFrame = async (messages: number) => {
      waiting(0)
      await this.#events?.whenReady(peer)
      await pace(messages)
    }
    try {
      yield* guardFrames(pieces(stream), { beforeFrame, waiting })
    } catch (error) {
      if (error instanceof NodeError) this.#events?.violated(peer, error.message)
      throw error
    } finally {
      // gossipsub does not notice that a stream died while the connection lives; a new connection repairs it
      if (this.#streams.get(peer) === stream) {
        this.#streams.delete(peer)
        this.#modules.disconnect(peer)
      }
    }
  }

  /**
   * Lets so many messages of a peer through a second. Time spent waiting adds up and is forgotten at the same rate: a
   * peer that always has more waiting floods. Errors: LIMIT_EXCEEDED.
   */
  #pace(peer: PeerId): (messages: number) => Promise<void> {
    const { clock } = this.#modules
    const bucket = new TokenBucket(
      { burst: limits.gossipMessagesBurst, perSecond: limits.gossipMessagesPerSecond },
      clock,
    )
    let waitedMs = 0
    let lastMs = clock.nowMs()
    return async (messages) => {
      const count = Math.max(1, messages)
      const fromMs = clock.nowMs()
      waitedMs = Math.max(0, waitedMs - Math.max(0, fromMs - lastMs))
      while (!bucket.take(count) && !this.#stopping.signal.aborted) {
        if (waitedMs + clock.nowMs() - fromMs > limits.gossipFloodMs) {
          throw new NodeError('LIMIT_EXCEEDED', 'The peer floods this node with gossip.', { peer })
        }
        await sleep(clock, bucket.waitMs(count), this.#stopping.signal)
      }
      lastMs = clock.nowMs()
      waitedMs += Math.max(0, lastMs - fromMs)
    }
  }
}
