import { AdapterSlots, adapterLayout, versionLayout } from '../../../../precompiles/adapter/layout.ts'
import { ADAPTER_ADDRESS, ATTRIBUTION_ADDRESS } from '../../../../precompiles/addresses.ts'
import {
  AUDITOR_FIELDS,
  AUDITOR_ID_BITS,
  adapterWindowsLayout,
  appealLayout,
  auditLayout,
  auditorLayout,
  batchLayout,
  challengeLayout,
  depositLayout,
  hostLayout,
  ROOT_SLOT,
  receiptLayout,
  rootLayout,
  windowLayout,
} from '../../../../precompiles/proofOfAttribution/layout.ts'
import { arrayDataSlot, mappingSlot, readPacked, StructView } from '../../../../precompiles/shared/layout.ts'
import type { SlotReader } from '../../../../precompiles/shared/store.ts'
import type { Address, Hash } from '../../../../src/primitives/hex.ts'
import { keccakHex } from '../../../../src/primitives/keccak.ts'
import type { RunningWorld } from '../runningWorld.ts'

type RootView = StructView<typeof rootLayout.fields>
type MappingName = Parameters<RootView['at']>[0]

/** What a player sees of Proof of Attribution and of adapters, to think of what could come next. */
export class AttributionScan {
  readonly #world: RunningWorld
  readonly #reader: SlotReader
  readonly #root: RootView
  readonly #adapters: SlotReader

  constructor(world: RunningWorld) {
    this.#world = world
    this.#reader = { load: (slot) => world.storage(ATTRIBUTION_ADDRESS, slot), hash: keccakHex }
    this.#adapters = { load: (slot) => world.storage(ADAPTER_ADDRESS, slot), hash: keccakHex }
    this.#root = new StructView(this.#reader, rootLayout, ROOT_SLOT)
  }

  block(): number {
    return Number(this.#world.blockNumber)
  }

  receipt(receiptId: Hash) {
    return new StructView(this.#reader, receiptLayout, this.#under('receipts', receiptId)).values()
  }

  batch(batchId: bigint) {
    return new StructView(this.#reader, batchLayout, this.#under('batches', batchId)).values()
  }

  audit(receiptId: Hash) {
    const values = new StructView(this.#reader, auditLayout, this.#under('audits', receiptId)).values()
    const ids = AUDITOR_FIELDS.slice(0, values.seats).map((field) => values[field])
    return { ...values, committee: ids.map((id) => this.#auditor(id).account) }
  }

  appeal(receiptId: Hash) {
    return new StructView(this.#reader, appealLayout, this.#under('appeals', receiptId)).values()
  }

  /** Who votes in an appeal, if nobody has come or gone since. */
  electors(receiptId: Hash): readonly Address[] {
    const { batchId, hostId } = this.receipt(receiptId)
    const { baseModelId, settledBlock } = this.batch(batchId)
    const host = new StructView(this.#reader, hostLayout, this.#under('hosts', hostId)).values()
    const list = mappingSlot(this.#reader, this.#root.at('auditorsOf'), baseModelId)
    const first = arrayDataSlot(this.#reader, list)
    const ids = Array.from({ length: Number(this.#reader.load(list)) }, (_, index) =>
      Number(readPacked(this.#reader, first, index, AUDITOR_ID_BITS)),
    )
    const { challenger } = new StructView(
      this.#reader,
      challengeLayout,
      this.#under('challenges', receiptId),
    ).values()
    const parties = [host.account, host.signer, challenger]
    return ids
      .map((id) => this.#auditor(id))
      .filter(({ account, activeBlock }) => activeBlock <= settledBlock && !parties.includes(account))
      .map(({ account }) => account)
  }

  auditor(account: Address, baseModelId: bigint) {
    const slot = mappingSlot(this.#reader, this.#under('auditorIds', account), baseModelId)
    return this.#auditor(Number(this.#reader.load(slot)))
  }

  host(account: Address) {
    const hostId = this.#reader.load(this.#under('hostIds', account))
    return new StructView(this.#reader, hostLayout, this.#under('hosts', hostId)).values()
  }

  deposit(requester: Address, host: Address) {
    const slot = mappingSlot(this.#reader, this.#under('deposits', requester), host)
    return new StructView(this.#reader, depositLayout, slot).values()
  }

  windows(adapterId: bigint) {
    return new StructView(
      this.#reader,
      adapterWindowsLayout,
      this.#under('adapterWindows', adapterId),
    ).values()
  }

  window(adapterId: bigint, windowIndex: bigint) {
    const slot = mappingSlot(this.#reader, this.#under('windows', adapterId), windowIndex)
    return new StructView(this.#reader, windowLayout, slot).values()
  }

  adapter(adapterId: bigint) {
    return new StructView(
      this.#adapters,
      adapterLayout,
      new AdapterSlots(this.#adapters).adapter(adapterId),
    ).values()
  }

  version(adapterId: bigint, version: number) {
    const slots = new AdapterSlots(this.#adapters)
    const adapter = new StructView(this.#adapters, adapterLayout, slots.adapter(adapterId))
    return new StructView(this.#adapters, versionLayout, slots.version(adapter, version)).values()
  }

  #auditor(auditorId: number) {
    return new StructView(this.#reader, auditorLayout, this.#under('auditors', auditorId)).values()
  }

  #under(name: MappingName, key: bigint | number | Hash | Address): bigint {
    return mappingSlot(this.#reader, this.#root.at(name), key)
  }
}
