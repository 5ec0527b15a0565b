import { blobKind } from '../shared/blobs.ts'
import { mappingSlot, namespaceSlot, StructView, struct } from '../shared/layout.ts'
import type { SlotReader } from '../shared/store.ts'

/** Storage of the adapter registry. Each struct is what a Solidity contract with the same fields would lay out. */
export const REGISTRY_SLOT = namespaceSlot('openledger.storage.AdapterRegistry')

export const registryLayout = struct({
  baseModelCount: 'uint64',
  adapterCount: 'uint64',
  /** uint64 baseModelId → BaseModel */
  baseModels: 'mapping',
  /** bytes32 keccak256(onnxHash ‖ tokenizerHash ‖ profileHash) → uint64 baseModelId */
  baseModelIds: 'mapping',
  /** uint64 adapterId → Adapter */
  adapters: 'mapping',
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

export const adapterLayout = struct({
  // what settlement reads comes first
  owner: 'address',
  baseModelId: 'uint64',
  status: 'uint8',
  k: 'uint16',
  bondWei: 'uint96',
  version: 'uint32',
  rowCount: 'uint32',
  memberCount: 'uint32',
  challengeEndBlock: 'uint40',
  baseWei: 'uint80',
  perThousandInputWei: 'uint80',
  perThousandOutputWei: 'uint80',
  nextBaseWei: 'uint80',
  nextPerThousandInputWei: 'uint80',
  nextPerThousandOutputWei: 'uint80',
  /** First block of the next price; zero when there is none. */
  nextPriceBlock: 'uint40',
  bondReleaseBlock: 'uint40',
  rank: 'uint16',
  alpha: 'uint16',
  weightsHash: 'bytes32',
  manifestHash: 'bytes32',
  targetsHash: 'bytes32',
  projectionSeed: 'bytes32',
  rowsRoot: 'bytes32',
  licence: 'string',
  metadataCid: 'string',
  /** DatanetVersion[] */
  datanets: 'array',
  /** Parent[] */
  parents: 'array',
})

export const datanetVersionLayout = struct({ datanetId: 'uint64', version: 'uint32' })
export const parentLayout = struct({ adapterId: 'uint64', royaltyBps: 'uint16' })

export const adapterStatus = {
  none: 0,
  draft: 1,
  published: 2,
  active: 3,
  paused: 4,
  deprecated: 5,
} as const
export type AdapterStatus = (typeof adapterStatus)[keyof typeof adapterStatus]

export const creditReason = { bondReturned: 1 } as const

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
}
