import { encodeAbiParameters, keccak256 } from 'viem'
import { DATANET_ADDRESS } from '../../../../precompiles/addresses.ts'
import { DatanetSlots, datanetLayout, memberBlobs } from '../../../../precompiles/datanet/layout.ts'
import { decodeMembers, encodeMembers } from '../../../../precompiles/datanet/members.ts'
import type { PrecompileHost } from '../../../../precompiles/host.ts'
import { blobId } from '../../../../precompiles/shared/blobs.ts'
import type { Hash } from '../../../../src/primitives/hex.ts'
import { keccakHex } from '../../../../src/primitives/keccak.ts'
import {
  type Account,
  account,
  contribution,
  makeRow,
  OPEN,
  testHash,
  World,
} from '../../../support/precompileWorld.ts'

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

export const auditors = [account(10), account(11), account(12), account(13), account(14)] as const

/** Registers auditors of the base model, with bonds of 10, 11, 12 … OPEN. */
export function registerAuditors(f: Fixture, who: readonly Account[] = auditors): void {
  who.forEach((auditor, index) => {
    const valueWei = BigInt(10 + index) * OPEN
    f.world.attribution.send('registerAuditor', [f.baseModelId], { from: auditor.address, valueWei })
  })
}

/** An adapter whose first version is published, and can be challenged. */
export function published(f: Fixture): bigint {
  const id = created(f)
  f.world.publishRows(id, owner, f.rows)
  return id
}

export const challenger = account(20)

export function challenge(f: Fixture, id: bigint, row = 0, by = challenger): bigint {
  const valueWei = f.world.parameters.rowChallengeBondWei
  const args = [id, row, 'bafyevidence']
  return f.world.adapters.send('challengeRows', args, { from: by.address, valueWei }).value
}

/** Draws the committee in the next block. */
export function draw(f: Fixture, id: bigint): Account[] {
  f.world.chain.advance()
  const drawn = f.world.adapters.send('drawRowAudit', [id], { from: bob.address }).value
  return drawn.map((address) => auditors.find((auditor) => auditor.address === address.toLowerCase())!)
}

export const SALT = testHash('row audit salt')

export function commitmentOf(auditor: Account, ids: readonly bigint[], verdicts: readonly number[]): Hash {
  const types = [{ type: 'address' }, { type: 'uint64[]' }, { type: 'uint8[]' }, { type: 'bytes32' }] as const
  return keccak256(encodeAbiParameters(types, [auditor.address, ids, verdicts, SALT]))
}

export function commit(f: Fixture, auditor: Account, ids: readonly bigint[], verdicts: readonly number[]) {
  const args = [ids, commitmentOf(auditor, ids, verdicts)]
  return f.world.adapters.try('commitRowAudit', args, { from: auditor.address })
}

export function reveal(f: Fixture, auditor: Account, ids: readonly bigint[], verdicts: readonly number[]) {
  return f.world.adapters.try('revealRowAudit', [ids, verdicts, SALT], { from: auditor.address })
}

/** A whole row audit, one verdict for each seat; a zero neither commits nor reveals. Returns the committee. */
export function judge(f: Fixture, id: bigint, verdicts: readonly number[]): Account[] {
  const committee = draw(f, id)
  const voting = committee.flatMap((auditor, seat) =>
    verdicts[seat] === 0 ? [] : [{ auditor, verdict: verdicts[seat]! }],
  )
  for (const { auditor, verdict } of voting) commit(f, auditor, [id], [verdict])
  if (voting.length < committee.length) f.world.chain.advance(f.world.parameters.rowAuditCommitBlocks + 1)
  for (const { auditor, verdict } of voting) reveal(f, auditor, [id], [verdict])
  return committee
}

export function resolve(f: Fixture, id: bigint): number {
  return f.world.adapters.send('resolveRowChallenge', [id], { from: bob.address }).value
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
