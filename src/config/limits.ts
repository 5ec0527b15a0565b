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
  /** Largest gas limit of one transaction (EIP-7825, 2^24); a call without a transaction has no more. */
  transactionGas: 16_777_216,
  /** Largest genesis file: predeployed code of a few hundred KB and accounts. */
  genesisBytes: 16 * 1024 * 1024,
  /** Rounds of one height for which messages ahead of the own round are kept. */
  futureRounds: 16,
  /** Heights ahead of the own for which messages are kept: a little, so that a slow node need not ask again. */
  futureHeights: 2,

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
} as const
