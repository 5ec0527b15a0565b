import { DATANET_ADDRESS } from '../../../precompiles/addresses.ts'
import { ZERO_HASH } from '../../../src/primitives/hex.ts'
import {
  account,
  contribution,
  nearMinhash,
  OPEN,
  testHash,
  testParameters,
  World,
} from '../precompileWorld.ts'
import { claimScenes, once, type Scene, type Scenes } from './scene.ts'

const [owner, scorer, alice, bob, stranger] = [1, 2, 3, 4, 5].map(account) as [
  ReturnType<typeof account>,
  ReturnType<typeof account>,
  ReturnType<typeof account>,
  ReturnType<typeof account>,
  ReturnType<typeof account>,
]
const spec = contribution(1, alice)
const salt = testHash('salt')
const LONG_TEXT = 'a text that is longer than what fits one slot'

/** An open Datanet, and a curated one with a scorer. */
function datanets() {
  const world = new World()
  const curated = world.createDatanet(owner)
  const open = world.createDatanet(owner, { policy: 0 })
  world.datanets.send('appointScorer', [curated, scorer.address], { from: owner.address })
  return { world, curated, open }
}

type Datanets = ReturnType<typeof datanets>

function joined(f: Datanets): void {
  f.world.datanets.send('joinScorers', [f.open], {
    from: bob.address,
    valueWei: testParameters.scorerBondWei,
  })
}

/** Two contributions whose scores are committed; the second is a near-duplicate of the first. */
function scoreCommitted(f: Datanets) {
  const specs = [spec, contribution(2, bob, { minhash: nearMinhash(spec.minhash, 10) })]
  const ids = f.world.contribute(f.curated, specs)
  const reports = specs.map((one) => f.world.report(one))
  const commitment = f.world.scoreCommitment(scorer, ids, reports, salt)
  f.world.datanets.send('commitScores', [ids, commitment], { from: scorer.address })
  return { ids, reports }
}

function accepted(f: Datanets): readonly bigint[] {
  const specs = [1, 2, 3].map((n) => contribution(n, alice))
  const ids = f.world.contribute(f.curated, specs)
  f.world.score(ids, [scorer], () => specs.map((one) => f.world.report(one)))
  return ids
}

const frozen = once(() => {
  const f = datanets()
  const ids = accepted(f)
  f.world.datanets.send('freezeVersion', [f.curated, 512], { from: owner.address })
  return { ...f, ids }
})

function reads(args: (f: ReturnType<typeof frozen>) => readonly unknown[]): () => Scene {
  return () => ({ world: frozen().world, args: args(frozen()), from: stranger })
}

export const datanetScenes: Scenes = {
  ...claimScenes(DATANET_ADDRESS, () => {
    const f = datanets()
    accepted(f)
    return { world: f.world, creditor: alice, stranger }
  }),
  createDatanet: () => ({
    world: new World(),
    args: [LONG_TEXT, 0, 1, 'CC0-1.0', LONG_TEXT, OPEN, 5000],
    from: owner,
  }),
  appointScorer: () => {
    const f = datanets()
    return { world: f.world, args: [f.curated, bob.address], from: owner }
  },
  dismissScorer: () => {
    const f = datanets()
    return { world: f.world, args: [f.curated, scorer.address], from: owner }
  },
  joinScorers: () => {
    const f = datanets()
    return { world: f.world, args: [f.open], from: bob, valueWei: testParameters.scorerBondWei }
  },
  leaveScorers: () => {
    const f = datanets()
    joined(f)
    return { world: f.world, args: [f.open], from: bob }
  },
  withdrawScorerBond: () => {
    const f = datanets()
    joined(f)
    f.world.datanets.send('leaveScorers', [f.open], { from: bob.address })
    f.world.chain.advance(testParameters.scorerExitBlocks)
    return { world: f.world, args: [f.open], from: bob }
  },
  commitContribution: () => {
    const f = datanets()
    return { world: f.world, args: [f.curated, testHash('commitment')], from: alice, valueWei: OPEN }
  },
  revealContribution: () => {
    const f = datanets()
    const id = f.world.commit(f.curated, spec)
    f.world.chain.advance(testParameters.revealMinBlocks)
    return { world: f.world, args: f.world.revealArgs(id, spec), from: alice }
  },
  settleOrder: () => {
    const f = datanets()
    const { minhash, contentRoot } = spec
    const others = [
      contribution(2, bob, { minhash }),
      contribution(3, bob, { contentRoot }),
      contribution(4, alice),
    ]
    const specs = [spec, ...others]
    const ids = specs.map((one) => f.world.commit(f.curated, one))
    f.world.chain.advance(testParameters.revealMinBlocks)
    ids.slice(0, 3).forEach((id, index) => {
      f.world.reveal(id, specs[index]!)
    })
    // a leader, a near-duplicate, a duplicate, and one that was not revealed
    f.world.chain.advance(testParameters.revealMaxBlocks)
    return { world: f.world, args: [f.curated, 5], from: stranger }
  },
  commitScores: () => {
    const f = datanets()
    const ids = f.world.contribute(f.curated, [spec, contribution(2, bob)])
    return { world: f.world, args: [ids, testHash('commitment')], from: scorer }
  },
  revealScores: () => {
    const f = datanets()
    const { ids, reports } = scoreCommitted(f)
    return { world: f.world, args: [ids, reports, salt], from: scorer }
  },
  resolve: () => {
    const f = datanets()
    const { ids, reports } = scoreCommitted(f)
    f.world.datanets.send('revealScores', [ids, reports, salt], { from: scorer.address })
    return { world: f.world, args: [ids], from: stranger }
  },
  'resolve (refuted)': () => {
    const f = datanets()
    const [id] = f.world.contribute(f.curated, [spec])
    const lie = { ...f.world.report(spec), recordCount: 99 }
    const commitment = f.world.scoreCommitment(scorer, [id!], [lie], salt)
    f.world.datanets.send('commitScores', [[id], commitment], { from: scorer.address })
    f.world.datanets.send('revealScores', [[id], [lie], salt], { from: scorer.address })
    return { world: f.world, args: [[id]], from: stranger }
  },
  freezeVersion: () => {
    const f = datanets()
    accepted(f)
    return { world: f.world, args: [f.curated, 512], from: owner }
  },
  'freezeVersion (in part)': () => {
    const f = datanets()
    accepted(f)
    return { world: f.world, args: [f.curated, 2], from: owner }
  },
  getDatanet: reads((f) => [f.curated]),
  getContribution: reads((f) => [f.ids[0]]),
  getMinhash: reads((f) => [f.ids[0]]),
  contributionByRoot: reads(() => [spec.contentRoot]),
  'contributionByRoot (unknown)': reads(() => [ZERO_HASH]),
  contributionsOf: reads((f) => [f.curated, 0n, 256]),
  scorersOf: reads((f) => [f.curated]),
  getVersion: reads((f) => [f.curated, 1]),
  versionMembers: reads((f) => [f.curated, 1, 0, 256]),
}
