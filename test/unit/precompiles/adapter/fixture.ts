import { DATANET_ADDRESS } from '../../../../precompiles/addresses.ts'
import { DatanetSlots, datanetLayout, memberBlobs } from '../../../../precompiles/datanet/layout.ts'
import { decodeMembers, encodeMembers } from '../../../../precompiles/datanet/members.ts'
import type { PrecompileHost } from '../../../../precompiles/host.ts'
import { blobId } from '../../../../precompiles/shared/blobs.ts'
import { keccakHex } from '../../../../src/primitives/keccak.ts'
import { account, contribution, makeRow, OPEN, World } from '../../../support/precompileWorld.ts'

export const [owner, scorer, alice, bob] = [account(1), account(2), account(3), account(4)] as const

/** A frozen Datanet, a base model, and rows for an adapter on it. */
export function fixture(members = 5, world = new World()) {
  const specs = Array.from({ length: members }, (_, n) => contribution(n, alice))
  const datanetId = world.frozenDatanet(owner, scorer, specs)
  const baseModelId = world.registerBaseModel(bob)
  const rows = specs.map((_, n) => makeRow(16, n))
  const create = (overrides: Record<string, unknown> = {}, valueWei = OPEN) =>
    world.adapters.try('createAdapter', [world.draft(baseModelId, [{ datanetId, version: 1 }], overrides)], {
      from: owner.address,
      valueWei,
    })
  return { world, specs, datanetId, baseModelId, rows, create }
}

export type Fixture = ReturnType<typeof fixture>

export function created(f: Fixture, overrides: Record<string, unknown> = {}): bigint {
  const outcome = f.create(overrides)
  if (!outcome.ok) throw new Error(outcome.error)
  return outcome.value
}

export function active(f: Fixture): bigint {
  return f.world.activeAdapter(owner, f.baseModelId, [f.datanetId], f.rows)
}

/** Drafts the next version, and publishes it; returns its number and the block from which it is current. */
export function publishNext(f: Fixture, adapterId: bigint, overrides: Record<string, unknown> = {}) {
  return f.world.nextVersion(adapterId, owner, [f.datanetId], f.rows, overrides)
}

/** Gives a member of a frozen version these flags. */
export function setFlags(world: World, datanetId: bigint, index: number, flags: number): void {
  const { blobs } = world.chain
  const host = { keccak: keccakHex } as unknown as PrecompileHost
  const key = `${DATANET_ADDRESS}/${blobId(host, memberBlobs, datanetId, 1, 0)}`
  const members = decodeMembers(blobs.get(key)!)
  blobs.set(key, encodeMembers(members.map((member, at) => (at === index ? { ...member, flags } : member))))
}

/** Gives a Datanet this policy. */
export function setPolicy(world: World, datanetId: bigint, policy: number): void {
  const { chain } = world
  const load = (slot: bigint) => chain.slot(DATANET_ADDRESS, slot)
  const base = new DatanetSlots({ load, hash: keccakHex }).datanet(datanetId)
  const { slot, offset, mask } = datanetLayout.places.policy
  const rest = load(base + slot) & ~(mask << offset)
  chain.setSlot(DATANET_ADDRESS, base + slot, rest | (BigInt(policy) << offset))
}
