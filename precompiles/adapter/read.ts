import { invariant } from '../../src/errors/errors.ts'
import type { Address, Hash } from '../../src/primitives/hex.ts'
import { ADAPTER_ADDRESS } from '../addresses.ts'
import type { Member } from '../datanet/members.ts'
import { DatanetReader } from '../datanet/read.ts'
import type { PrecompileHost } from '../host.ts'
import { readBlob } from '../shared/blobs.ts'
import { arrayDataSlot, StructView } from '../shared/layout.ts'
import { ForeignStore, type SlotReader } from '../shared/store.ts'
import {
  AdapterSlots,
  type AdapterStatus,
  adapterLayout,
  adapterStatus,
  baseModelLayout,
  datanetVersionLayout,
  parentLayout,
  rowBlobs,
} from './layout.ts'
import type { Price } from './price.ts'

type AdapterView = StructView<typeof adapterLayout.fields>

export interface DatanetVersion {
  readonly datanetId: bigint
  readonly version: number
}

export interface Parent {
  readonly adapterId: bigint
  readonly royaltyBps: number
}

/** An adapter's status in a block: publication turns into activity without anyone's transaction. */
export function statusAt(view: AdapterView, block: number): AdapterStatus {
  const status = view.get('status') as AdapterStatus
  const challengeIsOver = status === adapterStatus.published && block >= view.get('challengeEndBlock')
  return challengeIsOver ? adapterStatus.active : status
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

  ownerOf(adapterId: bigint): Address {
    const view = this.adapter(adapterId)
    invariant(view !== undefined, `adapter ${adapterId} exists`)
    return view.get('owner')
  }

  datanets(view: AdapterView): readonly DatanetVersion[] {
    return this.#items(view.at('datanets'), (slot) =>
      new StructView(this.#reader, datanetVersionLayout, slot).values(),
    )
  }

  parents(view: AdapterView): readonly Parent[] {
    return this.#items(view.at('parents'), (slot) =>
      new StructView(this.#reader, parentLayout, slot).values(),
    )
  }

  /** The members that rows `start` to `start + count` belong to: the versions' members, one version after the other. */
  members(view: AdapterView, start = 0, count = Number.MAX_SAFE_INTEGER): readonly Member[] {
    const members: Member[] = []
    let before = 0
    for (const { datanetId, version } of this.datanets(view)) {
      const facts = this.#datanets.version(datanetId, version)
      invariant(facts !== undefined, 'an adapter stands on frozen versions')
      const from = Math.max(start - before, 0)
      const left = start + count - before - from
      if (left > 0 && from < facts.memberCount) {
        members.push(...this.#datanets.members(datanetId, version, from, left))
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
