import { NodeError } from '../src/errors/errors.ts'
import type { Address } from '../src/primitives/hex.ts'
import { ADAPTER_ADDRESS, ATTRIBUTION_ADDRESS, DATANET_ADDRESS } from './addresses.ts'
import { bounds } from './bounds.ts'

/** Shares of a fee after the settler's pay, in basis points; together 10,000. */
export interface SplitBps {
  readonly contributors: number
  readonly owner: number
  readonly host: number
  readonly stakers: number
  readonly application: number
  readonly treasury: number
}

/** What genesis fixes for the native precompiles. Blocks are counts of blocks, amounts wei, bps hundredths of a percent. */
export interface PrecompileParameters {
  readonly stakingAddress: Address
  readonly treasuryAddress: Address
  /** Precompiles and predeploys: they hold no credit of their own, Staking and Treasury excepted. */
  readonly systemAccounts: readonly Address[]

  /** A contribution is revealed at least and at most this many blocks after its commit. */
  readonly revealMinBlocks: number
  readonly revealMaxBlocks: number
  readonly scoreCommitBlocks: number
  readonly scoreRevealBlocks: number
  readonly scorerBondWei: bigint
  /** From leaving to the bond: longer than both score windows. */
  readonly scorerExitBlocks: number

  readonly rowsPerAdapterMax: number
  readonly kAllowed: readonly number[]
  /** Longest that the feature of one record may be, in units of 2^−32. */
  readonly rowNormPerRecord: bigint
  readonly adapterBondWei: bigint
  readonly adapterExitBlocks: number
  /** Blocks until a rise takes effect, and how long a request may be outstanding. */
  readonly priceRiseDelayBlocks: number

  /** Blocks between settlement and finalisation, and between publication and activity of an adapter. */
  readonly challengeWindowBlocks: number
  readonly withdrawDelayBlocks: number
  readonly hostBondMinWei: bigint
  readonly hostBondMultiple: number
  readonly hostExitBlocks: number
  /** Part of the bond behind a rejected receipt (fee × hostBondMultiple) that is slashed. */
  readonly hostSlashBps: number
  /** Σ int8² of a query row, at most this times k. */
  readonly queryNormSquaredPerK: number

  readonly settlementGas: bigint
  readonly settlerCapBps: number
  readonly split: SplitBps
  readonly finalizeGas: bigint
  /** Of the treasury's part (or of a slashed bond). */
  readonly finalizerCapBps: number
  readonly auditorPayBps: number

  readonly auditRateBps: number
  readonly auditCommittee: number
  readonly auditCommitBlocks: number
  readonly auditRevealBlocks: number
  readonly auditorBondMinWei: bigint
  readonly auditorExitBlocks: number

  readonly windowReceipts: number
  readonly windowAgeBlocks: number
  readonly closeGasPerRow: bigint
  readonly closerCapBps: number

  /** Scorers drawn for a contribution to an open Datanet. */
  readonly scorerPanel: number
  /** Blocks after a decision in which an accepted contribution can be challenged; its bond stays as long. */
  readonly contributionChallengeBlocks: number
  readonly contributionChallengeBondWei: bigint
  /** From asking for a Datanet's purse to getting it: longer than a commit made before may take to its decision. */
  readonly purseExitBlocks: number
  /** A contribution to a private Datanet with fewer records gets no row. */
  readonly privateRecordsMin: number

  readonly rowChallengeBondWei: bigint
  /** Rows are derived again before a verdict on them: that takes minutes. */
  readonly rowAuditCommitBlocks: number

  readonly receiptChallengeBondWei: bigint
  /** Blocks after a committee's last reveal in which its finding can be appealed. */
  readonly appealBlocks: number
  readonly appealBondWei: bigint
  /** Part of the bond that an auditor loses for a seat without a reveal, and for a verdict that an appeal overturns. */
  readonly auditorMissBps: number
  readonly auditorSlashBps: number

  /** Sets the governed parameters; the zero address where nobody does. */
  readonly governanceAddress: Address
}

const OPEN = 10n ** 18n
const predeploy = (suffix: string): Address => `0x${suffix.padStart(40, '0')}`

const STAKING = predeploy('16121001')
const TREASURY = predeploy('16121002')

