import {
  account,
  contribution,
  testHash,
  testParameters,
  World,
} from '../../../../support/precompileWorld.ts'

export const [owner, scorer, alice, bob] = [account(1), account(2), account(3), account(4)] as const
export const bond = testParameters.scorerBondWei
export const spec = contribution(1, alice)
export const salt = testHash('salt')

export interface Refused {
  /** The fixture's, unless the case has one of its own. */
  readonly world?: World
  readonly method: string
  readonly args: readonly unknown[]
  readonly from: { readonly address: `0x${string}` }
  readonly valueWei?: bigint
}

/** A call that ends in a custom error. */
export interface Case {
  readonly error: string
  readonly what: string
  run(f: Fixture): Refused
}

/** A curated Datanet with one scorer, and an open one. */
export interface Fixture {
  readonly world: World
  readonly curated: bigint
  readonly open: bigint
}

export function fixture(): Fixture {
  const world = new World()
  const curated = world.createDatanet(owner)
  const open = world.createDatanet(owner, { policy: 0 })
  world.datanets.send('appointScorer', [curated, scorer.address], { from: owner.address })
  return { world, curated, open }
}

export const committed = (f: Fixture) => f.world.commit(f.curated, spec)
export const inScoring = (f: Fixture) => f.world.contribute(f.curated, [spec])[0]!

export function scoreCommitted(f: Fixture): bigint {
  const id = inScoring(f)
  const commitment = f.world.scoreCommitment(scorer, [id], [f.world.report(spec)], salt)
  f.world.datanets.send('commitScores', [[id], commitment], { from: scorer.address })
  return id
}
