import { blobKind } from '../shared/blobs.ts'
import { namespaceSlot, struct } from '../shared/layout.ts'

/** Storage of Proof of Attribution. Each struct is what a Solidity contract with the same fields would lay out. */
export const ROOT_SLOT = namespaceSlot('openledger.storage.ProofOfAttribution')

export const rootLayout = struct({
  hostCount: 'uint32',
  auditorCount: 'uint32',
  batchCount: 'uint64',
  grantCount: 'uint32',
  /** address requester → address host or zero → Deposit */
  deposits: 'mapping',
  /** uint32 hostId → Host */
  hosts: 'mapping',
  /** address → uint32 hostId of its newest registration */
  hostIds: 'mapping',
  /** uint32 auditorId → Auditor */
  auditors: 'mapping',
  /** address → uint64 baseModelId → uint32 auditorId */
  auditorIds: 'mapping',
  /** uint64 baseModelId → uint32[] ids of active auditors */
  auditorsOf: 'mapping',
  /** bytes32 receiptId → Receipt */
  receipts: 'mapping',
  /** uint64 batchId → Batch */
  batches: 'mapping',
  /** bytes32 receiptId → Audit */
  audits: 'mapping',
  /** address auditor → bytes32 commitment → bytes32 hash of the receipt ids that it covers */
  auditCommitments: 'mapping',
  /** uint64 adapterId → AdapterWindows */
  adapterWindows: 'mapping',
  /** uint64 adapterId → uint64 windowIndex → Window */
  windows: 'mapping',
  /** uint64 adapterId → uint32 version → uint64 its newest window, for versions that the newest window is not of */
  displacedWindows: 'mapping',
  /** address requester → uint32 grantId of its newest list of auditors; zero where it has none */
  grantIds: 'mapping',
  /** uint32 grantId → address[] auditors, ascending */
  grants: 'mapping',
  /** bytes32 receiptId → Challenge */
  challenges: 'mapping',
  /** bytes32 receiptId → Appeal */
  appeals: 'mapping',
  /** address auditor → bytes32 commitment → bytes32 hash of the receipt ids that it covers */
  appealCommitments: 'mapping',
})

export const depositLayout = struct({
  balanceWei: 'uint96',
  leavingWei: 'uint96',
  withdrawableBlock: 'uint40',
})

export const hostLayout = struct({
  account: 'address',
  bondWei: 'uint96',
  signer: 'address',
  openFeesWei: 'uint96',
  status: 'uint8',
  withdrawableBlock: 'uint40',
  endpoint: 'string',
})

export const auditorLayout = struct({
  account: 'address',
  bondWei: 'uint96',
  baseModelId: 'uint64',
  activeBlock: 'uint40',
  withdrawableBlock: 'uint40',
  /** Place in the list of its base model, while active. */
  listIndex: 'uint32',
  status: 'uint8',
})

/** Two slots for each receipt; everything else about it is in the digest. */
export const receiptLayout = struct({
  status: 'uint8',
  flags: 'uint8',
  weight: 'uint16',
  hostId: 'uint32',
  batchId: 'uint64',
  feeWei: 'uint96',
  /** The requester's list of auditors at settlement, for audit class 1. */
  grantId: 'uint32',
  digest: 'bytes32',
})

/** The receipts of one version of an adapter in one settle call. */
export const batchLayout = struct({
  adapterId: 'uint64',
  windowIndex: 'uint64',
  baseModelId: 'uint64',
  settledBlock: 'uint40',
})

export const auditLayout = struct({
  auditor0: 'uint32',
  auditor1: 'uint32',
  auditor2: 'uint32',
  seats: 'uint8',
  committed: 'uint8',
  revealed: 'uint8',
  /** Four bits for each seat. */
  verdicts: 'uint16',
  commitEndBlock: 'uint40',
  revealEndBlock: 'uint40',
  lastRevealBlock: 'uint40',
  /** The first ten bytes of each seat's digest. */
  digests: 'uint80[3]',
})
export const AUDITOR_FIELDS = ['auditor0', 'auditor1', 'auditor2'] as const
export const AUDITOR_ID_BITS = 32
export const DIGEST_BITS = 80
export const VERDICT_BITS = 4

export const challengeLayout = struct({
  challenger: 'address',
  bondWei: 'uint96',
  challengeBlock: 'uint40',
})

