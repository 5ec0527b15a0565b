/**
 * Every bound of the node, with its reason. A bound that is reached gives a typed error (`LIMIT_EXCEEDED` or a
 * more precise code), never an unbounded queue. Sizes in bytes, times in milliseconds, unless the name says else.
 */
export const limits = {
  /** Validators in one set: a certificate holds a signature of each, and every node checks them all. */
  validators: 100,

  /** Largest block in bytes: 30 M gas of calldata at the floor price of 10 gas a zero byte is 3 MB. */
  blockBytes: 4 * 1024 * 1024,
  /** Largest envelope: a block, 100 signatures of 65 bytes, and room for evidence. */
  envelopeBytes: 4 * 1024 * 1024 + 64 * 1024,
  /** Largest certificate: 100 signatures, a bitmap, a hash and two integers. */
  certificateBytes: 8 * 1024,
  /** Largest vote or proposal header on the wire. */
  voteBytes: 512,
  /** Largest transaction: what other clients' pools take, so that tools meet no surprise. */
  transactionBytes: 128 * 1024,
  /** Largest genesis file: predeployed code of a few hundred KB and accounts. */
  genesisBytes: 16 * 1024 * 1024,
  /** Rounds of one height for which messages ahead of the own round are kept. */
  futureRounds: 16,
  /** Heights ahead of the own for which messages are kept: a little, so that a slow node need not ask again. */
  futureHeights: 2,

  // --- network: gossip ---

  /** Largest gossip message of transactions: one of the largest size, or a batch of small ones. */
  gossipTransactionsBytes: 256 * 1024,
  /** Largest gossiped proposal: an envelope and the signed head of the proposal. */
  gossipProposalBytes: 4 * 1024 * 1024 + 64 * 1024 + 1024,
  /** Largest gossip message of receipts: a query row is about 1 KB, so this is a batch of some thirty. */
  gossipReceiptsBytes: 64 * 1024,
  /** Largest gossip frame: a peer that answers what was asked for may put two of the largest messages in one. */
  gossipFrameBytes: 9 * 1024 * 1024,
  /** Protobuf fields in one gossip frame: four topics of 5,000 advertised message ids, and some room. */
  gossipFrameFields: 24_000,
  /** Messages in one gossip frame: as many as a peer may ask for at once (5,000 ids in gossipsub). */
  gossipFrameMessages: 5_000,
  /** Subscriptions in one gossip frame: our topics, with room for those of a later version. */
  gossipFrameSubscriptions: 32,
  /** Gossip frames a peer may send a second, on average: 100 validators make some 400 votes a second. */
  gossipFramesPerSecond: 1_000,
  /** Gossip frames a peer may send at once: what gathers while a node is busy with a block. */
  gossipFramesBurst: 4_000,
  /** Gossip messages of one peer under validation: beyond it the peer's stream is not read. */
  gossipPendingMessagesPerPeer: 1_024,
  /** Bytes of one peer's gossip under validation: two of the largest proposals. */
  gossipPendingBytesPerPeer: 9 * 1024 * 1024,
  /** Time for one gossip validation; below the time that gossipsub keeps a message for forwarding. */
  gossipValidationMs: 5_000,
  /** Bytes waiting to be sent to one peer as gossip: two of the largest frames, then messages are dropped. */
  gossipOutboundBytes: 18 * 1024 * 1024,
  /** How long a message id is remembered: longer than a message needs to cross 100 nodes. */
  gossipSeenMs: 60_000,

  // --- network: connections and peers ---

  /** Connections of both directions: to all configured peers, and as many strangers as may connect. */
  connections: 192,
  /** Connections that strangers opened; the rest is kept for configured peers (against eclipse). */
  inboundConnections: 64,
  /** Connections that one host opened, other than the loopback address. */
  inboundConnectionsPerHost: 16,
  /** Connections under way that are not authenticated yet. */
  pendingInboundConnections: 16,
  /** New connections of one host a second; a devnet's nodes share the loopback address. */
  inboundConnectionsPerSecond: 10,
  /** Streams that one peer may have open: gossip, ping, identify and the concurrent requests of all protocols. */
  streamsPerConnection: 128,
  /** Configured peers, bootstrap and direct: the other 99 validators of the largest set, and some bootstrap nodes. */
  configuredPeers: 128,
  /** Dials under way at a time. */
  parallelDials: 8,
  /** Time for one dial, with encryption and multiplexing. */
  dialTimeoutMs: 10_000,
  /** First pause after a failed dial; it doubles up to the longest. */
  redialFirstMs: 1_000,
  redialLongestMs: 60_000,
  /** A connection that held this long clears the history of failed dials. */
  stableConnectionMs: 30_000,
  /** Of two nodes that would dial each other the one with the larger id waits this long, so that one link comes of it. */
  dialStaggerMs: 300,
  /** Bytes that may be under way on one stream: 2 MB at 100 ms of round trip are 20 MB a second. */
  streamWindowBytes: 2 * 1024 * 1024,
  /** A silent connection is found dead after one interval and one timeout; a node busy with a block may be slow. */
  pingIntervalMs: 10_000,
  pingTimeoutMs: 15_000,
  /** Peers whose offences are remembered: the oldest are forgotten first. */
  scoredPeers: 4_096,
  /** First ban of a peer; each further one is twice as long, up to the longest. */
  banFirstMs: 60_000,
  banLongestMs: 3_600_000,

  // --- network: requests ---

  /** Request and reply frames of any protocol: the largest answer is a range of envelopes. */
  requestFrameBytes: 10 * 1024 * 1024,
  /** Protocols that this node serves: a handful; the bound finds a loop that registers. */
  requestProtocols: 64,
  /** Requests that one node has open to one peer, over all protocols. */
  requestsOpenPerPeer: 32,
  /** Time to read a request and to write its answer; a longer one holds a stream for nothing. */
  requestServeMs: 20_000,
  /** Largest status message: two integers, two hashes and the agent. */
  statusBytes: 256,
  /** Largest agent name, printable ASCII. */
  agentBytes: 64,
  /** Time for the status handshake; a peer that says nothing is not kept. */
  statusTimeoutMs: 10_000,
  /** Status messages of one peer at a time, at once and a second: one on connecting and one each interval. */
  statusServedPerPeer: 4,
  statusBurst: 10,
  statusPerSecond: 2,
  /** Streams of a protocol beyond those answered at a time, on which a peer is told that it is busy here. */
  refusalStreamsPerPeer: 4,
  /** Pause between two status messages to all peers: they are hints for sync, consensus has its own messages. */
  statusIntervalMs: 2_000,
  /** A refused peer gets this long to read why before the connection closes. */
  refusalGraceMs: 500,

  // --- sync ---

  /** Envelopes in one range: small blocks make ranges of some hundred KB. */
  syncRangeEnvelopes: 256,
  /** Bytes of one range; at least one envelope of the largest size. */
  syncRangeBytes: 8 * 1024 * 1024,
  /** Time for one range: 8 MB over 4 Mbit/s. */
  syncRequestTimeoutMs: 20_000,
  /** Ranges that a peer may ask for a second, on average and at once. */
  syncRequestsPerSecond: 4,
  syncRequestsBurst: 8,
  /** Ranges read from disk at a time, for one peer and for all. */
  syncServedPerPeer: 2,
  syncServedTotal: 8,
  /** How long consensus may take to reach a height that a peer has, before sync asks for it. */
  syncGraceMs: 3_000,
  /** Pause before a peer that gave no answer is asked again; doubles with each failure, up to the longest. */
  syncPeerRestFirstMs: 2_000,
  syncPeerRestLongestMs: 60_000,
  /** Pause after a failure of our own (disk, execution) before sync goes on. */
  syncOwnFailureRestMs: 10_000,
  /** Pause between two lines of progress in the log. */
  syncProgressMs: 5_000,
} as const
