import type { PeerId, Verdict } from './ports.ts'

/**
 * What the network needs from below: links to peers, streams of bytes on them, and a way to spread messages.
 * libp2p implements it, and so does the in-memory network of the tests; everything above is shared.
 */

/** One stream, used for one exchange: each side sends once and closes its half. */
export interface Channel {
  /** What the other side sends, in pieces of any size, until it closes. Read once. */
  readonly source: AsyncIterable<Uint8Array>
  /** Sends everything and closes the own half; resolves when it is on its way. */
  send(bytes: Uint8Array): Promise<void>
  /** The exchange is over: the stream is let go, and reset if anything is still under way. */
  done(): void
  /** Gives the stream up; pending reads and sends fail. Does nothing once both halves are closed. */
  abort(reason: Error): void
}

export interface Link {
  readonly peer: PeerId
  readonly direction: 'inbound' | 'outbound'
  readonly address: string
}

export interface TransportEvents {
  /** Asked for every connection once the peer is authenticated; false closes it. */
  admits(peer: PeerId): boolean
  /** The first connection to a peer is open. */
  connected(link: Link): void
  /** The last connection to a peer is closed. */
  disconnected(peer: PeerId): void
}

export interface Transport {
  readonly localPeer: PeerId
  /** Errors: PORT_IN_USE, BAD_CONFIG (no such address). */
  start(events: TransportEvents): Promise<void>
  /** Closes links and listeners; nothing is left running. */
  stop(): Promise<void>
  listenAddresses(): readonly string[]
  /** Errors: PEER_UNREACHABLE; BAD_CONFIG when the address is the own one. */
  dial(address: string, signal: AbortSignal): Promise<PeerId>
  disconnect(peer: PeerId): Promise<void>
  /** Errors: PEER_UNREACHABLE, PROTOCOL_UNSUPPORTED, or the signal's reason. */
  open(peer: PeerId, protocol: string, signal: AbortSignal): Promise<Channel>
  /** Takes streams of a protocol, at most so many of one peer at a time. Before or after the start. */
  handle(protocol: string, maxStreamsPerPeer: number, accept: (peer: PeerId, channel: Channel) => void): void
  unhandle(protocol: string): void
}

export interface GossipEvents {
  /** Judges a message that is new here; it is forwarded only on accept. Never throws. */
  validate(topicId: string, bytes: Uint8Array, from: PeerId): Promise<Verdict>
  /** Resolves when more from this peer may be read; undefined when that is now. */
  whenReady(from: PeerId): Promise<void> | undefined
  /** The peer broke the rules of the gossip protocol itself. */
  violated(from: PeerId, reason: string): void
}

export interface GossipWire {
  /** After the transport's start. */
  start(events: GossipEvents): Promise<void>
  stop(): Promise<void>
  publish(topicId: string, bytes: Uint8Array): Promise<void>
  subscribe(topicId: string): void
  unsubscribe(topicId: string): void
  /** How a peer's gossip is thought of: 0 for one of whom nothing is known; far below that it is not listened to. */
  scoreOf(peer: PeerId): number
  /** Memory of what has arrived and is no whole frame yet. */
  readonly bufferedBytes: number
  /** Peers that a message of others is handed on to at once. */
  neighbours(topicId: string): readonly PeerId[]
}
