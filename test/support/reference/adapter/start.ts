import { encodeAbiParameters, keccak256 } from 'viem'
import { ADAPTER_ADDRESS } from '../../../../precompiles/addresses.ts'
import { POLICY_PRIVATE } from '../../../../precompiles/datanet/layout.ts'
import { memberFlag } from '../../../../precompiles/datanet/members.ts'
import type { Address, Hash } from '../../../../src/primitives/hex.ts'
import { setFlags, setPolicy } from '../../../unit/precompiles/adapter/fixture.ts'
import {
  type Account,
  account,
  contribution,
  makeRow,
  OPEN,
  testHash,
  testParameters,
  World,
} from '../../precompileWorld.ts'
import { TREES } from '../twinWorlds.ts'

/** What is to be known of a member to make its row. */
export interface MemberFacts {
  readonly recordCount: number
  readonly flags: number
}

/** What an auditor has committed to and will reveal. */
export interface Committed {
  readonly auditor: Address
  readonly challengeIds: readonly bigint[]
  readonly adapterIds: readonly bigint[]
  readonly verdicts: readonly number[]
  readonly salt: Hash
}

export function commitmentOf({ auditor, adapterIds, verdicts, salt }: Committed): Hash {
  const types = [{ type: 'address' }, { type: 'uint64[]' }, { type: 'uint8[]' }, { type: 'bytes32' }] as const
  return keccak256(encodeAbiParameters(types, [auditor, adapterIds, verdicts, salt]))
}

export interface AdapterStart {
  readonly world: World
  /** By Datanet id; each has version 1. */
  readonly members: ReadonlyMap<bigint, readonly MemberFacts[]>
  readonly baseModelIds: readonly bigint[]
  readonly committed: readonly Committed[]
}

export const [ALICE, BOB] = [account(1), account(2)] as const
export const AUDITORS = [10, 11, 12, 13, 14].map(account)
const [SCORER, CONTRIBUTOR, CHALLENGER] = [account(3), account(4), account(20)] as const
const LINEAGE = 9
/** One less than the plain, the flagged and the wide Datanet have together. */
const ROWS_MAX = 15

/** Adapters in every state, on Datanets of every kind. */
export function adapterStart(): AdapterStart {
  const world = new World({ ...testParameters, rowsPerAdapterMax: ROWS_MAX })
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
  AUDITORS.slice(0, -1).forEach((auditor, n) => {
    for (const id of n < 2 ? baseModelIds : [withAuditors]) registerAuditor(world, auditor, id, n)
  })
  const scene = new Scene(world, plain)
  scene.ended(withAuditors)
  scene.lineage(withAuditors)
  scene.draft(BOB, withAuditors, [wide], { k: 4096 })
  scene.pending(withAuditors, withFew)
  const committed = [scene.audited(withAuditors, [1, 1, 2]), scene.audited(withAuditors, [2, 4, 1])]
  scene.draft(ALICE, withAuditors, [plain, flagged])
  world.chain.fund(ADAPTER_ADDRESS, 3n * OPEN)
  return { world, members, baseModelIds, committed: committed.flat() }
}

function registerAuditor(world: World, auditor: Account, baseModelId: bigint, n: number): void {
  const options = { from: auditor.address, valueWei: BigInt(10 + n) * OPEN }
  world.attribution.send('registerAuditor', [baseModelId], options)
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
    const second = this.#active(ALICE, baseModelId)
    this.#drawn(baseModelId)
    this.#challenge(this.#published(BOB, baseModelId))
    // in the block of a challenge: in time for its draw
    registerAuditor(this.#world, AUDITORS.at(-1) ?? ALICE, baseModelId, AUDITORS.length - 1)
    this.#challenge(this.#published(ALICE, withFew))
    this.#published(ALICE, baseModelId)
    this.#world.nextVersion(second, ALICE, [this.#datanetId], ROWS)
  }

  /** One whose whole committee has committed. */
  audited(baseModelId: bigint, verdicts: readonly number[]): readonly Committed[] {
    const { adapterId, committee } = this.#drawn(baseModelId)
    const { challengeId } = this.#world.adapters.read('getRowChallenge', [adapterId])
    const salt = testHash('salt of the start')
    return committee.map((auditor, seat) => {
      const verdict = verdicts[seat] ?? 1
      const one = { auditor, challengeIds: [challengeId], adapterIds: [adapterId], verdicts: [verdict], salt }
      const args = [one.adapterIds, commitmentOf(one)]
      this.#world.adapters.send('commitRowAudit', args, { from: auditor })
      return one
    })
  }

  /** A draft without rows. */
  draft(owner: Account, baseModelId: bigint, datanetIds: readonly bigint[], overrides = {}): void {
    const datanets = datanetIds.map((datanetId) => ({ datanetId, version: 1 }))
    this.#draft(owner, this.#world.draft(baseModelId, datanets, overrides))
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

  #drawn(baseModelId: bigint): { readonly adapterId: bigint; readonly committee: readonly Address[] } {
    const { adapters, chain } = this.#world
    const adapterId = this.#published(ALICE, baseModelId)
    this.#challenge(adapterId)
    chain.advance()
    const committee = adapters.send('drawRowAudit', [adapterId], { from: BOB.address }).value
    return { adapterId, committee: committee.map((address) => address.toLowerCase() as Address) }
  }

  #challenge(adapterId: bigint): void {
    const options = { from: CHALLENGER.address, valueWei: this.#world.parameters.rowChallengeBondWei }
    this.#world.adapters.send('challengeRows', [adapterId, 0, 'bafyevidence'], options)
  }
}
