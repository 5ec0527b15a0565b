import { limits } from '../config/limits.ts'
import { invariant, messageOf, NodeError } from '../errors/errors.ts'
import type { Clock } from '../runtime/clock.ts'
import { deadline, raceSignal } from '../runtime/deadline.ts'
import type { Logger } from '../runtime/logger.ts'
import type {
  GossipHandler,
  GossipPort,
  GossipValidator,
  NetworkMetrics,
  PeerId,
  Unsubscribe,
  Verdict,
} from './ports.ts'
import type { Topic, TopicName, TopicTable } from './topics.ts'
import type { GossipEvents, GossipWire } from './transport.ts'

interface Subscription {
  readonly topic: Topic
  readonly validator: GossipValidator
  readonly handler: GossipHandler | undefined
}

/** Messages of one peer under validation, and the reader that waits for them to become fewer. */
interface Pending {
  messages: number
  bytes: number
  waiting: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined
}

export interface GossipModules {
  readonly wire: GossipWire
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: NetworkMetrics
  /** Called for each rejected message and for each breach of the gossip protocol. */
  readonly blame: (peer: PeerId, offence: 'badGossip' | 'misbehaved', reason: string) => void
}

/** Topics, their size limits and validators, over a wire that spreads messages. */
export class GossipService implements GossipPort, GossipEvents {
  readonly #topics: TopicTable
  readonly #modules: GossipModules
  readonly #subscriptions = new Map<string, Subscription>()
  readonly #pending = new Map<PeerId, Pending>()
  #started = false

  constructor(options: { topics: TopicTable }, modules: GossipModules) {
    this.#topics = options.topics
    this.#modules = modules
  }

  async start(): Promise<void> {
    await this.#modules.wire.start(this)
    this.#started = true
    for (const id of this.#subscriptions.keys()) this.#modules.wire.subscribe(id)
  }

  async stop(): Promise<void> {
    this.#started = false
    await this.#modules.wire.stop()
    for (const pending of this.#pending.values()) pending.waiting?.resolve()
    this.#pending.clear()
  }

  /** Messages under validation, of all peers, and memory of what is not whole yet. */
  get load(): { readonly judging: number; readonly judgingBytes: number; readonly bufferedBytes: number } {
    let judging = 0
    let judgingBytes = 0
    for (const { messages, bytes } of this.#pending.values()) {
      judging += messages
      judgingBytes += bytes
    }
    return { judging, judgingBytes, bufferedBytes: this.#modules.wire.bufferedBytes }
  }

  async publish(name: TopicName, bytes: Uint8Array): Promise<void> {
    const topic = this.#topics[name]
    if (bytes.length > topic.maxBytes) {
      throw new NodeError('LIMIT_EXCEEDED', `A ${name} message has ${topic.maxBytes} bytes at most.`, {
        bytes: bytes.length,
      })
    }
    if (!this.#started) return
    this.#modules.metrics.count('gossip_published', { topic: name })
    await this.#modules.wire.publish(topic.id, bytes)
  }

  subscribe(name: TopicName, validator: GossipValidator, handler?: GossipHandler): Unsubscribe {
    const topic = this.#topics[name]
    invariant(!this.#subscriptions.has(topic.id), `Topic ${name} is subscribed once.`)
    this.#subscriptions.set(topic.id, { topic, validator, handler })
    if (this.#started) this.#modules.wire.subscribe(topic.id)
    return () => {
      if (!this.#subscriptions.delete(topic.id)) return
      if (this.#started) this.#modules.wire.unsubscribe(topic.id)
    }
  }

  async validate(topicId: string, bytes: Uint8Array, from: PeerId): Promise<Verdict> {
    const subscription = this.#subscriptions.get(topicId)
    if (subscription === undefined) return 'ignore'
    const { topic, handler } = subscription
    const pending = this.#enter(from, bytes.length)
    let verdict: Verdict
    try {
      verdict = await this.#judge(subscription, bytes, from)
    } finally {
      this.#leave(from, pending, bytes.length)
    }
    this.#modules.metrics.count('gossip_received', { topic: topic.name, verdict })
    if (verdict === 'reject') this.#modules.blame(from, 'badGossip', `rejected ${topic.name} message`)
    if (verdict === 'accept') this.#deliver(handler, bytes, from, topic.name)
    return verdict
  }

  whenReady(from: PeerId): Promise<void> | undefined {
    const pending = this.#pending.get(from)
    if (pending === undefined || hasRoom(pending)) return undefined
    if (pending.waiting === undefined) {
      let resolve = () => {}
      const promise = new Promise<void>((settle) => {
        resolve = settle
      })
      pending.waiting = { promise, resolve }
    }
    return pending.waiting.promise
  }

  violated(from: PeerId, reason: string): void {
    this.#modules.metrics.count('gossip_frames_refused')
    this.#modules.blame(from, 'misbehaved', reason)
  }

  async #judge({ topic, validator }: Subscription, bytes: Uint8Array, from: PeerId): Promise<Verdict> {
    const { clock, logger, metrics } = this.#modules
    if (bytes.length > topic.maxBytes) return 'reject'
    try {
      const verdict = validator(bytes, from)
      if (typeof verdict === 'string') return verdict
      const limit = deadline(clock, limits.gossipValidationMs)
      try {
        return await raceSignal(verdict, limit.signal)
      } catch (error) {
        if (error !== limit.signal.reason) throw error
        metrics.count('gossip_validation_timeouts', { topic: topic.name })
        logger.warn({ topic: topic.name, peer: from }, 'a gossip message took too long to validate')
        return 'ignore'
      } finally {
        limit.cancel()
      }
    } catch (error) {
      logger.warn({ topic: topic.name, peer: from, error: messageOf(error) }, 'a gossip validator threw')
      return 'reject'
    }
  }

  #deliver(handler: GossipHandler | undefined, bytes: Uint8Array, from: PeerId, topic: TopicName): void {
    try {
      handler?.(bytes, from)
    } catch (error) {
      this.#modules.logger.error({ topic, error: messageOf(error) }, 'a gossip handler threw')
    }
  }

  #enter(from: PeerId, bytes: number): Pending {
    const pending = this.#pending.get(from) ?? { messages: 0, bytes: 0, waiting: undefined }
    this.#pending.set(from, pending)
    pending.messages += 1
    pending.bytes += bytes
    return pending
  }

  #leave(from: PeerId, pending: Pending, bytes: number): void {
    pending.messages -= 1
    pending.bytes -= bytes
    if (hasRoom(pending)) {
      pending.waiting?.resolve()
      pending.waiting = undefined
    }
    if (pending.messages === 0 && this.#pending.get(from) === pending) this.#pending.delete(from)
  }
}

function hasRoom(pending: Pending): boolean {
  return (
    pending.messages < limits.gossipPendingMessagesPerPeer && pending.bytes < limits.gossipPendingBytesPerPeer
  )
}
