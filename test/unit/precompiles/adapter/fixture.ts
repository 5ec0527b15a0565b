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
