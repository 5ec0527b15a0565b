/**
 * Bounds that are part of the chain's rules: every validator must apply the same ones, so they are constants of a
 * precompile's version and not settings of a node. Sizes in bytes.
 */
export const bounds = {
  /** Input of one call: the largest transaction that pools take, so that no call decodes more than one can carry. */
  inputBytes: 128 * 1024,
  /** A chunk of a blob: the size limit of an account's code, less the leading zero byte. */
  blobBytes: 24_575,

  /** Names shown in lists. */
  nameBytes: 64,
  /** The longest SPDX expression of two ids with a connective fits. */
  licenceBytes: 64,
  /** CIDv1 with a 64-byte digest in base32 is 112 characters. */
  cidBytes: 128,
  /** A URL or multiaddress of a host. */
  endpointBytes: 256,
  /** Accounts in one claimMany: a transfer to a new account costs about 45,000 gas, so a call stays under 3 million. */
  claimsPerCall: 64,
  /** Items of one page of a view: a page of the largest item stays within a few hundred thousand gas. */
  pageItems: 256,

  /** Seats of scorers in a Datanet: one bit each in a 64-bit mask. */
  scorers: 64,
  /** Reports that decide: with three, none decides alone. */
  scorerQuorum: 3,
  /** Known answers met before a scorer's accuracy counts for its pay: fewer say little about anybody. */
  testsThatCount: 4,
  /** Contributions in one commit or reveal of scores, one draw or one decision: at most 75,000 gas each, under a block's third. */
  scoresPerCall: 64,
  /** Contributions ordered in one call: an LSH leader costs about 700,000 gas, so the gas limit ends it earlier. */
  orderPerCall: 64,
  /** Contributions looked at in one freeze call: about 26,000 gas a member, and 512 members fit a chunk. */
  freezePerCall: 512,
  /** Records of one contribution: larger sets are several contributions. Keeps score weights well inside 64 bits. */
  recordsPerContribution: 1_000_000,
  /** Content of one contribution: 1 TiB. */
  contributionBytes: 2n ** 40n,

  /** A content key encrypted to a grantee: about 130 bytes with ECIES over secp256k1, and room for a few keys. */
  wrappedKeyBytes: 512,
  /** Receipts of one feedback contribution: a slot and some reads each, about 35,000 gas. */
  receiptsPerFeedback: 16,

  /** Frozen versions of an adapter: one slot each, read at every window's end. */
  datanetsPerAdapter: 8,
  /** Parents of an adapter: each is paid at every finalisation. */
  parentsPerAdapter: 4,
  /** Steps to the furthest ancestor: whoever shows a lineage walks it, four parents wide. */
  adapterDepth: 8,
  /** Of the owner's share, at most half goes to parents. */
  royaltyBps: 5000,
  /** Length of a feature: a row of 4,096 is a sixth of a chunk, and its dot product with int16 stays below 2^45. */
  k: 4096,
  /** Rows of an adapter: a pay call divides the pot over all of them, at 130 gas each. */
  rowsPerAdapter: 16_384,
  /** Tokens of one corpus chunk: the longest span that is claimed whole, in a leaf of 329 bytes. */
  corpusTokens: 64,
  /** Dimensions of a passage: fewer do not tell records apart, more is what no sentence encoder gives. */
  passageDimsMin: 8,
  passageDimsMax: 1024,
  /** Tokens of an answer that spans are claimed in, spans of one, and tokens of a span at least: fewer are chance. */
  outputTokens: 2048,
  spansPerCall: 64,
  spanTokens: 8,
  /** Passages ranked in one call. */
  passagesPerCall: 64,
  /** Nodes of a Merkle audit path: leaves are counted by 32 bits. */
  merklePath: 32,
  /** Chunks of rows in one call: three fit the input's 128 KB and, as 74 KB of blobs, the 2^24 gas of a transaction. */
  rowChunksPerCall: 3,
  /** Rows of one page: 64 KB at k = 1024. */
  rowsPerPage: 64,
  /** LoRA ranks above this are full fine-tuning in all but name. */
  rank: 1024,

  /** Receipts in one settle, finalize or draw: 64 receipts of 2 KB fill a 128 KB transaction. */
  receiptsPerCall: 64,
  /** Receipts in one audit commit or reveal. */
  auditsPerCall: 64,
  /** Auditors of one base model: a draw looks at all of them. */
  auditors: 64,
  /** Auditors on the list of one requester: each is a slot, and each is looked for in every draw. */
  grantedAuditors: 16,
  /** Accounts that one receipt pays for its audit and appeal: each may be a new credit, 22,000 gas. */
  paidAuditors: 64,
  /** Seats of a committee: three truncated digests fill one slot. */
  committee: 3,
  /** Receipts of one window: with weights up to 4095 the sums stay inside int32. */
  windowReceipts: 1024,
  /** Rows scored between two score blobs, in chunks of rows: 16 chunks of 23 rows make a blob of 5,888 bytes. */
  rowChunksPerPiece: 16,
  /** Adapters of one closeWindows: a look at each costs about 10,000 gas, also where there is nothing to do. */
  adaptersPerClose: 64,
  /** Contributors’ part of a fee, at least: no vote takes it from those whom the chain is for. */
  contributorsBps: 3000,
  /** Of a fee, at most, for who settles it; of a pot, at most, for who closes its window. */
  settlerCapBps: 2000,
  closerCapBps: 1000,
  /** Share of the receipts that are audited, at least: one in a hundred still makes forging a loss against 20-fold bonds. */
  auditRateBps: 100,
  /** Blocks until a window closes, at most: two weeks of one-second blocks. */
  windowAge: 1_209_600,
  /** Gas that a settled receipt is taken to cost: from a transaction's own to eight times what it is. */
  settlementGas: { least: 21_000, most: 1_000_000 },
  /** Members in one claimRemainder: up to 75,000 gas each, so that a transaction holds them. */
  remaindersPerCall: 64,
} as const
