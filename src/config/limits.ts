/**
 * Every bound of the node, with its reason. A bound that is reached gives a typed error (`LIMIT_EXCEEDED` or a
 * more precise code), never an unbounded queue. Sizes in bytes, times in milliseconds, unless the name says else.
 */
export const limits = {
  /** Validators in one set: a certificate holds a signature of each, and every node checks them all. */
  validators: 100,
  /** Hash chains of one reveal seed that a validator looks through for its tip: 0.07 s each, once, when it starts. */
  revealGenerations: 32,

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
  /** Largest gas limit of one transaction (EIP-7825, 2^24); a call without a transaction has no more. */
  transactionGas: 16_777_216,
  /** Largest genesis file: predeployed code of a few hundred KB and accounts. */
  genesisBytes: 16 * 1024 * 1024,
  /** Rounds of one height for which messages ahead of the own round are kept. */
  futureRounds: 16,
  /** Heights ahead of the own for which messages are kept: a little, so that a slow node need not ask again. */
  futureHeights: 2,

  /** Pause between two looks into a peer's pool: what gossip missed is there a few blocks later. */
  poolExchangeMs: 4_000,
  /** Hashes of executable transactions in one answer: four full blocks of transfers. */
  poolExchangeHashes: 4_096,
  /** Transactions asked for at a time. */
  poolExchangeWanted: 256,
  /** Largest answer: eight transactions of the largest size, or thousands of usual ones. */
  poolExchangeBytes: 1024 * 1024,
  /** Adapters of the chain that a host looks at in a block, in turn: each costs some slots of the own state. */
  adaptersLookedAt: 256,
  /** Versions of an adapter in one answer, the newest: an owner may draft any number. */
  adapterVersionsShown: 64,
  /** Versions of adapters whose files were not to be had, remembered with the block of the next attempt. */
  adaptersPostponed: 1_024,
  /** How long a state stays readable after its block: longer than any call may run. */
  headStateMs: 30_000,
  /** Head states open at a time; reached only where blocks come much faster than one a second. */
  headStates: 256,

  // storage
  /** Uncompressed table blocks that LevelDB keeps: the hot upper trie levels and accounts of a busy chain. */
  levelCacheBytes: 64 * 1024 * 1024,
  /** LevelDB's log and memory table. Two may be held at once; a larger one makes a restart after a crash slower. */
  levelWriteBufferBytes: 16 * 1024 * 1024,
  /** Size of one table file: 8 MiB keeps a store of 4 GiB at 512 files. */
  levelFileBytes: 8 * 1024 * 1024,
  /** Files LevelDB holds open: half of the usual 1,024 descriptors of a process, sockets need the rest. */
  levelOpenFiles: 512,

  // state
  /**
   * Parent reads that a journal or an old state remembers before it forgets them all: a block of 500 M gas reads
   * 238,000 cold slots at most (2,100 gas each, EIP-2929), so no block ever reaches it.
   */
  stateReadCacheEntries: 262_144,
  /** An account in the state trie: four RLP fields of 9, 33, 33 and 33 bytes and their list header, rounded up. */
  accountBytes: 128,
  /** Slots in one request for a proof, as in other clients: each is a walk of up to 64 nodes. */
  proofSlots: 1_024,
  /** Nodes in one proof: a path has 64 nibbles and each node takes one at least, then the leaf. */
  proofNodes: 65,
  /** A trie node: a branch has 16 hashes of 33 bytes and an empty value, 532 with its header; a leaf is smaller. */
  trieNodeBytes: 1_024,
  /**
   * States that a pruned node keeps unless told otherwise, as other clients do: two minutes of blocks, so that who
   * looks at the head and then asks by number is answered. At 120 transactions a block they take 18 MB.
   */
  stateBlocks: 128,
  /** Fewest states a pruned node may be told to keep: the head moves on while a call by number is under way. */
  stateBlocksLeast: 16,
  /** Nodes of old states dropped after a block, besides twice as many as it wrote: 45 ms of one core, at 21 µs each. */
  prunedNodesPerBlock: 2_048,
  /** Nodes dropped in one write, before a block gets its turn: 6 ms. */
  prunedNodesATurn: 256,
  /** The record of how far pruning came: a path of 128 nibbles for the oldest state and for each held one. */
  pruneProgressBytes: 4 * 1024,
  // Consensus
  /** Largest envelope that travels inside a gossiped proposal; a larger one is announced by hash and fetched. */
  gossipEnvelopeBytes: 64 * 1024,
  /** A gossiped proposal: its head and the envelope. */
  proposalMessageBytes: 64 * 1024 + 1024,
  /** Messages that wait for the consensus loop: two rounds of votes of a full set, several times over. */
  consensusQueue: 2_048,
  /** Envelopes kept for one height: locked, valid and proposed ones of the last rounds, 4 MB each at worst. */
  heightValues: 16,
  /** An exchange names this many rounds: own, valid, proposed and the latest. */
  exchangeRounds: 8,
  /** Hashes of held or wanted envelopes in an exchange. */
  exchangeHashes: 16,
  /** Votes in one answer: four full rounds of both types. What is left follows in the next exchange. */
  exchangeVotes: 800,
  /** Proposal heads in one answer. */
  exchangeProposals: 8,
  /** Largest exchange request: 8 rounds of two bitmaps, 32 hashes, a proposal and two votes. */
  exchangeRequestBytes: 4 * 1024,
  /** Largest exchange answer: one envelope, its certificate or 800 votes, a few proposals. */
  exchangeResponseBytes: 4 * 1024 * 1024 + 64 * 1024 + 192 * 1024,
  /** Peers asked in one tick of the exchange timer; with more connected, these are drawn anew each time. */
  exchangePeers: 16,
  /** Largest record of the consensus log: an envelope and a few bytes. */
  walRecordBytes: 4 * 1024 * 1024 + 66 * 1024,
  /** Largest consensus log of one height: 50 locked values of the largest size, read into memory at start. */
  walBytes: 256 * 1024 * 1024,
  /** Largest file of last-signed state: one entry. */
  signerStateBytes: 4 * 1024,
  /** Largest message between a node and its signer: a vote or proposal to sign, or a sentence on why not. */
  signerFrameBytes: 1024,
  /** Longest sentence of a signer on why it did not sign, within its frame. */
  signerMessageCharacters: 200,
  /** Nodes that may be connected to a signer: one, its replacement while they change places, and a tool. */
  signerConnections: 4,
  /** Requests of one node that wait in the signer: consensus asks for one at a time. */
  signerRequestsWaiting: 16,
  /** Time for a signature: a write synced to a slow disk, and still well within the timeouts of a round. */
  signerAnswerMs: 1_000,
  /** First pause before a signer that is away is tried again; it doubles up to the longest. */
  signerRedialFirstMs: 100,
  signerRedialLongestMs: 2_000,
  // --- keystores ---
  /** Memory that a keystore may ask for: four times geth's standard costs (N = 2^18, r = 8). */
  keystoreScryptBytes: 1024 * 1024 * 1024,
  /** Lanes of scrypt: old wallets took 8 with little memory; each costs as much time again. */
  keystoreScryptLanes: 16,
  /** Rounds of PBKDF2: about half a minute; wallets take 262,144. */
  keystorePbkdf2Rounds: 20_000_000,
  keystoreSaltBytes: 256,
  // --- operator port ---
  /** Pause between two looks at whether the event loop is late. */
  healthBeatMs: 1_000,
  /** Late by so much the node does not take part in consensus any more: some rounds of timeouts. */
  healthEventLoopLagMs: 10_000,
  /** Longest that consensus may work on one event: a block that fills 500 M gas, several times over. */
  healthConsensusStuckMs: 60_000,
  /** Pause between two trial writes, however often somebody asks whether the node is ready. */
  healthWriteMs: 5_000,
  /** Connections to the operator port: a scraper, a supervisor, some people. */
  operatorConnections: 32,
  operatorRequestMs: 5_000,
  operatorHeaderBytes: 8 * 1024,
  // --- network: gossip ---

  /** Largest gossip message of transactions: one of the largest size, or a batch of small ones. */
  gossipTransactionsBytes: 256 * 1024,
  /** Transactions in one message: judging so many takes some 30 ms of one core. */
  gossipTransactionsBatch: 128,
  /** How long a transaction waits for others to travel with: little beside the interval of blocks. */
  gossipTransactionsWaitMs: 25,
  /** Gossiped transactions judged in a stretch, before votes and everything else get a turn. */
  transactionsATurn: 16,
  /** Largest gossip message of receipts: a query row is about 1 KB, so this is a batch of some thirty. */
  gossipReceiptsBytes: 64 * 1024,
  /** Receipts in one message: judging so many takes some 7 ms of one core. */
  gossipReceiptsBatch: 32,
  /** How long a receipt waits for others to travel with: nothing beside its challenge window. */
  gossipReceiptsWaitMs: 50,
  /** Gossiped receipts judged in a stretch, before votes and everything else get a turn. */
  receiptsATurn: 8,
  /** A gossiped proof of a double signature: two messages of 150 bytes. */
  evidenceMessageBytes: 1024,
  /** Blocks after which evidence is no news: a member that leaves has its stake for longer, but gossip is not memory. */
  evidenceBlocks: 3_600,
  /** Validators whose double signatures are remembered: two whole sets. One proof for each is all that is needed. */
  evidenceOffenders: 200,
  /** Largest gossip frame: a peer that answers what was asked for puts all of it in one, some 35 of the largest. */
  gossipFrameBytes: 9 * 1024 * 1024,
  /** Protobuf fields in one gossip frame: four topics of 5,000 advertised message ids, and some room. */
  gossipFrameFields: 24_000,
  /** Messages in one gossip frame: as many as a peer may ask for at once (5,000 ids in gossipsub). */
  gossipFrameMessages: 5_000,
  /** Subscriptions in one gossip frame: our topics, with room for those of a later version. */
  gossipFrameSubscriptions: 32,
  /** Gossip messages, and frames without any, that a peer may send a second: 100 validators make some 400 votes. */
  gossipMessagesPerSecond: 1_000,
  /** As many at once: what gathers while a node is busy with a block. */
  gossipMessagesBurst: 4_000,
  /** How long a peer may go on sending faster than that; it is slowed down all the while, and then cut off. */
  gossipFloodMs: 10_000,
  /** Time for a gossip frame from its first byte to its last: the largest one over 4 Mbit/s. */
  gossipFrameMs: 20_000,
  /** Memory of gossip frames that are not whole yet, of all peers: seven of the largest. */
  gossipBufferedBytes: 64 * 1024 * 1024,
  /** Gossip messages of one peer under validation: beyond it the peer's stream is not read. */
  gossipPendingMessagesPerPeer: 1_024,
  /** Bytes of one peer's gossip under validation: eight of the largest messages. */
  gossipPendingBytesPerPeer: 2 * 1024 * 1024,
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
  /** Connections that one peer opened: two, when both sides dial at once, and room for a restart. */
  inboundConnectionsPerPeer: 4,
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

  /** Peers found by asking others that this node keeps a connection to: with as many that find us, a full mesh twice. */
  discoveredPeers: 16,
  /** Dials to such peers under way, besides those to configured ones. */
  discoveryDials: 4,
  /** Pause between two questions for peers; each new peer is asked at once. */
  discoveryMs: 10_000,
  discoveryTimeoutMs: 5_000,
  /** Addresses in one answer. */
  exchangedPeers: 32,
  /** Addresses remembered, also over a restart: several full answers, and all peers that were met. */
  addressBook: 512,
  /** Pause between two writings of the address book: what a crash loses is found again by asking. */
  addressBookSaveMs: 300_000,
  /** Ids and hosts in each list of the access rules. */
  accessEntries: 1_024,
  /** A file with the key of a private network: two lines and 64 digits. */
  swarmKeyBytes: 256,
  /** Pause between two announcements to the own network segment. */
  mdnsIntervalMs: 20_000,

  // --- network: requests ---

  /** Request and reply frames of any protocol: the largest answer is a range of envelopes. */
  requestFrameBytes: 10 * 1024 * 1024,
  /** Protocols that this node serves: a handful; the bound finds a loop that registers. */
  requestProtocols: 64,
  /** Requests that one node has open to one peer, over all protocols. */
  requestsOpenPerPeer: 32,
  /** Time for a request to arrive: some KB, sent at once. */
  requestReadMs: 5_000,
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
  /** RLP of a header: 21 fields, of which the bloom takes 256 bytes and the largest others 33. */
  headerBytes: 1_024,
  /**
   * Largest epoch record: a set of 100 validators is 301 slots, each with a leaf and up to three branches of 532 bytes
   * that no other slot shares.
   */
  epochRecordBytes: 1024 * 1024,
  /** Epoch records in one answer, and their bytes: some hundred records of a small set, a few of the largest. */
  epochRangeRecords: 256,
  epochRangeBytes: 2 * 1024 * 1024,
  /** Time for one of these answers: 3 MB over 2 Mbit/s. */
  epochRequestTimeoutMs: 15_000,
  /** Epoch records that a node makes before other work gets a turn, when it has many to catch up with. */
  epochRecordsATurn: 4,
  /** Largest chunk of a snapshot, with its proof: what a peer holds in memory for another, and may lose on a bad one. */
  snapshotChunkBytes: 1024 * 1024,
  /** Of it for the nodes of the proof: 64 branches of 532 bytes and an RLP header each. */
  snapshotProofBytes: 40 * 1024,
  /** Slots of an account that travel with it, in bytes; a larger storage is fetched by itself, in as many chunks as it takes. */
  snapshotInlineBytes: 32 * 1024,
  /** Codes asked for at a time; as many as fit a chunk are given. */
  snapshotCodes: 256,
  /** Leaves read from disk before other work gets a turn: 5 ms. */
  snapshotLeavesATurn: 256,
  /** Ends of epochs whose state is offered: those that a pruned node keeps. */
  snapshotOffers: 2,
  /** Chunks under way at a time, from all peers; each is 1 MB in memory, and a proof in work. */
  snapshotRequests: 8,
  /** Time for one chunk: 1 MB over 1 Mbit/s. */
  snapshotTimeoutMs: 10_000,
  /** Chunks that a peer may ask for a second, on average and at once: 16 MB/s. */
  snapshotRequestsPerSecond: 16,
  snapshotRequestsBurst: 64,
  /** How long to look for peers that serve what is wanted, before giving up: they may be starting themselves. */
  snapshotPatienceMs: 60_000,
  /** Pause between two looks at the peers meanwhile. */
  snapshotLookMs: 500,
  /** Keys deleted in one write when an unfinished snapshot is thrown away. */
  snapshotDeletions: 10_000,
  /** Answer of a JSON-RPC server that is not trusted: a record of the largest size in hex, or 1,024 proofs of slots. */
  lightRpcBytes: 8 * 1024 * 1024,
  /** Time for it. */
  lightRpcTimeoutMs: 20_000,
  /** Proofs that one reading of a remote state may ask for: a window of 4,096 rows takes some hundred. */
  lightProofs: 4_096,
  // Mempool. Space is counted in slots, so that one bound holds both the number of transactions and their bytes.
  /** Bytes of one slot; a transaction takes its length in slots, rounded up: 1 for a transfer, 32 for the largest. */
  mempoolSlotBytes: 4096,
  /** Slots in all: 128 MiB of encodings at most, and twenty full blocks of transfers under 30 M gas. */
  mempoolSlots: 32_768,
  /** Gapped transactions in all: they earn nothing until a gap closes, so they get an eighth of the pool. */
  mempoolGapped: 4_096,
  /** Transactions of one account: two full blocks of transfers and more for a busy relayer, an eighth of the pool. */
  mempoolPerAccount: 4_096,
  /** Gapped ones of one account: out-of-order sending over 16 connections in batches of 16. */
  mempoolGappedPerAccount: 256,
  /** A gapped transaction is dropped after three hours, as other clients do; its owner has forgotten it. */
  mempoolGappedLifetimeMs: 3 * 60 * 60 * 1000,
  /** A replacement pays this much more in fee cap and in tip, so that each round of gossip it causes is paid for. */
  mempoolReplacementPercent: 10,
  /** Transactions in flight of an account that runs delegated code: others can empty its balance at any time. */
  mempoolPerDelegatedAccount: 1,
  /** Largest journal file: every slot full, and its list headers. */
  mempoolJournalBytes: 132 * 1024 * 1024,

  /** Offered to a builder beyond what fills a block, for those that cannot be included in it. */
  offeredSlackPercent: 25,
  /** The same for a builder that wants so many and no more: the instant miner takes one. */
  offeredSpare: 16,
  /** Times that a transaction is tried which takes longer than a block can wait for it: each costs a builder that time. */
  slowTransactionTries: 5,
  /** Pause after the first of them; doubled after each. The last comes half a minute after the first. */
  slowTransactionRestMs: 2_000,
  /** After its pause a sender that was not slow again for this long begins anew. */
  slowTransactionMemoryMs: 60_000,
  /** Senders of such transactions that are remembered: some hundred bytes each. */
  slowTransactionSenders: 4_096,
  /** Blocks that wait to be built, judged or committed: a round of a height asks for two, and a commit ends them all. */
  executionQueue: 64,
  /** When a node stops, what is executed may go on this long; then it is given up, so that the end comes within 5 s. */
  stopGraceMs: 2_000,

  // JSON-RPC
  /** Largest request body or WebSocket message: what other clients take; room for 18 transactions of full size. */
  rpcBodyBytes: 5 * 1024 * 1024,
  /** Requests in a batch: what viem puts in one at most. */
  rpcBatchRequests: 1_000,
  /** Requests of one batch under way at once; between such groups the event loop runs. */
  rpcBatchConcurrency: 16,
  /** Largest answer, to a request or to a whole batch: five times a full block's calldata in hex. */
  rpcResponseBytes: 25 * 1024 * 1024,
  /** HTTP and WebSocket connections together: above it the kernel's queue holds newcomers back. */
  rpcConnections: 1_024,
  /** WebSockets among them: each may hold subscriptions and unsent bytes. */
  rpcSockets: 256,
  /** Requests of one WebSocket under way at once; further ones stay unread. */
  rpcSocketInFlight: 16,
  /** Unsent bytes on a WebSocket above which no request of it is read and a subscriber is cut off as too slow. */
  rpcSocketUnsentBytes: 8 * 1024 * 1024,
  /** A WebSocket that leaves a ping unanswered for one interval is gone. */
  rpcSocketPingMs: 30_000,
  /** A request must be complete within this time, or a slow sender could hold a connection for ever. */
  rpcRequestMs: 30_000,
  /** A connection on which nothing moves for this long is closed, also when its client does not read an answer. */
  rpcSilenceMs: 120_000,
  /** Idle connections stay open a little longer than common proxies keep theirs, so that the proxy closes first. */
  rpcKeepAliveMs: 65_000,
  /** Subscriptions of one WebSocket: every head is matched against each. */
  rpcSubscriptions: 128,
  /** Notifications kept while the answer that names their subscription is still on its way. */
  rpcHeldNotifications: 1_024,
  /** Polling filters in all: they belong to no connection, so anyone could pile them up. */
  rpcFilters: 1_024,
  /** A filter that nobody polls for this long is removed, as other clients do. */
  rpcFilterLifetimeMs: 5 * 60 * 1000,
  /** Recent pending hashes kept for polling filters: as many as the pool has slots. */
  rpcPendingHashes: 32_768,
  /** Blocks in one search for logs: more than a day of one-second blocks. */
  rpcLogBlocks: 100_000,
  /** Logs in one answer: 20,000 small ones are 10 MB of JSON. */
  rpcLogs: 20_000,
  /** Addresses in a filter, and alternatives in one topic position, as other clients take. */
  rpcFilterAlternatives: 1_000,
  /** Blocks of one fee history: what other clients serve. */
  rpcFeeHistoryBlocks: 1_024,
  /** Blocks of one with rewards: each needs all receipts of its block. */
  rpcFeeRewardBlocks: 128,
  /** Percentiles asked of each of them. */
  rpcFeeHistoryPercentiles: 100,
  /** Transactions in the pool above which its whole content is not listed: it would not fit an answer. */
  rpcPoolListing: 8_192,
  /** Slots in one proof, or in one reading of many slots. */
  rpcStorageSlots: 1_024,
  /** Gas of a call that nobody pays for: more than a block, so that large views work, yet bounded. */
  rpcCallGas: 50_000_000n,
  /** Time of a call, of a proof or of one stretch of a search for logs, waiting included: 50 M gas take up to 5 s. */
  rpcCallMs: 10_000,
  /** Such reads that wait: what can be answered within their time if each takes 10 ms, as usual ones do. */
  rpcCallQueue: 1_024,
  /** Heap of the thread that runs them: the largest memory that 50 M gas pay for, many times over. */
  rpcCallHeapMb: 1_024,
  /** Blocks of one stretch of a search for logs: some tens of milliseconds. */
  rpcLogBlocksATurn: 2_000,
  /** How much threads for calls and models stand back where cores are few: each gets a third of what consensus may. */
  backgroundNiceness: 5,
  /** More time for reads that wait for their thread to start. */
  callsStartMs: 20_000,

  // Content store and exchange
  /** Largest object: a LoRA adapter or a shard of a Datanet; larger sets are several objects. It is held in memory once. */
  contentObjectBytes: 64 * 1024 * 1024,
  /** Objects in one store: the index of names and sizes takes about 200 bytes each. */
  contentObjects: 262_144,
  /** Bytes of an object in one answer, as large as one slot of the network's largest frames allows with ease. */
  contentChunkBytes: 1024 * 1024,
  /** Time for one chunk: 1 MB over 1 Mbit/s. */
  contentChunkTimeoutMs: 10_000,
  /** Peers asked for one object before it counts as not to be had. */
  contentFetchPeers: 16,
  /** Objects fetched at a time, each held in memory until it is verified; as many again wait. */
  contentFetches: 4,
  contentFetchQueue: 64,
  /** Chunks read from disk at a time, for one peer and for all. */
  contentServedPerPeer: 2,
  contentServedTotal: 16,
  /** Chunks that a peer may ask for a second, on average and at once: 8 MB/s, the largest object in one burst. */
  contentRequestsPerSecond: 8,
  contentRequestsBurst: 64,

  // Receipts
  /** A gossiped receipt: the largest query row that a genesis may allow (4,096) and about 500 bytes beside it. */
  receiptBytes: 5 * 1024,
  /** Receipts in the pool: 5 KB each at worst, and twenty minutes of settlement at three batches a block. */
  receiptPool: 8_192,
  /** Receipts of one host, and of one requester, in the pool: nobody fills it alone. */
  receiptPoolPerHost: 2_048,
  receiptPoolPerRequester: 512,
  /** Pooled receipts judged anew at each block, in turn: about 0.2 ms each. */
  receiptsRejudged: 64,
  /** Adapters and hosts whose terms are remembered between two blocks. */
  receiptTermsKept: 1_024,
  /** Receipts in one settlement: 32 of k = 1024 take 64 KB and 4 M gas, so that several fit a block. */
  settledPerCall: 32,
  /** Gas of one settlement, draw or finalisation: a third of a block of 30 M, so that it is not always left over. */
  serviceCallGas: 10_000_000,
  /** Calldata of one of them: a transaction's largest size, less its other fields. */
  serviceCallBytes: 120 * 1024,
  /** Appeals opened in one call: with 64 auditors each is up to 750,000 gas. */
  appealsPerCall: 4,
  /** Receipts in one draw of audits: 64 auditors looked at for each are about 100,000 gas. */
  drawnPerCall: 32,
  /** Receipts in one finalisation: up to 250,000 gas each, with a row taken out 500,000. */
  finalizedPerCall: 32,
  /** Rows scored or members paid in one call that closes a window: 10 M gas, so that two never fill a block. */
  closeWorkPerCall: 256,
  /** Calls that close windows, sent at one block. */
  closeCallsPerBlock: 4,
  /** Blocks that a sent call gets before it is sent again: the pool may hold it through some full blocks. */
  resendBlocks: 8,
  /** Receipts followed from settlement to their end: 1 KB each. More are left to later or to other nodes. */
  trackedReceipts: 131_072,
  /** Blocks read in a stretch when open work is gathered at start, before other work gets a turn. */
  trackerBlocksATurn: 256,

  // Audits
  /** Receipts in one commitment of verdicts; the chain takes 64. */
  auditsPerCommit: 32,
  /** Audits of this node under way at a time: the engine does one after the other, evidence comes over the network. */
  auditsRunning: 4,
  /** Verdicts kept until their receipts end: more than an auditor is drawn for in a challenge window. */
  auditRecords: 16_384,
  /** Failed attempts, at different blocks, to get evidence from a host before it is called unavailable. */
  evidenceAttempts: 2,
  /** Input or output of one inference. */
  inferenceInputBytes: 64 * 1024,
  inferenceOutputBytes: 64 * 1024,
  /** Evidence of one receipt: input, output, salts and the receipt, in clear or encrypted. */
  evidenceBytes: 2 * 64 * 1024 + 6 * 1024,
  /** Time for a host to answer an auditor. */
  evidenceTimeoutMs: 10_000,
  /** An endpoint as the chain stores it. */
  endpointBytes: 256,
  /** Evidence given to one auditor for one receipt: some retries. */
  evidencePerAuditor: 8,

  // Inference gateway
  /** Largest JSON body: an input with every character escaped, and the model's name. */
  gatewayBodyBytes: 6 * 64 * 1024 + 4 * 1024,
  /** Largest X-PAYMENT header: a signed request is about 1 KB of JSON, a third more in base64. */
  paymentHeaderBytes: 4 * 1024,
  /** Largest object that an upload may bring; it is held in memory while it is hashed. */
  contentUploadBytes: 16 * 1024 * 1024,
  /** HTTP connections at a time. */
  gatewayConnections: 256,
  /** A request must be complete within this time, or a slow sender could hold a connection for ever. */
  gatewayRequestMs: 30_000,
  /** A connection on which nothing moves for this long is closed. */
  gatewaySilenceMs: 120_000,
  gatewayKeepAliveMs: 65_000,
  /** Inferences under way at a time, and waiting. The engine runs one; the others are being quoted, signed or stored. */
  gatewayRunning: 4,
  gatewayQueue: 128,
  /** Inferences of one requester, waiting ones included. */
  gatewayPerRequester: 16,
  /** Time of one inference, waiting included. */
  inferenceTimeoutMs: 30_000,
  /** Quotes under way at a time, and waiting: they are free, so they must not starve what is paid. */
  gatewayQuotes: 4,
  gatewayQuoteQueue: 64,
  /** Uploads under way at a time: 16 MB each in memory. */
  gatewayUploads: 2,
  gatewayUploadQueue: 8,
  /** Answers kept until their receipts end; a host that is that far behind takes no more work. */
  gatewayRecords: 65_536,
  /** Receipts published again at one block. */
  receiptsRepublished: 32,
  /** Pause between two publications of a receipt: longer than gossip remembers a message. */
  receiptRepublishMs: 70_000,
  /** Models listed. */
  gatewayModels: 1_024,
  // AI
  /** Largest file of a base model that is read: the encoder's files have 4 MB each, its ONNX graph 27 MB. */
  modelFileBytes: 64 * 1024 * 1024,
  /** Largest adapter file: rank 64 on all eight matrices has 2.6 MB. */
  adapterBytes: 8 * 1024 * 1024,
  /** Largest header inside it: an entry of a tensor has about 120 bytes. */
  adapterHeaderBytes: 64 * 1024,
  /** Two for each of the eight matrices and two of the head; some room for files of others, which are then refused. */
  adapterTensors: 64,
  /** Largest adapter configuration: names of targets and classes. */
  adapterConfigBytes: 64 * 1024,
  /** Highest LoRA rank: above a quarter of the narrowest matrix it is no low-rank change any more. */
  loraRank: 64,
  /** Highest LoRA alpha: sixteen times the highest rank. */
  loraAlpha: 1024,
  /** Most classes of a head: one row of 512 floats each, and one logit each in every answer. */
  classes: 256,
  /** Longest class name: it is shown beside every answer. */
  labelCharacters: 128,
  /** Longest input text: far beyond the 128 tokens that the encoder reads, and quick to tokenize. */
  inputCharacters: 32 * 1024,
  /** Longest id of a record: a URL or a hash fits. */
  recordIdCharacters: 256,
  /** Largest contribution: it is fetched, parsed and scored whole by every scorer. */
  contributionBytes: 16 * 1024 * 1024,
  /** Most records of a contribution: one gradient each when rows are made; uint32 scales of rows hold to 32,000. */
  contributionRecords: 10_000,
  /** Lines of a contribution that are told as wrong, one by one; the rest are counted. */
  rowProblems: 100,
  /** Most records of one training: an epoch of them takes about a minute. */
  trainingRecords: 20_000,
  /** Most epochs; early stopping ends sooner. */
  trainingEpochs: 200,
  /** Largest batch: 64 examples of 128 tokens take about 1 GB in the gradient graph. */
  trainingBatch: 64,
  /** Tokens whose hidden states (2 KB each) stay in memory while training; beyond, they are computed again. */
  trainingCachedTokens: 256 * 1024,
  /** Records behind the rows of one adapter: a gradient of each takes 5 ms, so all of them some minutes. */
  attributedRecords: 50_000,
  /** Longest feature: the fold holds k² numbers of 8 bytes, 32 MB, and its factor takes k³/3 steps. */
  attributionK: 2048,
  /** Rows of one adapter; the chain takes no more. */
  attributedContributions: 4096,
  /** Adapters in the memory of the encoder's thread: 60 KB each at rank 4, 2.6 MB at rank 64 on all matrices. */
  adaptersLoaded: 64,
  /** Projection matrices kept there, 2 MB each for an adapter of 15,000 parameters. */
  projectionsKept: 8,
  /** Requests that wait for the encoder: about a second of its work. */
  encoderQueue: 256,
  /** Longest time of a request to the encoder, waiting included. */
  encoderTimeoutMs: 30_000,
} as const
