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
} as const
