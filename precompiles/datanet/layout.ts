import type { Address } from '../../src/primitives/hex.ts'
import { bounds } from '../bounds.ts'
import { blobKind } from '../shared/blobs.ts'
import { mappingSlot, namespaceSlot, StructView, struct } from '../shared/layout.ts'
import type { SlotReader } from '../shared/store.ts'

/** Storage of the Datanet registry. Each struct is what a Solidity contract with the same fields would lay out. */
export const REGISTRY_SLOT = namespaceSlot('openledger.storage.DatanetRegistry')

export const registryLayout = struct({
  datanetCount: 'uint64',
  contributionCount: 'uint64',
  /** uint64 datanetId → Datanet */
  datanets: 'mapping',
  /** uint64 contributionId → Contribution */
  contributions: 'mapping',
  /** bytes32 contentRoot → uint64 id of the earliest commit revealed with it */
  roots: 'mapping',
  /** bytes32 bucket → uint64[16] ids of cluster leaders */
  buckets: 'mapping',
  /** address scorer → bytes32 commitment → bytes32 hash of the ids, and of their panels' blocks, that it covers */
  scoreCommitments: 'mapping',
  /** address contributor → uint256 signed commits so far */
  nonces: 'mapping',
  /** bytes32 receiptId → uint64 id of the last feedback revealed for it */
  feedback: 'mapping',
  /** uint256 word → uint256 bits: bit i of word w is contribution 256·w + i */
  tombstones: 'mapping',
})

export const datanetLayout = struct({
  owner: 'address',
  minBondWei: 'uint96',
  bountyPerRecordWei: 'uint96',
  scorerPayWei: 'uint96',
  acceptThresholdBps: 'uint16',
  kind: 'uint8',
  policy: 'uint8',
  versions: 'uint32',
  ordered: 'uint64',
  /** Bit per seat that scores now. */
  activeSeats: 'uint64',
  /** Bit per seat that is not free: active ones and those whose bond is still held. */
  takenSeats: 'uint64',
  /** Seats ever given. The number of a seat's scorer tells whether it had the seat when a panel was fixed. */
  seatings: 'uint32',
  keyEpoch: 'uint32',
  /** What the purse can still promise. */
  purseWei: 'uint96',
  /** Set aside for bounties of accepted contributions. */
  promisedWei: 'uint96',
  purseWithdrawableBlock: 'uint40',
  pendingOwner: 'address',
  purseLeavingWei: 'uint96',
  name: 'string',
  licence: 'string',
  metadataCid: 'string',
  /** uint64[]: contribution ids in commit order */
  order: 'array',
  /** uint8 seat → Scorer */
  scorers: 'mapping',
  /** address → uint8 seat + 1 */
  seatOf: 'mapping',
  /** uint32 version → Version */
  versionsById: 'mapping',
  /** address → uint8 roles */
  roles: 'mapping',
  /** address → Access */
  access: 'mapping',
  /** bytes32 commitment → uint40 block */
  knownAnswers: 'mapping',
})

export const scorerLayout = struct({
  account: 'address',
  bondWei: 'uint96',
  /** Zero while the scorer scores. */
  withdrawableBlock: 'uint40',
  /** The Datanet's `seatings` with this one. */
  seating: 'uint32',
  /** Known answers met, and those met rightly. */
  tests: 'uint32',
  hits: 'uint32',
})

export const contributionLayout = struct({
  contributor: 'address',
  datanetId: 'uint64',
  status: 'uint8',
  flags: 'uint8',
  noveltyBps: 'uint16',
  bondWei: 'uint96',
  position: 'uint64',
  commitBlock: 'uint40',
  recordCount: 'uint32',
  qualityBps: 'uint16',
  /** 1 first, 2 drawn again, 3 challenge; zero before the first. */
  round: 'uint8',
  bountyPerRecordWei: 'uint96',
  acceptThresholdBps: 'uint16',
  kind: 'uint8',
  reason: 'uint8',
  targetId: 'uint64',
  byteCount: 'uint64',
  commitment: 'bytes32',
  contentRoot: 'bytes32',
  leaderId: 'uint64',
  /** Block in which it was fixed who may be on the round's panel. */
  panelBlock: 'uint40',
  /** Both zero while the panel waits for its draw. */
  scoreCommitEndBlock: 'uint40',
  scoreRevealEndBlock: 'uint40',
  challengeEndBlock: 'uint40',
  /** The Datanet's `seatings` when it was fixed. */
  seatings: 'uint32',
  /** Bit per seat: the candidates until the draw, then the panel. */
  panel: 'uint64',
  scorersCommitted: 'uint64',
  scorersRevealed: 'uint64',
  /** The accepted correction that stands for this contribution. */
  supersededBy: 'uint64',
  /** Who paid the bond, when it was not the contributor. */
  sponsor: 'address',
  /** Set aside in the purse. */
  bountyWei: 'uint96',
  challenger: 'address',
  challengeBondWei: 'uint96',
  /** Per place in the panel, in open Datanets. */
  weights: 'uint16[64]',
  /** Per place in the panel. */
  reports: 'uint32[64]',
})

