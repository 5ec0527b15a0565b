// The package's public face, `openledger/sdk`: what applications, wallets and contributors build on, beside viem.
export { iAdapterRegistryAbi as adapterRegistryAbi } from '../../contracts/generated/IAdapterRegistry.ts'
export { iDatanetRegistryAbi as datanetRegistryAbi } from '../../contracts/generated/IDatanetRegistry.ts'
export { iProofOfAttributionAbi as proofOfAttributionAbi } from '../../contracts/generated/IProofOfAttribution.ts'
export { iSlashingAbi as slashingAbi } from '../../contracts/generated/ISlashing.ts'
export { iStakingAbi as stakingAbi } from '../../contracts/generated/IStaking.ts'
export { treasuryAbi } from '../../contracts/generated/Treasury.ts'
export {
  type ContributionFacts,
  canonicalRecords,
  type DataRecord,
  describeContribution,
  parseRecords,
} from '../ai/records/record.ts'
export { SeededStream } from '../ai/seededStream.ts'
export { nativeAddresses, predeploys } from '../chainspec/addresses.ts'
export type { Address, Hash, Hex } from '../primitives/hex.ts'
export { rowAuditCommitment, rowVerdicts, WHOLE_FOLD } from './adapters.ts'
export {
  type AuditCommit,
  appealCommitment,
  auditCommitment,
  auditVerdicts,
  receiptFacts,
} from './audits.ts'
export { type OpenLedgerChainOptions, openledgerChain, openledgerDevnet } from './chain.ts'
export {
  type ContributionClaim,
  type ContributionSubject,
  contributionClaim,
  contributionCommitment,
  contributionKinds,
  knownAnswerCommitment,
  type ReceiptFacts,
  type ScoreReport,
  scoreReasons,
  scoreReport,
  scoresCommitment,
  sponsoredCommit,
  sponsoredCommitTypes,
} from './contributions.ts'
export {
  auditClasses,
  inferenceRequestTypes,
  type PaidPrediction,
  type Prediction,
  type PredictRequest,
  predict,
} from './inference.ts'
export { LightClient, type VerifiedHeader } from './proofs/lightClient.ts'
export { httpLightRpc, type LightRpc } from './proofs/lightRpc.ts'
export { type PayoutQuestion, type ProvenPayout, type ProvenShare, provePayout } from './proofs/payout.ts'
export { RemoteState } from './proofs/remoteState.ts'