/** The numbers of a devnet. The predeploys' addresses are those that genesis puts them at. */
export const devnetParameters: PrecompileParameters = {
  stakingAddress: STAKING,
  treasuryAddress: TREASURY,
  systemAccounts: [DATANET_ADDRESS, ADAPTER_ADDRESS, ATTRIBUTION_ADDRESS, STAKING, TREASURY],

  revealMinBlocks: 2,
  revealMaxBlocks: 16,
  scoreCommitBlocks: 20,
  scoreRevealBlocks: 20,
  scorerBondWei: 100n * OPEN,
  scorerExitBlocks: 100,

  rowsPerAdapterMax: 4096,
  kAllowed: [512, 1024],
  // a projected unit gradient has length 1 ± 0.03 at k = 1024; a quarter more is room for short rows and rounding
  rowNormPerRecord: (5n * 2n ** 32n) / 4n,
  adapterBondWei: OPEN,
  adapterExitBlocks: 300,
  priceRiseDelayBlocks: 100,

  challengeWindowBlocks: 30,
  withdrawDelayBlocks: 110,
  hostBondMinWei: OPEN,
  hostBondMultiple: 20,
  hostExitBlocks: 300,
  hostSlashBps: 10_000,
  queryNormSquaredPerK: 4096,

  settlementGas: 120_000n,
  settlerCapBps: 1000,
  split: { contributors: 4000, owner: 2000, host: 2000, stakers: 1000, application: 500, treasury: 500 },
  finalizeGas: 60_000n,
  finalizerCapBps: 2000,
  auditorPayBps: 5000,

  auditRateBps: 10_000,
  auditCommittee: 3,
  auditCommitBlocks: 20,
  auditRevealBlocks: 20,
  auditorBondMinWei: 10n * OPEN,
  auditorExitBlocks: 300,

  windowReceipts: 32,
  windowAgeBlocks: 120,
  closeGasPerRow: 40_000n,
  closerCapBps: 200,

  scorerPanel: 5,
  contributionChallengeBlocks: 10,
  contributionChallengeBondWei: OPEN,
  purseExitBlocks: 150,
  privateRecordsMin: 16,

  rowChallengeBondWei: 10n * OPEN,
  rowAuditCommitBlocks: 60,

  receiptChallengeBondWei: OPEN / 10n,
  appealBlocks: 5,
  appealBondWei: OPEN,
  auditorMissBps: 100,
  auditorSlashBps: 2000,

  governanceAddress: `0x${'00'.repeat(20)}`,
}

const BPS_FIELDS = [
  'hostSlashBps',
  'settlerCapBps',
  'finalizerCapBps',
  'auditorPayBps',
  'auditRateBps',
  'closerCapBps',
  'auditorMissBps',
  'auditorSlashBps',
] as const

type Rule = readonly [holds: boolean, otherwise: string]

/** Refuses parameters under which the precompiles' promises would not hold. Errors: BAD_GENESIS. */
export function checkParameters(parameters: PrecompileParameters): PrecompileParameters {
  for (const [holds, otherwise] of [
    ...shareRules(parameters),
    ...timeRules(parameters),
    ...sizeRules(parameters),
  ]) {
    if (holds) continue
    throw new NodeError('BAD_GENESIS', `The precompile parameters are inconsistent: ${otherwise}.`)
  }
  return parameters
}

function shareRules(parameters: PrecompileParameters): readonly Rule[] {
  const { split, finalizerCapBps, auditorPayBps } = parameters
  const shares = Object.values<number>({ ...split })
  const total = shares.reduce((sum, bps) => sum + bps, 0)
  return [
    [total === 10_000, `the split adds up to ${total} instead of 10,000 bps`],
    [split.contributors >= bounds.contributorsBps, 'contributors get less than 3,000 bps'],
    [shares.every((bps) => bps >= 0), 'a share of the split is negative'],
    ...BPS_FIELDS.map((name): Rule => {
      const bps = parameters[name]
      return [bps >= 0 && bps <= 10_000, `${name} is not within 0 and 10,000`]
    }),
    [finalizerCapBps + auditorPayBps <= 10_000, 'finalizer and auditors get more than the treasury’s part'],
  ]
}

