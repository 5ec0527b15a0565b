import { DATANET_ADDRESS } from '../../../precompiles/addresses.ts'
import { contribution, OPEN, testHash, testParameters } from '../precompileWorld.ts'
import { datanetReads } from './datanetReads.ts'
import { datanetScoringScenes } from './datanetScoring.ts'
import {
  accepted,
  alice,
  answerOf,
  bob,
  Datanets,
  feedback,
  granted,
  LONG_TEXT,
  on,
  owner,
  PUBLIC_KEY,
  pastChallenge,
  privateDatanet,
  scorer,
  signedCommit,
  spec,
  stranger,
  TERMS,
} from './datanetWorld.ts'
import { claimScenes, type Scenes } from './scene.ts'

const ALL_ROLES = 7

const ownerScenes: Scenes = {
  createDatanet: on(() => ({ args: [LONG_TEXT, 0, 1, 'CC0-1.0', LONG_TEXT, TERMS], from: owner })),
  updateDatanet: on((f) => ({ args: [f.curated, 'CC-BY-4.0', LONG_TEXT], from: owner })),
  setTerms: on((f) => ({ args: [f.curated, TERMS], from: owner })),
  transferOwnership: on((f) => ({ args: [f.curated, bob.address], from: owner })),
  acceptOwnership: on((f) => {
    f.send('transferOwnership', [f.curated, bob.address], owner)
    return { args: [f.curated], from: bob }
  }),
  setRoles: on((f) => ({ args: [f.curated, bob.address, ALL_ROLES], from: owner })),
  fund: on((f) => ({ args: [f.curated], valueWei: OPEN })),
  requestPurse: on((f) => {
    f.send('fund', [f.curated], stranger, OPEN)
    return { args: [f.curated, OPEN], from: owner }
  }),
  withdrawPurse: on((f) => {
    f.send('fund', [f.curated], stranger, OPEN)
    f.send('requestPurse', [f.curated, OPEN], owner)
    f.world.chain.advance(testParameters.purseExitBlocks)
    return { args: [f.curated], from: owner }
  }),
  appointScorer: on((f) => ({ args: [f.curated, bob.address], from: owner })),
  dismissScorer: on((f) => ({ args: [f.curated, scorer.address], from: owner })),
  joinScorers: on((f) => ({ args: [f.open], from: bob, valueWei: testParameters.scorerBondWei })),
  leaveScorers: on((f) => {
    f.join(bob)
    return { args: [f.open], from: bob }
  }),
  withdrawScorerBond: on((f) => {
    f.join(bob)
    f.send('leaveScorers', [f.open], bob)
    f.world.chain.advance(testParameters.scorerExitBlocks)
    return { args: [f.open], from: bob }
  }),
  requestAccess: on((f) => ({ args: [privateDatanet(f), PUBLIC_KEY, LONG_TEXT], from: bob })),
  grantAccess: on((f) => {
    const datanetId = privateDatanet(f)
    f.send('requestAccess', [datanetId, PUBLIC_KEY, ''], bob)
    return { args: [datanetId, bob.address, 1000, PUBLIC_KEY], from: owner }
  }),
  revokeAccess: on((f) => ({ args: [granted(f), bob.address], from: owner })),
}

const contributionScenes: Scenes = {
  commitContribution: on((f) => ({
    args: [f.curated, testHash('commitment')],
    from: alice,
    valueWei: OPEN,
  })),
  commitContributionFor: on((f) => ({ args: signedCommit(f), from: bob, valueWei: OPEN })),
  revealContribution: on((f) => {
    const id = f.world.commit(f.curated, spec)
    f.world.chain.advance(testParameters.revealMinBlocks)
    return { args: f.world.revealArgs(id, spec), from: alice }
  }),
  'revealContribution (correction)': on((f) => {
    const correction = contribution(4, alice, { kind: 2, targetId: accepted(f)[0]! })
    const id = f.world.commit(f.curated, correction)
    f.world.chain.advance(testParameters.revealMinBlocks)
    return { args: f.world.revealArgs(id, correction), from: alice }
  }),
  'revealContribution (feedback)': () => {
    const { world, id, given } = feedback()
    return { world, args: world.revealArgs(id, given), from: given.by }
  },
  settleOrder: on((f) => {
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
    return { args: [f.curated, 5] }
  }),
  plantKnownAnswer: on((f) => ({ args: [f.curated, testHash('commitment')], from: owner })),
  revealKnownAnswer: on((f) => {
    const id = f.world.commit(f.curated, spec)
    const { args, commitment } = answerOf(alice, id)
    f.send('plantKnownAnswer', [f.curated, commitment], owner)
    f.world.chain.advance(testParameters.revealMinBlocks)
    f.world.reveal(id, spec)
    f.send('settleOrder', [f.curated, 1], stranger)
    f.world.score([id], [scorer], () => [f.world.report(spec)])
    return { args, from: alice }
  }),
  tombstone: on((f) => ({ args: [accepted(f)[0]], from: alice })),
  freezeVersion: on((f) => {
    accepted(f)
    pastChallenge(f)
    return { args: [f.curated, 512], from: owner }
  }),
  'freezeVersion (in part)': on((f) => {
    accepted(f)
    pastChallenge(f)
    return { args: [f.curated, 2], from: owner }
  }),
}

export const datanetScenes: Scenes = {
  ...claimScenes(DATANET_ADDRESS, () => {
    const f = new Datanets()
    const ids = accepted(f)
    f.world.release(ids)
    return { world: f.world, creditor: alice, stranger }
  }),
  ...ownerScenes,
  ...contributionScenes,
  ...datanetScoringScenes,
  ...datanetReads,
}
