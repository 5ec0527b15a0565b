/** What sync needs of the node; the composition root plugs consensus, storage and the network in here. */

export interface SyncApp {
  /** Height of the newest decided block on this node; 0 at genesis. */
  headHeight(): number
  /** The lowest height whose envelope is here: 1, or that of the snapshot that the node began with. */
  firstHeight(): number
  /**
   * Envelopes from a height up, in order and without gaps: at most `count`, and at most `maxBytes` together, but
   * always the first if it is there.
   */
  readEnvelopes(
    fromHeight: number,
    count: number,
    maxBytes: number,
  ): readonly Uint8Array[] | Promise<readonly Uint8Array[]>
  /** The certificate of the head, kept until a child carries it; undefined at genesis. */
  seenCertificate(): Uint8Array | undefined
  /**
   * Hands over what others decided: consensus checks the certificate against the set of its height, executes and
   * commits. Resolves when the head has reached that height; at once for a height that is decided already.
   * Errors with a code of `PEERS_FAULT` (see syncer.ts) mean that the bytes are wrong, all others that this node
   * failed.
   */
  submitDecided(envelope: Uint8Array, certificate: Uint8Array): Promise<void>
}

export interface SyncPeer {
  readonly id: string
  /** What the peer claims. */
  readonly head: { readonly height: number }
}

export interface SyncPeers {
  list(): readonly SyncPeer[]
  onConnect(listener: (peer: SyncPeer) => void): () => void
  onDisconnect(listener: (peer: string) => void): () => void
  onHead(listener: (peer: SyncPeer) => void): () => void
  report(peer: string, offence: 'misbehaved' | 'unhelpful', reason: string): void
}

export interface SyncRequests {
  request(
    peer: string,
    protocol: string,
    bytes: Uint8Array,
    options: { timeoutMs: number; maxResponseBytes: number; signal?: AbortSignal },
  ): Promise<Uint8Array>
  handle(
    protocol: string,
    handler: (peer: string, bytes: Uint8Array) => Promise<Uint8Array>,
    options: {
      maxRequestBytes: number
      maxConcurrentPerPeer: number
      maxConcurrent: number
      burst: number
      requestsPerSecond: number
    },
  ): () => void
}
