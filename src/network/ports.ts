import type { Hash } from '../primitives/hex.ts'
import type { TopicName } from './topics.ts'

/** A peer's libp2p id in its usual text form; here an opaque key. */
export type PeerId = string

export type Unsubscribe = () => void

/**
 * What becomes of a gossip message:
 * - accept: it is handed on to other peers and to the handler;
 * - ignore: it goes no further and nobody is blamed (known already, too old, not for us);
 * - reject: it goes no further and costs the peer that sent it. Only for what no honest peer would hand on, which
 *   is to say malformed or wrongly signed, whatever the state of the chain.
 */
export type Verdict = 'accept' | 'ignore' | 'reject'

/** Judges a message before it is forwarded. `from` is the neighbour that sent it, which need not be its author. */
export type GossipValidator = (bytes: Uint8Array, from: PeerId) => Verdict | Promise<Verdict>
export type GossipHandler = (bytes: Uint8Array, from: PeerId) => void

export interface GossipPort {
  /**
   * Sends to every peer that takes the topic. Without peers it does nothing; own messages do not come back.
   * Errors: LIMIT_EXCEEDED when the message is larger than its topic allows.
   */
  publish(topic: TopicName, bytes: Uint8Array): Promise<void>
  /**
   * Takes part in a topic, once per topic; may be called before the network starts. A validator that throws counts
   * as reject, one that takes longer than `limits.gossipValidationMs` as ignore.
   */
  subscribe(topic: TopicName, validator: GossipValidator, handler?: GossipHandler): Unsubscribe
}

export interface RequestOptions {
  readonly timeoutMs: number
  readonly maxResponseBytes: number
  readonly signal?: AbortSignal
}

/** Answers one request. A NodeError about the bytes (BAD_RLP, BAD_ENCODING, BAD_REQUEST) counts against the peer. */
export type RequestHandler = (peer: PeerId, bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>

export interface ServeOptions {
  readonly maxRequestBytes: number
  /** Answers under way at a time, for one peer and for all together. */
  readonly maxConcurrentPerPeer: number
  readonly maxConcurrent: number
  /** Requests of one peer: so many at once, so many a second in the long run. */
  readonly burst: number
  readonly requestsPerSecond: number
}

export interface RequestPort {
  /**
   * One request, one answer. `protocol` is a name and a version, as in `sync/1`.
   * Errors: PEER_UNREACHABLE (not connected, or the connection broke), PROTOCOL_UNSUPPORTED, TIMEOUT, CANCELLED,
   * PEER_BUSY (its quota), PEER_FAILED (its handler threw), BAD_REQUEST (it refused the bytes), LIMIT_EXCEEDED
   * (request or answer too large), BAD_ENCODING (the answer is no frame).
   */
  request(peer: PeerId, protocol: string, bytes: Uint8Array, options: RequestOptions): Promise<Uint8Array>
  /** Serves a protocol, once; may be called before the network starts. */
  handle(protocol: string, handler: RequestHandler, options: ServeOptions): Unsubscribe
}

export interface Head {
  readonly height: number
  readonly hash: Hash
}

export interface Peer {
  readonly id: PeerId
  /** Who opened the connection, seen from here. */
  readonly direction: 'inbound' | 'outbound'
  readonly address: string
  /** The head that the peer last told of; a claim, not a fact. */
  readonly head: Head
  readonly agent: string
}

/**
 * - misbehaved: something that no honest peer does; it is cut off at once and kept away for a time;
 * - unhelpful: did not do what it should; cut off when that adds up.
 */
export type Offence = 'misbehaved' | 'unhelpful'

/** The connected peers of this chain: those that passed the status handshake. */
export interface PeersPort {
  list(): readonly Peer[]
  get(peer: PeerId): Peer | undefined
  onConnect(listener: (peer: Peer) => void): Unsubscribe
  onDisconnect(listener: (peer: PeerId) => void): Unsubscribe
  /** A peer told of a higher head. */
  onHead(listener: (peer: Peer) => void): Unsubscribe
  /** The own head moved; peers are told, at most every `limits.statusIntervalMs`. */
  headChanged(): void
  report(peer: PeerId, offence: Offence, reason: string): void
}

export type NetworkCounter =
  | 'gossip_published'
  | 'gossip_received'
  | 'gossip_validation_timeouts'
  | 'gossip_frames_refused'
  | 'requests_sent'
  | 'requests_failed'
  | 'requests_served'
  | 'requests_refused'
  | 'peers_banned'
  | 'handshakes_failed'

/** Counters of what the network does; labels are of small, fixed sets. */
export interface NetworkMetrics {
  count(counter: NetworkCounter, labels?: Readonly<Record<string, string>>): void
}

export const noMetrics: NetworkMetrics = { count: () => {} }
