import { limits } from '../../../src/config/limits.ts'
import type { PeerId } from '../../../src/network/ports.ts'
import { BoundedMap } from '../../../src/network/quota.ts'
import { messageId, type Topic, type TopicTable } from '../../../src/network/topics.ts'
import type { GossipEvents, GossipWire } from '../../../src/network/transport.ts'
import { bigIntToBytes, utf8ToBytes } from '../../../src/primitives/bytes.ts'
import { bytesToHex } from '../../../src/primitives/hex.ts'
import type { MemoryHub, MemoryTransport } from './memoryNetwork.ts'

interface Message {
  readonly topicId: string
  readonly data: Uint8Array
  readonly author: PeerId
  readonly sequence: Uint8Array
}

/** Floods messages over the links, with the ids, the validation before forwarding and the limits of the real one. */
export class MemoryGossipWire implements GossipWire {
  readonly #hub: MemoryHub
  readonly #transport: MemoryTransport
  readonly #topics: ReadonlyMap<string, Topic>
  readonly #subscribed = new Set<string>()
  readonly #seen = new BoundedMap<string, true>(10_000)
  /** Messages of one neighbour are taken one after the other. */
  readonly #inbox = new Map<PeerId, Promise<void>>()
  #events: GossipEvents | undefined
  #sequence = 0n

  constructor(hub: MemoryHub, transport: MemoryTransport, topics: TopicTable) {
    this.#hub = hub
    this.#transport = transport
    this.#topics = new Map(Object.values(topics).map((topic: Topic) => [topic.id, topic]))
  }

  async start(events: GossipEvents): Promise<void> {
    this.#events = events
  }

  async stop(): Promise<void> {
    this.#events = undefined
    this.#subscribed.clear()
  }

  async publish(topicId: string, bytes: Uint8Array): Promise<void> {
    this.#sequence += 1n
    const message = {
      topicId,
      data: Uint8Array.from(bytes),
      author: this.#transport.localPeer,
      sequence: bigIntToBytes(this.#sequence, 8),
    }
    if (this.#isNew(message)) this.#forward(message, undefined)
  }

  subscribe(topicId: string): void {
    this.#subscribed.add(topicId)
  }

  unsubscribe(topicId: string): void {
    this.#subscribed.delete(topicId)
  }

  /** Messages are handed over whole. */
  readonly bufferedBytes = 0

  scoreOf(): number {
    return 0
  }

  neighbours(topicId: string): readonly PeerId[] {
    return this.#transport.linkedPeers.filter((peer) => this.#transport.remote(peer)?.wire?.takes(topicId))
  }

  takes(topicId: string): boolean {
    return this.#events !== undefined && this.#subscribed.has(topicId)
  }

  #forward(message: Message, from: PeerId | undefined): void {
    for (const peer of this.neighbours(message.topicId)) {
      if (peer === from || peer === message.author) continue
      const wire = this.#transport.remote(peer)?.wire
      if (wire === undefined) continue
      const arrived = this.#hub.travel()
      const before = wire.#inbox.get(this.#transport.localPeer) ?? Promise.resolve()
      wire.#inbox.set(
        this.#transport.localPeer,
        Promise.all([before, arrived]).then(() => wire.#receive(message, this.#transport.localPeer)),
      )
    }
  }

  async #receive(message: Message, from: PeerId): Promise<void> {
    await this.#events?.whenReady(from)
    const events = this.#events
    if (events === undefined || !this.#subscribed.has(message.topicId)) return
    if (message.data.length > limits.gossipFrameBytes) {
      events.violated(from, 'a frame too large')
      return
    }
    if (!this.#isNew(message)) return
    void events.validate(message.topicId, message.data, from).then((verdict) => {
      if (verdict === 'accept') this.#forward(message, from)
    })
  }

  #isNew({ topicId, data, author, sequence }: Message): boolean {
    const topic = this.#topics.get(topicId)
    if (topic === undefined) return false
    const id = bytesToHex(messageId(topic, { data, author: utf8ToBytes(author), sequence }))
    if (this.#seen.has(id)) return false
    this.#seen.set(id, true)
    return true
  }
}