export const versionLayout = struct({
  frozen: 'bool',
  memberCount: 'uint32',
  recordCount: 'uint64',
  scannedTo: 'uint64',
  /** Positions below this are looked at; fixed by the first piece. */
  endPosition: 'uint64',
  /** Block of the first piece: what could not be challenged any more in it counts. */
  startBlock: 'uint40',
  frozenBlock: 'uint40',
  contentRoot: 'bytes32',
  /** Subtree roots between two pieces of a freeze, the largest first. */
  peaks: 'bytes32[32]',
  /** uint32[]: members up to and with each chunk */
  chunkEnds: 'array',
})

export const accessLayout = struct({
  status: 'uint8',
  requestedBlock: 'uint40',
  /** Last block of a grant. */
  untilBlock: 'uint40',
})

export const POLICY_OPEN = 0
export const POLICY_CURATED = 1
export const POLICY_PRIVATE = 2

/** Bits of what an owner lets others do. */
export const role = { manager: 1, freezer: 2, accessManager: 4 } as const
export const ALL_ROLES = role.manager | role.freezer | role.accessManager

export const contributionKind = { records: 0, labels: 1, correction: 2, feedback: 3 } as const

export const contributionStatus = {
  none: 0,
  committed: 1,
  revealed: 2,
  scoring: 3,
  accepted: 4,
  rejected: 5,
  refuted: 6,
  duplicate: 7,
  expired: 8,
  returned: 9,
  waiting: 10,
  challenged: 11,
  planted: 12,
} as const
export type ContributionStatus = (typeof contributionStatus)[keyof typeof contributionStatus]

/** `expired` is never stored: a grant ends with its last block. */
export const accessStatus = { none: 0, requested: 1, granted: 2, expired: 3, revoked: 4 } as const

export const FLAG_INDEX_FULL = 1

export const creditReason = {
  bondReturned: 1,
  bondKept: 2,
  scorerBond: 3,
  bounty: 5,
  scorerPay: 6,
  purse: 7,
  challengeBond: 8,
  challengeWon: 9,
  challengeLost: 10,
} as const

/** The MinHash signature of a contribution, 512 bytes. Keys: contribution id. */
export const minhashBlobs = blobKind('openledger.blob.Minhash')
/** Members of a version, 43 bytes each. Keys: Datanet id, version, chunk. */
export const memberBlobs = blobKind('openledger.blob.Members')

/** Where things are; the same for the registry itself and for siblings that read it. */
export class DatanetSlots {
  readonly #reader: SlotReader
  readonly registry: StructView<typeof registryLayout.fields>

  constructor(reader: SlotReader) {
    this.#reader = reader
    this.registry = new StructView(reader, registryLayout, REGISTRY_SLOT)
  }

  datanet(datanetId: bigint): bigint {
    return mappingSlot(this.#reader, this.registry.at('datanets'), datanetId)
  }

  contribution(contributionId: bigint): bigint {
    return mappingSlot(this.#reader, this.registry.at('contributions'), contributionId)
  }

  access(datanetId: bigint, account: Address): bigint {
    const datanet = new StructView(this.#reader, datanetLayout, this.datanet(datanetId))
    return mappingSlot(this.#reader, datanet.at('access'), account)
  }

  /** A word of the bitmap of tombstones. */
  tombstones(word: bigint): bigint {
    return mappingSlot(this.#reader, this.registry.at('tombstones'), word)
  }

  version(datanetId: bigint, version: number): bigint {
    const datanet = new StructView(this.#reader, datanetLayout, this.datanet(datanetId))
    return mappingSlot(this.#reader, datanet.at('versionsById'), version)
  }
}

/** Seats fit the masks and the reports above. */
export const SEATS = bounds.scorers
