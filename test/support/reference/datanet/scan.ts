import { DATANET_ADDRESS } from '../../../../precompiles/addresses.ts'
import {
  contributionLayout,
  DatanetSlots,
  datanetLayout,
  REGISTRY_SLOT,
  registryLayout,
  scorerLayout,
} from '../../../../precompiles/datanet/layout.ts'
import { bitsIn } from '../../../../precompiles/shared/bits.ts'
import { mappingSlot, StructView } from '../../../../precompiles/shared/layout.ts'
import type { SlotReader } from '../../../../precompiles/shared/store.ts'
import type { Address, Hash } from '../../../../src/primitives/hex.ts'
import { keccakHex } from '../../../../src/primitives/keccak.ts'
import type { RunningWorld } from '../runningWorld.ts'

export type ContributionFacts = ReturnType<DatanetScan['contribution']>
export type DatanetFacts = ReturnType<DatanetScan['datanet']>

/** What a player sees of the registry: where things stand, to think of what could come next. */
export class DatanetScan {
  readonly #world: RunningWorld
  readonly #reader: SlotReader
  readonly #slots: DatanetSlots

  constructor(world: RunningWorld) {
    this.#world = world
    this.#reader = { load: (slot) => world.storage(DATANET_ADDRESS, slot), hash: keccakHex }
    this.#slots = new DatanetSlots(this.#reader)
  }

  block(): number {
    return Number(this.#world.blockNumber)
  }

  counts(): { readonly datanets: bigint; readonly contributions: bigint } {
    const { datanetCount, contributionCount } = this.#registry.values()
    return { datanets: datanetCount, contributions: contributionCount }
  }

  datanet(datanetId: bigint) {
    return { datanetId, ...this.#datanet(datanetId).values() }
  }

  contribution(contributionId: bigint) {
    const view = new StructView(this.#reader, contributionLayout, this.#slots.contribution(contributionId))
    return { contributionId, ...view.values() }
  }

  /** Contributions that were committed last, the newest first. */
  newest(count: number): readonly ContributionFacts[] {
    const { contributions } = this.counts()
    const length = Math.min(count, Number(contributions))
    return Array.from({ length }, (_, n) => this.contribution(contributions - BigInt(n)))
  }

  scorer(datanetId: bigint, seat: number) {
    const scorers = this.#datanet(datanetId).at('scorers')
    const slot = mappingSlot(this.#reader, scorers, seat)
    return { seat, ...new StructView(this.#reader, scorerLayout, slot).values() }
  }

  seats(datanetId: bigint, mask: bigint) {
    return bitsIn(mask).map((seat) => this.scorer(datanetId, seat))
  }

  nonce(contributor: Address): bigint {
    return this.#reader.load(mappingSlot(this.#reader, this.#registry.at('nonces'), contributor))
  }

  hasScoreCommitment(scorer: Address, commitment: Hash): boolean {
    const own = mappingSlot(this.#reader, this.#registry.at('scoreCommitments'), scorer)
    return this.#reader.load(mappingSlot(this.#reader, own, commitment)) !== 0n
  }

  get #registry() {
    return new StructView(this.#reader, registryLayout, REGISTRY_SLOT)
  }

  #datanet(datanetId: bigint) {
    return new StructView(this.#reader, datanetLayout, this.#slots.datanet(datanetId))
  }
}
