/** The network as the exchange of content needs it. */
export interface ContentRequests {
  request(
    peer: string,
    protocol: string,
    bytes: Uint8Array,
    options: {
      readonly timeoutMs: number
      readonly maxResponseBytes: number
      readonly signal?: AbortSignal
    },
  ): Promise<Uint8Array>
  /** A NodeError about the bytes that the handler throws (BAD_RLP, BAD_REQUEST) counts against the peer. */
  handle(
    protocol: string,
    handler: (peer: string, bytes: Uint8Array) => Promise<Uint8Array>,
    options: {
      readonly maxRequestBytes: number
      readonly maxConcurrentPerPeer: number
      readonly maxConcurrent: number
      readonly burst: number
      readonly requestsPerSecond: number
    },
  ): () => void
}

export interface ContentPeers {
  list(): readonly { readonly id: string }[]
  /** misbehaved: no honest peer does it. unhelpful: it did not do what it should. */
  report(peer: string, offence: 'misbehaved' | 'unhelpful', reason: string): void
}
