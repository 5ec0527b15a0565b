import { z } from 'zod'
import { NodeError } from '../errors/errors.ts'
import { type Address, type Hash, type Hex, isHexBytes } from '../primitives/hex.ts'

// JSON has no integers beyond 2^53: amounts are decimal strings.
const wei = z
  .string()
  .regex(/^(0|[1-9][0-9]*)$/, 'expected a decimal amount in wei, as a string')
  .transform((text) => BigInt(text))
const address = z
  .string()
  .refine((text) => isHexBytes(text, 20), 'expected an address: 0x and 40 hex digits')
  .transform((text) => text.toLowerCase() as Address)
const hash = z
  .string()
  .refine((text) => isHexBytes(text, 32), 'expected 0x and 64 hex digits')
  .transform((text) => text.toLowerCase() as Hash)
const bytes = z
  .string()
  .refine((text) => isHexBytes(text), 'expected 0x and an even number of hex digits')
  .transform((text) => text.toLowerCase() as Hex)
const whole = (min: number, max: number) => z.number().int().min(min).max(max)
const basisPoints = whole(0, 10_000)

const timeouts = z.strictObject({
  proposeMs: whole(10, 60_000),
  prevoteMs: whole(10, 60_000),
  precommitMs: whole(10, 60_000),
  /** Added to each timeout for each round after the first. */
  perRoundMs: whole(0, 60_000),
})

const consensus = z.strictObject({
  blockIntervalMs: whole(100, 60_000),
  timeouts,
  epochBlocks: whole(1, 1_000_000),
  /** How far a fresh proposal's timestamp may lie from a validator's clock. */
  maxClockDriftMs: whole(500, 60_000),
})

const fees = z.strictObject({
  /** EIP-1559's BASE_FEE_MAX_CHANGE_DENOMINATOR, larger because blocks are short. */
  baseFeeDenominator: whole(2, 10_000),
  /** EIP-1559's ELASTICITY_MULTIPLIER. */
  elasticity: whole(2, 16),
  minimumBaseFeeWei: wei,
  /** The treasury's share of the base fee; the rest is burnt. */
  treasuryShareBps: basisPoints,
})

const staking = z.strictObject({
  /** Powers are whole OPEN: a validator with less than one would have none. */
  minimumStakeWei: wei.refine((minimum) => minimum >= 10n ** 18n, 'expected at least one OPEN'),
  maxValidators: whole(1, 100),
  unbondingBlocks: whole(1, 100_000_000),
  /** Certificates after which members that signed fewer than `downtimeShareBps` of them are jailed. */
  downtimeWindowBlocks: whole(2, 1_000_000),
  downtimeShareBps: basisPoints,
  /** Blocks after which an operator may unjail its validator. */
  jailBlocks: whole(1, 100_000_000),
  doubleSignSlashBps: basisPoints,
  doubleSignBountyBps: basisPoints,
})

/** Parameters of the native precompiles, each under the name and with the meaning of `precompiles/parameters.ts`. */
const blocks = whole(1, 100_000_000)
const attribution = z.strictObject({
  revealMinBlocks: blocks,
  revealMaxBlocks: blocks,
  scoreCommitBlocks: blocks,
  scoreRevealBlocks: blocks,
  scorerBondWei: wei,
  scorerExitBlocks: blocks,
  rowsPerAdapterMax: whole(1, 65_536),
  kAllowed: z.array(whole(8, 4_096)).min(1).max(16),
  rowNormPerRecord: wei,
  adapterBondWei: wei,
  adapterExitBlocks: blocks,
  priceRiseDelayBlocks: blocks,
  challengeWindowBlocks: blocks,
  withdrawDelayBlocks: blocks,
  hostBondMinWei: wei,
  hostBondMultiple: whole(1, 1_000),
  hostExitBlocks: blocks,
  hostSlashBps: basisPoints,
  queryNormSquaredPerK: whole(1, 16_129),
  settlementGas: wei,
  settlerCapBps: basisPoints,
  split: z.strictObject({
    contributors: whole(3_000, 10_000),
    owner: basisPoints,
    host: basisPoints,
    stakers: basisPoints,
    application: basisPoints,
    treasury: basisPoints,
  }),
  finalizeGas: wei,
  finalizerCapBps: basisPoints,
  auditorPayBps: basisPoints,
  auditRateBps: basisPoints,
  auditCommittee: whole(1, 100),
  auditCommitBlocks: blocks,
  auditRevealBlocks: blocks,
  auditorBondMinWei: wei,
  auditorExitBlocks: blocks,
  windowReceipts: whole(1, 4_096),
  windowAgeBlocks: blocks,
  closeGasPerRow: wei,
  closerCapBps: basisPoints,
  scorerPanel: whole(3, 7),
  contributionChallengeBlocks: blocks,
  contributionChallengeBondWei: wei,
  purseExitBlocks: blocks,
  privateRecordsMin: whole(1, 1_000),
  rowChallengeBondWei: wei,
  rowAuditCommitBlocks: blocks,
  receiptChallengeBondWei: wei,
  appealBlocks: blocks,
  appealBondWei: wei,
  auditorMissBps: basisPoints,
  auditorSlashBps: basisPoints,
  /** Sets the governed parameters; the zero address where nobody does. */
  governanceAddress: address,
})

