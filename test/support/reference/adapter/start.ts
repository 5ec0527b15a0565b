import { ADAPTER_ADDRESS } from '../../../../precompiles/addresses.ts'
import { POLICY_PRIVATE } from '../../../../precompiles/datanet/layout.ts'
import { memberFlag } from '../../../../precompiles/datanet/members.ts'
import type { Address } from '../../../../src/primitives/hex.ts'
import { setFlags, setPolicy } from '../../../unit/precompiles/adapter/fixture.ts'
import { type Account, account, contribution, makeRow, OPEN, World } from '../../precompileWorld.ts'
import { TREES } from '../twinWorlds.ts'

/** What is to be known of a member to make its row. */
export interface MemberFacts {
  readonly recordCount: number
  readonly flags: number
}

export interface AdapterStart {
  readonly world: World
  /** By Datanet id; each has version 1. */
  readonly members: ReadonlyMap<bigint, readonly MemberFacts[]>
  readonly baseModelIds: readonly bigint[]
}

export const [ALICE, BOB] = [account(1), account(2)] as const
export const AUDITORS = [10, 11, 12, 13, 14].map(account)
const [SCORER, CONTRIBUTOR, CHALLENGER] = [account(3), account(4), account(20)] as const
const LINEAGE = 9

/** Adapters in every state, on Datanets of every kind. */
export function adapterStart(): AdapterStart {
  const world = new World()
  for (const tree of TREES) world.chain.fund(tree, 1_000n * OPEN)
  const members = new Map<bigint, readonly MemberFacts[]>()
  const datanet = (count: number, from: number) => {
    const specs = Array.from({ length: count }, (_, n) => contribution(from + n, CONTRIBUTOR))
    const id = world.frozenDatanet(ALICE, SCORER, specs)
    members.set(
      id,
      specs.map(({ recordCount }) => ({ recordCount, flags: 0 })),
    )
    return id
  }
  const [plain, flagged, secret, wide] = [datanet(3, 0), datanet(2, 20), datanet(2, 40), datanet(11, 60)]
  setFlags(world, flagged, 1, memberFlag.superseded)
  members.set(
    flagged,
    (members.get(flagged) ?? []).map((one, n) => (n === 1 ? { ...one, flags: memberFlag.superseded } : one)),
  )
  setPolicy(world, secret, POLICY_PRIVATE)
  const baseModelIds = [world.registerBaseModel(BOB), world.registerBaseModel(ALICE, 'other')]
  const [withAuditors = 0n, withFew = 0n] = baseModelIds
  AUDITORS.forEach((auditor, n) => {
    for (const id of n < 2 ? baseModelIds : [withAuditors]) {
      world.attribution.send('registerAuditor', [id], {
        from: auditor.address,
        valueWei: BigInt(10 + n) * OPEN,
      })
    }
  })
  const scene = new Scene(world, plain)
  scene.ended(withAuditors)
  scene.lineage(withAuditors)
  scene.pending(withAuditors, withFew)
  scene.drafts(withAuditors, [plain, flagged, wide])
  world.chain.fund(ADAPTER_ADDRESS, 3n * OPEN)
  return { world, members, baseModelIds }
}

const ROWS = [0, 1, 2].map((n) => makeRow(16, n))

class Scene {
  readonly #world: World
  readonly #datanetId: bigint

  constructor(world: World, datanetId: bigint) {
    this.#world = world
    this.#datanetId = datanetId
  }

  /** Deprecated ones with their bonds locked, free and credited; a paused one, and one of a contract. */
  ended(baseModelId: bigint): void {
    const { adapters, chain, parameters } = this.#world
    const tree = { address: TREES[0] ?? ALICE.address, key: ALICE.key }
    const ids = [ALICE, tree, ALICE, ALICE, BOB].map((owner) => this.#active(owner, baseModelId))
    const [credited = 0n, ofTree = 0n, free = 0n, deprecated = 0n, paused = 0n] = ids
    for (const id of [credited, free]) adapters.send('deprecate', [id], { from: ALICE.address })
    adapters.send('deprecate', [ofTree], { from: tree.address })
    chain.advance(parameters.adapterExitBlocks - 5)
    adapters.send('deprecate', [deprecated], { from: ALICE.address })
    chain.advance(5)
    for (const id of [credited, ofTree]) adapters.send('releaseBond', [id], { from: BOB.address })
    adapters.send('pause', [paused], { from: BOB.address })
    this.#active(tree, baseModelId)
  }

  /** As deep as it may be. */
  lineage(baseModelId: bigint): void {
    let parents: readonly { adapterId: bigint; royaltyBps: number }[] = []
    for (let depth = 0; depth < LINEAGE; depth++) {
      parents = [{ adapterId: this.#active(BOB, baseModelId, { parents }), royaltyBps: 500 + depth }]
    }
  }

  /** Published ones, challenged ones, one under audit, and one that few could audit. */
  pending(baseModelId: bigint, withFew: bigint): void {
    const { adapters, chain } = this.#world
    const second = this.#active(ALICE, baseModelId)
    const audited = this.#published(ALICE, baseModelId)
    this.#challenge(audited)
    chain.advance()
    adapters.send('drawRowAudit', [audited], { from: BOB.address })
    this.#challenge(this.#published(BOB, baseModelId))
    this.#challenge(this.#published(ALICE, withFew))
    this.#published(ALICE, baseModelId)
    this.#world.nextVersion(second, ALICE, [this.#datanetId], ROWS)
  }

  /** Without rows, with all rows, and large. */
  drafts(baseModelId: bigint, [plain = 0n, flagged = 0n, wide = 0n]: readonly bigint[]): void {
    const { world } = { world: this.#world }
    const on = (...ids: bigint[]) => ids.map((datanetId) => ({ datanetId, version: 1 }))
    this.#draft(ALICE, world.draft(baseModelId, on(plain, flagged)))
    this.#draft(BOB, world.draft(baseModelId, on(wide), { k: 4096 }))
  }

  #draft(owner: { readonly address: Address }, draft: Record<string, unknown>): bigint {
    const options = { from: owner.address, valueWei: OPEN }
    return this.#world.adapters.send('createAdapter', [draft], options).value
  }

  #active(owner: Account, baseModelId: bigint, overrides = {}): bigint {
    return this.#world.activeAdapter(owner, baseModelId, [this.#datanetId], ROWS, overrides)
  }

  #published(owner: Account, baseModelId: bigint): bigint {
    const draft = this.#world.draft(baseModelId, [{ datanetId: this.#datanetId, version: 1 }])
    const id = this.#draft(owner, draft)
    this.#world.publishRows(id, owner, ROWS)
    return id
  }

  #challenge(adapterId: bigint): void {
    const options = { from: CHALLENGER.address, valueWei: this.#world.parameters.rowChallengeBondWei }
    this.#world.adapters.send('challengeRows', [adapterId, 0, 'bafyevidence'], options)
  }
}
