import { invariant } from '../../src/errors/errors.ts'
import type { Address, Hash } from '../../src/primitives/hex.ts'
import { DATANET_ADDRESS } from '../addresses.ts'
import type { PrecompileHost } from '../host.ts'
import { readBlob } from '../shared/blobs.ts'
import { gasPrices } from '../shared/gas.ts'
import { arrayDataSlot, readPacked, StructView } from '../shared/layout.ts'
import { ForeignStore, type SlotReader } from '../shared/store.ts'
import {
  accessLayout,
  accessStatus,
  DatanetSlots,
  datanetLayout,
  memberBlobs,
  POLICY_PRIVATE,
  versionLayout,
} from './layout.ts'
import { decodeMembers, MEMBER_BYTES, type Member } from './members.ts'
import { tombstonedAmong } from './tombstones.ts'

export interface VersionFacts {
  readonly memberCount: number
  readonly recordCount: bigint
  readonly contentRoot: Hash
}

/** Frozen versions, tombstones and access, read from the registry's account; the registry itself and its siblings use the same reader. */
export class DatanetReader {
  readonly #host: PrecompileHost
  readonly #reader: SlotReader
  readonly #slots: DatanetSlots

  constructor(host: PrecompileHost, reader: SlotReader = new ForeignStore(host, DATANET_ADDRESS)) {
    this.#host = host
    this.#reader = reader
    this.#slots = new DatanetSlots(reader)
  }

  /** Undefined when there is no such version or it is not frozen yet. */
  version(datanetId: bigint, version: number): VersionFacts | undefined {
    const view = this.#view(datanetId, version)
    if (!view.get('frozen')) return undefined
    return {
      memberCount: view.get('memberCount'),
      recordCount: view.get('recordCount'),
      contentRoot: view.get('contentRoot'),
    }
  }

  /** Members `start` to `start + count`, fewer at the end, in commit order. */
  members(datanetId: bigint, version: number, start = 0, count = Number.MAX_SAFE_INTEGER): readonly Member[] {
    const view = this.#view(datanetId, version)
    const end = Math.min(view.get('memberCount'), start + count)
    const members: Member[] = []
    let chunkStart = 0
    for (let chunk = 0; chunkStart < end; chunk++) {
      const chunkEnd = this.#chunkEnd(view, chunk)
      if (chunkEnd > start) {
        const bytes = this.#chunk(datanetId, version, chunk)
        const from = Math.max(start, chunkStart) - chunkStart
        const to = Math.min(end, chunkEnd) - chunkStart
        this.#host.useGas(gasPrices.member * BigInt(to - from))
        members.push(...decodeMembers(bytes.subarray(from * MEMBER_BYTES, to * MEMBER_BYTES)))
      }
      chunkStart = chunkEnd
    }
    return members
  }

  /** Whether an account may have the content now: anybody, but of a private Datanet only its owner and who was granted it. */
  hasAccess(datanetId: bigint, account: Address): boolean {
    if (datanetId === 0n || datanetId > this.#slots.registry.get('datanetCount')) return false
    const datanet = new StructView(this.#reader, datanetLayout, this.#slots.datanet(datanetId))
    if (datanet.get('policy') !== POLICY_PRIVATE || datanet.get('owner') === account) return true
    const access = new StructView(this.#reader, accessLayout, this.#slots.access(datanetId, account))
    const isGranted = access.get('status') === accessStatus.granted
    return isGranted && this.#host.block.number <= BigInt(access.get('untilBlock'))
  }

  /**
   * Those of the contributions that are tombstoned: attribution to them has stopped. A word of the bitmap tells about 256
   * contributions, and is read once.
   */
  tombstoned(contributionIds: readonly bigint[]): ReadonlySet<bigint> {
    this.#host.useGas(gasPrices.cachedSlot * BigInt(contributionIds.length))
    return tombstonedAmong(this.#reader, this.#slots, contributionIds)
  }

  #view(datanetId: bigint, version: number): StructView<typeof versionLayout.fields> {
    return new StructView(this.#reader, versionLayout, this.#slots.version(datanetId, version))
  }

  #chunkEnd(view: StructView<typeof versionLayout.fields>, chunk: number): number {
    return Number(readPacked(this.#reader, arrayDataSlot(this.#reader, view.at('chunkEnds')), chunk, 32))
  }

  #chunk(datanetId: bigint, version: number, chunk: number): Uint8Array {
    const bytes = readBlob(this.#host, DATANET_ADDRESS, memberBlobs, datanetId, version, chunk)
    invariant(bytes !== undefined, `chunk ${chunk} of version ${version} is missing`)
    return bytes
  }
}
