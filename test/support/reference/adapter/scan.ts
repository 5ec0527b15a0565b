import {
  AdapterSlots,
  adapterLayout,
  datanetVersionLayout,
  REGISTRY_SLOT,
  registryLayout,
  rowChallengeLayout,
  SEAT_FIELDS,
  versionLayout,
} from '../../../../precompiles/adapter/layout.ts'
import { versionStatusAt } from '../../../../precompiles/adapter/read.ts'
import { ADAPTER_ADDRESS } from '../../../../precompiles/addresses.ts'
import { arrayDataSlot, StructView } from '../../../../precompiles/shared/layout.ts'
import type { SlotReader } from '../../../../precompiles/shared/store.ts'
import { keccakHex } from '../../../../src/primitives/keccak.ts'
import type { RunningWorld } from '../runningWorld.ts'

/** What a player sees of the registry: where things stand, to think of what could come next. */
export class AdapterScan {
  readonly #world: RunningWorld
  readonly #reader: SlotReader
  readonly #slots: AdapterSlots

  constructor(world: RunningWorld) {
    this.#world = world
    this.#reader = { load: (slot) => world.storage(ADAPTER_ADDRESS, slot), hash: keccakHex }
    this.#slots = new AdapterSlots(this.#reader)
  }

  count(): bigint {
    return new StructView(this.#reader, registryLayout, REGISTRY_SLOT).get('adapterCount')
  }

  block(): number {
    return Number(this.#world.blockNumber)
  }

  adapter(adapterId: bigint) {
    return this.#adapterView(adapterId).values()
  }

  version(adapterId: bigint, version: number) {
    const view = this.#versionView(adapterId, version)
    return { ...view.values(), status: versionStatusAt(view, this.block()) }
  }

  datanets(adapterId: bigint, version: number): readonly bigint[] {
    const array = this.#versionView(adapterId, version).at('datanets')
    const first = arrayDataSlot(this.#reader, array)
    return Array.from({ length: Number(this.#reader.load(array)) }, (_, index) =>
      new StructView(this.#reader, datanetVersionLayout, first + BigInt(index)).get('datanetId'),
    )
  }

  challenge(adapterId: bigint) {
    const view = new StructView(this.#reader, rowChallengeLayout, this.#slots.rowChallenge(adapterId))
    const values = view.values()
    return { ...values, committee: SEAT_FIELDS.slice(0, values.seats).map((field) => values[field]) }
  }

  #adapterView(adapterId: bigint) {
    return new StructView(this.#reader, adapterLayout, this.#slots.adapter(adapterId))
  }

  #versionView(adapterId: bigint, version: number) {
    return new StructView(
      this.#reader,
      versionLayout,
      this.#slots.version(this.#adapterView(adapterId), version),
    )
  }
}
