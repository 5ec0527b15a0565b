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
  /** address scorer → bytes32 commitment → bytes32 hash of the ids that it covers */
  scoreCommitments: 'mapping',
})

export const datanetLayout = struct({
  owner: 'address',
  kind: 'uint8',
  policy: 'uint8',
  acceptThresholdBps: 'uint16',
  versions: 'uint32',
  minBondWei: 'uint96',
  ordered: 'uint64',
  /** Bit per seat that scores now. */
  activeSeats: 'uint64',
  /** Bit per seat that is not free: active ones and those whose bond is still held. */
  takenSeats: 'uint64',
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
})

export const scorerLayout = struct({
  account: 'address',
  bondWei: 'uint96',
  /** Zero while the scorer scores. */
  withdrawableBlock: 'uint40',
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
  byteCount: 'uint64',
  leaderId: 'uint64',
  scoreCommitEndBlock: 'uint40',
  scoreRevealEndBlock: 'uint40',
  commitment: 'bytes32',
  contentRoot: 'bytes32',
  scorersCommitted: 'uint64',
  scorersRevealed: 'uint64',
  /** Per seat: quality in bps, and REPORT_DIFFERS where the report differs from the claim. */
  reports: 'uint16[64]',
})

export const versionLayout = struct({
  frozen: 'bool',
  memberCount: 'uint32',
  recordCount: 'uint64',
  scannedTo: 'uint64',
  frozenBlock: 'uint40',
  contentRoot: 'bytes32',
  /** Subtree roots between two pieces of a freeze, the largest first. */
  peaks: 'bytes32[32]',
  /** uint32[]: members up to and with each chunk */
  chunkEnds: 'array',
})

export const POLICY_OPEN = 0
export const POLICY_CURATED = 1
export const POLICY_PRIVATE = 2

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
} as const
export type ContributionStatus = (typeof contributionStatus)[keyof typeof contributionStatus]

export const FLAG_INDEX_FULL = 1
export const REPORT_DIFFERS = 0x8000

export const creditReason = { bondReturned: 1, bondKept: 2, scorerBond: 3 } as const

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

  version(datanetId: bigint, version: number): bigint {
    const datanet = new StructView(this.#reader, datanetLayout, this.datanet(datanetId))
    return mappingSlot(this.#reader, datanet.at('versionsById'), version)
  }
}

/** Seats fit the masks and the reports above. */
export const SEATS = bounds.scorers
