import { invariant } from '../../src/errors/errors.ts'
import type { Address, Hash } from '../../src/primitives/hex.ts'
import { ADAPTER_ADDRESS } from '../addresses.ts'
import type { Member } from '../datanet/members.ts'
import { DatanetReader } from '../datanet/read.ts'
import type { PrecompileHost } from '../host.ts'
import { readBlob } from '../shared/blobs.ts'
import { arrayDataSlot, mappingSlot, StructView } from '../shared/layout.ts'
import { ForeignStore, type SlotReader } from '../shared/store.ts'
import {
  ACCESS_OPEN,
  AdapterSlots,
  type AdapterStatus,
  adapterLayout,
  adapterStatus,
  baseModelLayout,
  datanetVersionLayout,
  parentLayout,
  rowBlobs,
  type VersionStatus,
  versionLayout,
  versionStatus,
} from './layout.ts'
import type { Price } from './price.ts'

export type AdapterView = StructView<typeof adapterLayout.fields>
export type VersionView = StructView<typeof versionLayout.fields>

export interface DatanetVersion {
  readonly datanetId: bigint
  readonly version: number
}

export interface Parent {
  readonly adapterId: bigint
  readonly royaltyBps: number
}

/** Publication turns into activity, and activity into retirement, without anyone's transaction. */
export function versionStatusAt(version: VersionView, block: number): VersionStatus {
  const status = version.get('status') as VersionStatus
  if (status !== versionStatus.published || !hasStarted(version, block)) return status
  const retiredBlock = version.get('retiredBlock')
  return retiredBlock !== 0 && block >= retiredBlock ? versionStatus.retired : versionStatus.active
}

/** Whether the version is or was the current one. */
function hasStarted(version: VersionView, block: number): boolean {
  const activeFromBlock = version.get('activeFromBlock')
  return activeFromBlock !== 0 && block >= activeFromBlock
}

export function priceAt(view: AdapterView, block: number): Price {
  const nextPriceBlock = view.get('nextPriceBlock')
  return nextPriceBlock !== 0 && block >= nextPriceBlock ? nextPrice(view) : storedPrice(view)
}

export function storedPrice(view: AdapterView): Price {
  return {
    baseWei: view.get('baseWei'),
    perThousandInputWei: view.get('perThousandInputWei'),
    perThousandOutputWei: view.get('perThousandOutputWei'),
  }
}

export function nextPrice(view: AdapterView): Price {
  return {
    baseWei: view.get('nextBaseWei'),
    perThousandInputWei: view.get('nextPerThousandInputWei'),
    perThousandOutputWei: view.get('nextPerThousandOutputWei'),
  }
}

/** The last block that a uint40 can name. */
const FOR_EVER = 2 ** 40 - 1

/** Adapters and base models, read from the registry's account; the registry itself and its siblings use the same reader. */
export class AdapterReader {
  readonly #host: PrecompileHost
  readonly #reader: SlotReader
  readonly #slots: AdapterSlots
  readonly #datanets: DatanetReader

  constructor(host: PrecompileHost, reader: SlotReader = new ForeignStore(host, ADAPTER_ADDRESS)) {
    this.#host = host
    this.#reader = reader
    this.#slots = new AdapterSlots(reader)
    this.#datanets = new DatanetReader(host)
  }

  hasBaseModel(baseModelId: bigint): boolean {
    return baseModelId !== 0n && baseModelId <= this.#slots.registry.get('baseModelCount')
  }

