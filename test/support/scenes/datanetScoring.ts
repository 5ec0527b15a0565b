import { contribution, testHash, testParameters } from '../precompileWorld.ts'
import {
  accepted,
  alice,
  bob,
  LONG_TEXT,
  on,
  pastChallenge,
  salt,
  scoreCommitted,
  scorer,
  spec,
  waiting,
} from './datanetWorld.ts'
import type { Scenes } from './scene.ts'

const challengeBond = { from: bob, valueWei: testParameters.contributionChallengeBondWei } as const

/** Panels, scores, decisions and challenges. */
export const datanetScoringScenes: Scenes = {
  drawScorers: on((f) => {
    const id = waiting(f)
    f.world.chain.advance()
    return { args: [[id]] }
  }),
  commitScores: on((f) => {
    const ids = f.world.contribute(f.curated, [spec, contribution(2, bob)])
    return { args: [ids, testHash('commitment')], from: scorer }
  }),
  revealScores: on((f) => {
    const { ids, reports } = scoreCommitted(f)
    return { args: [ids, reports, salt], from: scorer }
  }),
  resolve: on((f) => {
    const { ids, reports } = scoreCommitted(f)
    f.send('revealScores', [ids, reports, salt], scorer)
    return { args: [ids] }
  }),
  'resolve (paid)': on((f) => {
    f.pay(f.curated)
    const { ids, reports } = scoreCommitted(f)
    f.send('revealScores', [ids, reports, salt], scorer)
    return { args: [ids] }
  }),
  'resolve (refuted)': on((f) => {
    const [id] = f.world.contribute(f.curated, [spec])
    const lie = { ...f.world.report(spec), recordCount: 99 }
    const commitment = f.world.scoreCommitment(scorer, [id!], [lie], salt)
    f.send('commitScores', [[id], commitment], scorer)
    f.send('revealScores', [[id], [lie], salt], scorer)
    return { args: [[id]] }
  }),
  'resolve (nobody scored)': on((f) => {
    const id = waiting(f)
    f.world.draw([id])
    const { scoreCommitBlocks, scoreRevealBlocks } = testParameters
    f.world.chain.advance(scoreCommitBlocks + scoreRevealBlocks + 1)
    return { args: [[id]] }
  }),
  'resolve (challenged)': on((f) => {
    const [id] = accepted(f)
    f.send('challengeContribution', [id, 1, ''], bob, challengeBond.valueWei)
    const report = f.world.report(contribution(1, alice), 100, 1)
    const commitment = f.world.scoreCommitment(scorer, [id!], [report], salt)
    f.send('commitScores', [[id], commitment], scorer)
    f.send('revealScores', [[id], [report], salt], scorer)
    return { args: [[id]] }
  }),
  challengeContribution: on((f) => ({ args: [accepted(f)[0], 1, LONG_TEXT], ...challengeBond })),
  releaseContributions: on((f) => {
    const ids = accepted(f)
    pastChallenge(f)
    return { args: [ids] }
  }),
  'releaseContributions (bounty)': on((f) => {
    f.pay(f.curated)
    const ids = accepted(f)
    pastChallenge(f)
    return { args: [ids] }
  }),
}