/** One entry of the native precompiles' schedule. */
const precompileUpgrade = z.strictObject({
  name: z.string().min(1).max(64),
  /** Null takes the precompile out of service. */
  version: whole(1, 1_000).nullable(),
  /** Holds in blocks with this timestamp or a later one; seconds since the Unix epoch. */
  timestamp: whole(0, Number.MAX_SAFE_INTEGER),
})

const genesisValidator = z.strictObject({
  operator: address,
  consensusKey: address,
  feeRecipient: address,
  randomnessTip: hash,
  stakeWei: wei,
})

const allocAccount = z.strictObject({
  balanceWei: wei.optional(),
  nonce: whole(0, 2 ** 32).optional(),
  code: bytes.optional(),
  storage: z.record(hash, hash).optional(),
})

export const genesisSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]{1,32}$/),
  /** Null in a network whose id is not decided; such a genesis refuses to start. */
  chainId: whole(1, 2 ** 48).nullable(),
  /** Seconds since the Unix epoch. */
  timestamp: whole(0, 2 ** 40),
  /** The genesis block's prevRandao: random in each new devnet, so that no two share a genesis hash. */
  stamp: hash,
  gasLimit: whole(1_000_000, 2_000_000_000),
  baseFeeWei: wei,
  builderBudgetMs: whole(10, 10_000),
  consensus,
  fees,
  staking,
  attribution,
  precompiles: z.array(precompileUpgrade).max(64),
  /** Empty in a network that has not gathered its validators; such a genesis refuses to start. */
  validators: z.array(genesisValidator).max(100),
  /** Accounts of people. */
  accounts: z.record(address, z.strictObject({ balanceWei: wei })),
  /** Predeployed contracts, constructed by `scripts/genesis` and checked bit for bit. */
  alloc: z.record(address, allocAccount),
})

export type Genesis = z.output<typeof genesisSchema>
export type GenesisInput = z.input<typeof genesisSchema>
export type GenesisValidator = Genesis['validators'][number]
export type AttributionParameters = Genesis['attribution']

/** OpenLedger's own public networks; a chain of ours must not be mistaken for them. */
const FOREIGN_CHAIN_IDS = new Set([1612, 161201])

export function parseGenesis(json: unknown, source: string): Genesis {
  const result = genesisSchema.safeParse(json)
  if (!result.success) {
    const issue = result.error.issues[0]
    const where = issue === undefined || issue.path.length === 0 ? 'the file' : issue.path.join('.')
    throw new NodeError('BAD_GENESIS', `${source}: ${where}: ${issue?.message ?? 'malformed'}.`)
  }
  const genesis = result.data
  if (genesis.chainId !== null && FOREIGN_CHAIN_IDS.has(genesis.chainId)) {
    throw new NodeError('BAD_GENESIS', `${source}: chain id ${genesis.chainId} belongs to another network.`)
  }
  return genesis
}