/** The electors and their bonds are in a blob; here they are counted from 0 in its order. */
export const appealLayout = struct({
  appellant: 'address',
  bondWei: 'uint96',
  committed: 'uint64',
  revealed: 'uint64',
  commitEndBlock: 'uint40',
  revealEndBlock: 'uint40',
  electors: 'uint8',
  /** Four bits for each elector. */
  verdicts: 'uint256',
})

export const adapterWindowsLayout = struct({ opened: 'uint64', closed: 'uint64' })

/** One slot until there is a pot: settlement writes it. A window has 1,024 receipts at most, and no more batches. */
export const windowLayout = struct({
  state: 'uint8',
  shift: 'uint8',
  openedBlock: 'uint40',
  settled: 'uint32',
  finished: 'uint32',
  batches: 'uint16',
  corrections: 'uint16',
  scoredRows: 'uint32',
  paidMembers: 'uint32',
  version: 'uint32',
  /** Members were tombstoned when the first one was paid: a blob says which. */
  tombstones: 'bool',
  potWei: 'uint96',
  closersWei: 'uint96',
})

export const hostStatus = { none: 0, active: 1, leaving: 2, left: 3 } as const
export const auditorStatus = { none: 0, active: 1, leaving: 2 } as const
export const receiptStatus = {
  none: 0,
  settled: 1,
  auditOpen: 2,
  appealed: 3,
  final: 4,
  rejected: 5,
  refunded: 6,
} as const

/** Settled, and not yet final, rejected or refunded. */
export function isOpen(status: number): boolean {
  return status >= receiptStatus.settled && status <= receiptStatus.appealed
}

export const receiptFlag = {
  audited: 1,
  unaudited: 2,
  notDrawn: 4,
  markedWrong: 8,
  challenged: 16,
  appealed: 32,
} as const
export const windowState = { none: 0, open: 1, scoring: 2, paying: 3, closed: 4 } as const

export const settlement = {
  settled: 1,
  alreadySettled: 2,
  malformed: 3,
  expired: 4,
  adapterNotActive: 5,
  hostNotActive: 6,
  badRequestSignature: 7,
  badReceiptSignature: 8,
  feeTooLow: 9,
  hostBondTooLow: 10,
  underfunded: 11,
  wrongProfile: 12,
  noAccess: 13,
} as const
export type Settlement = (typeof settlement)[keyof typeof settlement]

export const finalisation = {
  finalized: 1,
  rejected: 2,
  refunded: 3,
  alreadyFinal: 4,
  notYet: 5,
  unknownReceipt: 6,
  factsMismatch: 7,
  rowNeeded: 8,
  auditOpened: 9,
  appealOpened: 10,
} as const
export type Finalisation = (typeof finalisation)[keyof typeof finalisation]

export const auditClass = { public: 0, granted: 1, unaudited: 2 } as const
export const METHOD_GRADIENT = 0

export const creditReason = {
  settler: 1,
  finalizer: 2,
  host: 3,
  owner: 5,
  royalty: 6,
  stakers: 7,
  application: 8,
  treasury: 9,
  auditor: 10,
  closer: 11,
  hostBond: 12,
  auditorBond: 13,
  slashed: 14,
  challenger: 15,
  challengeReturned: 16,
  challengeLost: 17,
  appealReturned: 18,
  appealLost: 19,
} as const

/** Why an auditor lost a part of its bond. */
export const slashCause = { silent: 1, overturned: 2 } as const
export type SlashCause = (typeof slashCause)[keyof typeof slashCause]

/** The weighted sum of a batch's query rows. Keys: adapter id, window, batch of the window. */
export const sumBlobs = blobKind('openledger.blob.BatchSum')
/** Query rows to take out again. Keys: adapter id, window, correction of the window. */
export const correctionBlobs = blobKind('openledger.blob.Correction')
/** The window's query as int16. Keys: adapter id, window. */
export const queryBlobs = blobKind('openledger.blob.WindowQuery')
/** Electors of an appeal: a word for each, address and bond (96 bits). Key: receipt id. */
export const electorBlobs = blobKind('openledger.blob.Electors')
/** Scores as int128. Keys: adapter id, window, piece. */
export const scoreBlobs = blobKind('openledger.blob.WindowScores')
/** A bit for each member that was tombstoned when the window's first one was paid, low bits first. Keys: adapter id, window. */
export const tombstoneBlobs = blobKind('openledger.blob.WindowTombstones')
