import { ZERO_HASH } from '../../../src/primitives/hex.ts'
import { OPEN } from '../precompileWorld.ts'
import {
  accepted,
  alice,
  bob,
  Datanets,
  feedback,
  granted,
  owner,
  pastChallenge,
  scorer,
  spec,
  stranger,
} from './datanetWorld.ts'
import { once, type Scene, type Scenes } from './scene.ts'

/** A frozen version, one contribution without attribution, and grants. */
const frozen = once(() => {
  const f = new Datanets()
  const [id] = accepted(f)
  pastChallenge(f)
  f.send('freezeVersion', [f.curated, 512], owner)
  f.send('tombstone', [id], alice)
  f.send('fund', [f.curated], stranger, OPEN)
  f.send('requestPurse', [f.curated, OPEN], owner)
  f.send('setRoles', [f.curated, bob.address, 7], owner)
  f.send('transferOwnership', [f.curated, bob.address], owner)
  return Object.assign(f, { id: id!, closed: granted(f) })
})

function reads(args: (f: ReturnType<typeof frozen>) => readonly unknown[]): () => Scene {
  return () => ({ world: frozen().world, args: args(frozen()), from: stranger })
}

export const datanetReads: Scenes = {
  domainSeparator: reads(() => []),
  counts: reads(() => []),
  nonces: reads(() => [alice.address]),
  rolesOf: reads((f) => [f.curated, bob.address]),
  'rolesOf (owner)': reads((f) => [f.curated, owner.address]),
  getDatanet: reads((f) => [f.curated]),
  getContribution: reads((f) => [f.id]),
  getMinhash: reads((f) => [f.id]),
  contributionByRoot: reads(() => [spec.contentRoot]),
  'contributionByRoot (unknown)': reads(() => [ZERO_HASH]),
  contributionsOf: reads((f) => [f.curated, 0n, 256]),
  feedbackOn: () => {
    const { world, id, given, receiptId } = feedback()
    world.reveal(id, given)
    return { world, args: [receiptId], from: stranger }
  },
  scorerInfo: reads((f) => [f.curated, scorer.address]),
  scorersOf: reads((f) => [f.curated]),
  panelOf: reads((f) => [f.id]),
  isTombstoned: reads((f) => [f.id]),
  hasAccess: reads((f) => [f.closed, bob.address]),
  accessOf: reads((f) => [f.closed, bob.address]),
  getVersion: reads((f) => [f.curated, 1]),
  versionMembers: reads((f) => [f.curated, 1, 0, 256]),
}