function timeRules(parameters: PrecompileParameters): readonly Rule[] {
  const { revealMinBlocks, revealMaxBlocks, scoreCommitBlocks, scoreRevealBlocks, scorerExitBlocks } =
    parameters
  const auditBlocks = parameters.auditCommitBlocks + parameters.auditRevealBlocks
  // an audit, and its appeal to everybody
  const openBlocks = parameters.challengeWindowBlocks + 2 * auditBlocks + parameters.appealBlocks
  const rowBlocks =
    parameters.challengeWindowBlocks + parameters.rowAuditCommitBlocks + parameters.auditRevealBlocks
  // two rounds, for a first without a quorum is drawn once more
  const scoringBlocks = revealMaxBlocks + 2 * (scoreCommitBlocks + scoreRevealBlocks)
  return [
    [revealMinBlocks >= 1 && revealMaxBlocks > revealMinBlocks, 'the reveal window is empty'],
    [
      scorerExitBlocks > scoreCommitBlocks + scoreRevealBlocks,
      'a scorer’s bond is free before its scores are decided',
    ],
    [
      parameters.withdrawDelayBlocks > parameters.priceRiseDelayBlocks,
      'a deposit is free before the longest deadline has passed',
    ],
    [parameters.hostExitBlocks > openBlocks, 'a host’s bond is free before its receipts are final'],
    [parameters.adapterExitBlocks > openBlocks, 'an adapter’s bond is free before its receipts are final'],
    [
      parameters.auditorExitBlocks > Math.max(openBlocks, rowBlocks),
      'an auditor’s bond is free before its audits end',
    ],
    [parameters.adapterExitBlocks > rowBlocks, 'an adapter’s bond is free before its rows are decided'],
    [parameters.purseExitBlocks > scoringBlocks, 'a purse is free before what was promised is paid'],
  ]
}

function sizeRules(parameters: PrecompileParameters): readonly Rule[] {
  const { auditCommittee, windowReceipts, kAllowed, rowsPerAdapterMax, hostBondMultiple } = parameters
  const { stakingAddress, treasuryAddress, systemAccounts } = parameters
  const { scorerPanel, scorerBondWei, contributionChallengeBlocks } = parameters
  const needed = [DATANET_ADDRESS, ADAPTER_ADDRESS, ATTRIBUTION_ADDRESS, stakingAddress, treasuryAddress]
  const inWindow = windowReceipts + bounds.receiptsPerCall
  return [
    [
      scorerPanel >= bounds.scorerQuorum && scorerPanel <= bounds.scorers,
      `a panel has ${bounds.scorerQuorum} to ${bounds.scorers} scorers`,
    ],
    [scorerBondWei > 0n, 'scorers bond nothing'],
    [contributionChallengeBlocks >= 1, 'contributions cannot be challenged'],
    [
      auditCommittee >= 1 && auditCommittee <= bounds.committee,
      `a committee has 1 to ${bounds.committee} seats`,
    ],
    [
      windowReceipts >= 1 && inWindow <= bounds.windowReceipts,
      'a window takes more receipts than its sums can hold',
    ],
    [
      kAllowed.length > 0 && kAllowed.every((k) => k >= 8 && k <= bounds.k && k % 8 === 0),
      `k is not a multiple of 8 from 8 to ${bounds.k}`,
    ],
    [
      rowsPerAdapterMax >= 1 && rowsPerAdapterMax <= bounds.rowsPerAdapter,
      'a window cannot score so many rows',
    ],
    [
      parameters.settlementGas >= 0n && parameters.settlementGas < 2n ** 32n,
      'the gas of a settlement is not below 2^32',
    ],
    [
      parameters.windowAgeBlocks >= 0 && parameters.windowAgeBlocks < 2 ** 32,
      'the age of a window is not below 2^32 blocks',
    ],
    [hostBondMultiple >= 1, 'a host’s bond does not cover its open fees'],
    [
      [...needed, ...systemAccounts].every((account) => /^0x[0-9a-f]{40}$/.test(account)),
      'an address is not 20 bytes in lower case',
    ],
    [
      needed.every((account) => systemAccounts.includes(account)),
      'the precompiles, Staking or Treasury are missing from the system accounts',
    ],
  ]
}
