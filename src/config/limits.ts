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