  profileHashOf(baseModelId: bigint): Hash {
    const slot = this.#slots.baseModel(baseModelId)
    return new StructView(this.#reader, baseModelLayout, slot).get('profileHash')
  }

  /** Undefined when there is no adapter with this id. */
  adapter(adapterId: bigint): AdapterView | undefined {
    const view = new StructView(this.#reader, adapterLayout, this.#slots.adapter(adapterId))
    return view.get('status') === adapterStatus.none ? undefined : view
  }

  /** Undefined when the adapter never had this version. */
  version(adapter: AdapterView, version: number): VersionView | undefined {
    if (version === 0 || version > adapter.get('newestVersion')) return undefined
    return new StructView(this.#reader, versionLayout, this.#slots.version(adapter, version))
  }

  /** The version that new requests are for; zero before the first is active. */
  currentVersion(adapter: AdapterView, block: number): number {
    const newest = adapter.get('newestVersion')
    const view = this.version(adapter, newest)
    const isCurrent = view?.get('status') === versionStatus.published && hasStarted(view, block)
    return isCurrent ? newest : adapter.get('currentVersion')
  }

  statusAt(adapter: AdapterView, block: number): AdapterStatus {
    const status = adapter.get('status') as AdapterStatus
    if (status !== adapterStatus.active) return status
    if (this.currentVersion(adapter, block) !== 0) return adapterStatus.active
    return this.isPublished(adapter, block) ? adapterStatus.published : adapterStatus.draft
  }

  /** Whether there is a version whose rows are published. */
  isPublished(adapter: AdapterView, block: number): boolean {
    if (this.currentVersion(adapter, block) !== 0) return true
    const newest = this.version(adapter, adapter.get('newestVersion'))
    return newest?.get('status') === versionStatus.published
  }

  /** Whether receipts of this version settle in the block. */
  acceptsVersion(adapterId: bigint, version: number, block: number): boolean {
    const adapter = this.adapter(adapterId)
    if (adapter?.get('status') !== adapterStatus.active) return false
    const view = this.version(adapter, version)
    return view !== undefined && versionStatusAt(view, block) === versionStatus.active
  }

  /** Whether receipts of this requester settle in the block, as far as access goes. */
  mayUse(adapterId: bigint, account: Address, block: number): boolean {
    const adapter = this.adapter(adapterId)
    return adapter !== undefined && block <= this.accessUntil(adapter, account)
  }

  /** Last block in which the account may use the adapter. */
  accessUntil(adapter: AdapterView, account: Address): number {
    if (adapter.get('accessPolicy') === ACCESS_OPEN || adapter.get('owner') === account) return FOR_EVER
    return Number(this.#reader.load(mappingSlot(this.#reader, adapter.at('access'), account)))
  }

  ownerOf(adapterId: bigint): Address {
    const view = this.adapter(adapterId)
    invariant(view !== undefined, `adapter ${adapterId} exists`)
    return view.get('owner')
  }

  datanets(version: VersionView): readonly DatanetVersion[] {
    return this.#items(version.at('datanets'), (slot) =>
      new StructView(this.#reader, datanetVersionLayout, slot).values(),
    )
  }

  parents(adapter: AdapterView): readonly Parent[] {
    return this.#items(adapter.at('parents'), (slot) =>
      new StructView(this.#reader, parentLayout, slot).values(),
    )
  }

  /** The members that rows `start` to `start + count` belong to: the Datanets' members, one version after the other. */
  members(version: VersionView, start = 0, count = Number.MAX_SAFE_INTEGER): readonly Member[] {
    const members: Member[] = []
    let before = 0
    for (const datanet of this.datanets(version)) {
      const facts = this.#datanets.version(datanet.datanetId, datanet.version)
      invariant(facts !== undefined, 'an adapter stands on frozen versions')
      const from = Math.max(start - before, 0)
      const left = start + count - before - from
      if (left > 0 && from < facts.memberCount) {
        members.push(...this.#datanets.members(datanet.datanetId, datanet.version, from, left))
      }
      before += facts.memberCount
    }
    return members
  }

  /** A chunk of rows; undefined when it is not written. */
  rowChunk(adapterId: bigint, version: number, chunk: number): Uint8Array | undefined {
    return readBlob(this.#host, ADAPTER_ADDRESS, rowBlobs, adapterId, version, chunk)
  }

  #items<T>(array: bigint, read: (slot: bigint) => T): readonly T[] {
    const length = Number(this.#reader.load(array))
    const first = length === 0 ? 0n : arrayDataSlot(this.#reader, array)
    return Array.from({ length }, (_, index) => read(first + BigInt(index)))
  }
}
