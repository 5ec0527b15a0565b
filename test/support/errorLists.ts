import { DISPATCHER_ERRORS } from './hostMatrix/rules.ts'

/** The custom errors that one test file must reach, of one interface or of all native precompiles. */
export interface ErrorList {
  readonly file: string
  readonly of: 'every native precompile' | `I${string}`
  readonly errors: readonly string[]
}

/**
 * Together they are all errors of all interfaces; a test checks that, and each file that it reaches its own. A new error
 * goes to the list of the file that tests it.
 */
export const errorLists: readonly ErrorList[] = [
  {
    file: 'test/unit/execution/hostMatrix.test.ts',
    of: 'every native precompile',
    errors: DISPATCHER_ERRORS,
  },
  {
    file: 'test/unit/precompiles/datanet/errors.test.ts',
    of: 'IDatanetRegistry',
    errors: [
      'AlreadyCommitted',
      'AlreadyRevealed',
      'AlreadyScorer',
      'BondTooLow',
      'BoundExceeded',
      'CommitmentMismatch',
      'ContributorMayNotScore',
      'EmptyContribution',
      'InvalidKind',
      'InvalidPolicy',
      'InvalidQuality',
      'InvalidScorer',
      'InvalidSignatureLength',
      'InvalidText',
      'InvalidThreshold',
      'LengthMismatch',
      'NoScorerSeat',
      'NotContributor',
      'NotOwner',
      'NotScorer',
      'NothingAccepted',
      'NothingToClaim',
      'PrivatePolicyUnavailable',
      'ScorerStillBound',
      'SystemAccount',
      'TooEarly',
      'TooLate',
      'UnknownCommitment',
      'UnknownContribution',
      'UnknownDatanet',
      'UnknownVersion',
      'WrongBond',
      'WrongPolicy',
      'WrongStatus',
      'ZeroCommitment',
    ],
  },
  {
    file: 'test/unit/precompiles/adapter/adapters.test.ts',
    of: 'IAdapterRegistry',
    errors: [
      'BaseModelExists',
      'BondLocked',
      'BondTooLow',
      'BoundExceeded',
      'DatanetsNotSorted',
      'InvalidK',
      'InvalidParent',
      'InvalidPrice',
      'InvalidRank',
      'InvalidRow',
      'InvalidText',
      'NotOwner',
      'NothingToClaim',
      'RowsIncomplete',
      'RowsRootMismatch',
      'RoyaltyTooHigh',
      'SystemAccount',
      'TooManyRows',
      'UnknownAdapter',
      'UnknownBaseModel',
      'UnknownVersion',
      'WrongChunkLength',
      'WrongStartRow',
      'WrongStatus',
      'ZeroHash',
    ],
  },
  {
    file: 'test/unit/precompiles/proofOfAttribution/errors.test.ts',
    of: 'IProofOfAttribution',
    errors: [
      'AlreadyCommitted',
      'AlreadyMarked',
      'AlreadyRegistered',
      'AmountTooHigh',
      'BondLocked',
      'BondTooLow',
      'BoundExceeded',
      'FactsMismatch',
      'InvalidRow',
      'InvalidSigner',
      'InvalidText',
      'InvalidVerdict',
      'LengthMismatch',
      'NotInCommittee',
      'NotRegistered',
      'NotRequester',
      'NothingRequested',
      'NothingToClaim',
      'ReceiptsOpen',
      'SystemAccount',
      'TooEarly',
      'TooLate',
      'TooManyAuditors',
      'UnknownAdapter',
      'UnknownBaseModel',
      'UnknownCommitment',
      'UnknownReceipt',
      'UnknownWindow',
      'WindowNotReady',
      'WrongStatus',
      'ZeroAmount',
      'ZeroCommitment',
      'ZeroWork',
    ],
  },
  {
    file: 'test/unit/precompiles/proofOfAttribution/refusals.test.ts',
    of: 'IProofOfAttribution',
    errors: ['NotGovernance', 'OutOfBounds', 'UnknownMember', 'UnknownVersion'],
  },
  {
    file: 'test/unit/execution/stakingErrors.test.ts',
    of: 'IStaking',
    errors: [
      'AlreadyRegistered',
      'BadKeyProof',
      'BadReveal',
      'CandidatesFull',
      'ConsensusKeyTaken',
      'NoDoubleSign',
      'NotYetWithdrawable',
      'NothingToWithdraw',
      'OnlySystem',
      'StakeTooLow',
      'Tombstoned',
      'TransferFailed',
      'UnknownOperator',
      'ZeroAddress',
    ],
  },
]

/** What this file must reach, sorted. */
export function expectedErrors(file: string): readonly string[] {
  const list = errorLists.find((one) => one.file === file)
  if (list === undefined) throw new Error(`${file} has no list in test/support/errorLists.ts.`)
  return [...list.errors].sort()
}
