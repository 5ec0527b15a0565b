import { blobKind } from '../shared/blobs.ts'
import { mappingSlot, namespaceSlot, StructView, struct } from '../shared/layout.ts'
import type { SlotReader } from '../shared/store.ts'

/** Storage of the adapter registry. Each struct is what a Solidity contract with the same fields would lay out. */
export const REGISTRY_SLOT = namespaceSlot('openledger.storage.AdapterRegistry')

export const registryLayout = struct({
  baseModelCount: 'uint64',
  adapterCount: 'uint64',
  challengeCount: 'uint64',
  /** uint64 baseModelId → BaseModel */
  baseModels: 'mapping',
  /** bytes32 keccak256(onnxHash ‖ tokenizerHash ‖ profileHash) → uint64 baseModelId */
  baseModelIds: 'mapping',
  /** uint64 adapterId → Adapter */
  adapters: 'mapping',
  /** uint64 adapterId → RowChallenge, its newest */
  rowChallenges: 'mapping',
  /** address auditor → bytes32 commitment → bytes32 hash of the challenges that it covers */
  rowCommitments: 'mapping',
})

export const baseModelLayout = struct({
  registrant: 'address',
  registeredBlock: 'uint40',
  onnxHash: 'bytes32',
  tokenizerHash: 'bytes32',
  profileHash: 'bytes32',
  name: 'string',
  metadataCid: 'string',
})

// the first slots of an adapter and of a version are what settlement reads

export const adapterLayout = struct({
  owner: 'address',
  baseModelId: 'uint64',
  /** Active stands for draft and published too, which follow from the versions and the block. */
  status: 'uint8',
  accessPolicy: 'uint8',
  depth: 'uint8',
  bondWei: 'uint96',
  bondReleaseBlock: 'uint40',
  newestVersion: 'uint32',
  /** As of the last draft; a pending version may have become current since. */
  currentVersion: 'uint32',
  /** First block of the next price; zero when there is none. */
  nextPriceBlock: 'uint40',
  baseWei: 'uint80',
  perThousandInputWei: 'uint80',
  perThousandOutputWei: 'uint80',
  nextBaseWei: 'uint80',
  nextPerThousandInputWei: 'uint80',
  nextPerThousandOutputWei: 'uint80',
  pendingOwner: 'address',
  licence: 'string',
  metadataCid: 'string',
  /** Parent[] */
  parents: 'array',
  /** uint32 version → AdapterVersion */
  versions: 'mapping',
  /** address → uint40 last block in which it may use the adapter */
  access: 'mapping',
})

export const versionLayout = struct({
  /** Published stands for active and retired too, which follow from the block. */
  status: 'uint8',
  k: 'uint16',
  rank: 'uint16',
  alpha: 'uint16',
  rowCount: 'uint32',
  memberCount: 'uint32',
  challengeEndBlock: 'uint40',
  activeFromBlock: 'uint40',
  retiredBlock: 'uint40',
  corpusChunks: 'uint32',
  passages: 'uint32',
  passageDims: 'uint16',
  corpusRoot: 'bytes32',
  passagesRoot: 'bytes32',
  weightsHash: 'bytes32',
  configHash: 'bytes32',
  manifestHash: 'bytes32',
  targetsHash: 'bytes32',
  projectionSeed: 'bytes32',
  rowsRoot: 'bytes32',
  /** DatanetVersion[] */
  datanets: 'array',
})

export const rowChallengeLayout = struct({
  challenger: 'address',
  challengeId: 'uint64',
  status: 'uint8',
  seats: 'uint8',
  committed: 'uint8',
  revealed: 'uint8',
  row: 'uint32',
  version: 'uint32',
  challengeBlock: 'uint40',
  commitEndBlock: 'uint40',
  revealEndBlock: 'uint40',
  /** Four bits for each seat. */
  verdicts: 'uint16',
  auditor0: 'address',
  bondWei: 'uint96',
  auditor1: 'address',
  auditor2: 'address',
})
export const SEAT_FIELDS = ['auditor0', 'auditor1', 'auditor2'] as const
export const VERDICT_BITS = 4
/** In place of a row: the fold M, of which all rows are made. */
export const WHOLE_FOLD = 2 ** 32 - 1

export const datanetVersionLayout = struct({ datanetId: 'uint64', version: 'uint32' })
export const parentLayout = struct({ adapterId: 'uint64', royaltyBps: 'uint16' })

export const adapterStatus = {
  none: 0,
  draft: 1,
  published: 2,
  active: 3,
  paused: 4,
  deprecated: 5,
  refuted: 6,
} as const
export type AdapterStatus = (typeof adapterStatus)[keyof typeof adapterStatus]

export const versionStatus = {
  none: 0,
  draft: 1,
  published: 2,
  active: 3,
  retired: 5,
  refuted: 6,
  dropped: 7,
} as const
export type VersionStatus = (typeof versionStatus)[keyof typeof versionStatus]

export const ACCESS_OPEN = 0
export const ACCESS_LIST = 1

export const challengeStatus = {
  none: 0,
  waiting: 1,
  audit: 2,
  right: 3,
  refuted: 4,
  undecided: 5,
  dropped: 6,
} as const
export type ChallengeStatus = (typeof challengeStatus)[keyof typeof challengeStatus]

export const creditReason = {
  bondReturned: 1,
  challengeBondReturned: 2,
  challenger: 3,
  auditor: 5,
  slashed: 6,
  challengeLost: 7,
} as const

/** Chunks of rows. Keys: adapter id, version, chunk. */
export const rowBlobs = blobKind('openledger.blob.Rows')

/** Where things are; the same for the registry itself and for siblings that read it. */
export class AdapterSlots {
  readonly #reader: SlotReader
  readonly registry: StructView<typeof registryLayout.fields>

  constructor(reader: SlotReader) {
    this.#reader = reader
    this.registry = new StructView(reader, registryLayout, REGISTRY_SLOT)
  }

  baseModel(baseModelId: bigint): bigint {
    return mappingSlot(this.#reader, this.registry.at('baseModels'), baseModelId)
  }

  adapter(adapterId: bigint): bigint {
    return mappingSlot(this.#reader, this.registry.at('adapters'), adapterId)
  }

  rowChallenge(adapterId: bigint): bigint {
    return mappingSlot(this.#reader, this.registry.at('rowChallenges'), adapterId)
  }

  version(adapter: StructView<typeof adapterLayout.fields>, version: number): bigint {
    return mappingSlot(this.#reader, adapter.at('versions'), version)
  }
}
