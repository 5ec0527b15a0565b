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
