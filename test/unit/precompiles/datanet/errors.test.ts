import { beforeAll, describe, expect, it } from 'vitest'
import { DATANET_ADDRESS } from '../../../../precompiles/addresses.ts'
import { seenErrors } from '../../../support/contract.ts'
import { expectedErrors } from '../../../support/errorLists.ts'
import { contribution } from '../../../support/precompileWorld.ts'
import { accessCases } from './refusals/access.ts'
import { contributionCases } from './refusals/contributions.ts'
import { datanetCases } from './refusals/datanets.ts'
import { decisionCases } from './refusals/decisions.ts'
import {
  alice,
  bob,
  fixture,
  inScoring,
  owner,
  salt,
  scoreCommitted,
  scorer,
  spec,
} from './refusals/fixture.ts'
import { kindCases } from './refusals/kinds.ts'
import { scoringCases } from './refusals/scoring.ts'
import { versionCases } from './refusals/versions.ts'

// other files of the same worker have seen errors too
beforeAll(() => seenErrors.clear())

const cases = [
  ...datanetCases,
  ...contributionCases,
  ...kindCases,
  ...scoringCases,
  ...decisionCases,
  ...versionCases,
  ...accessCases,
]

describe('the Datanet registry refuses', () => {
  it.each(cases)('$what with $error and changes nothing', ({ error, run }) => {
    const f = fixture()
    const { world = f.world, method, args, from, valueWei = 0n } = run(f)
    const before = world.chain.snapshot()
    const outcome = world.datanets.try(method as never, args, { from: from.address, valueWei })
    expect(outcome).toMatchObject({ ok: false, error })
    expect(world.chain.snapshot()).toBe(before)
  })

  it('a score in a seat that the owner has given to another since, whoever had it', () => {
    const f = fixture()
    const { datanets } = f.world
    const appoint = (who: typeof bob) =>
      datanets.send('appointScorer', [f.curated, who.address], { from: owner.address })
    const dismiss = (who: typeof bob) =>
      datanets.send('dismissScorer', [f.curated, who.address], { from: owner.address })
    appoint(bob)
    const id = inScoring(f)
    const reports = [f.world.report(spec)]
    for (const who of [scorer, bob]) {
      const commitment = f.world.scoreCommitment(who, [id], reports, salt)
      datanets.send('commitScores', [[id], commitment], { from: who.address })
    }
    datanets.send('revealScores', [[id], reports, salt], { from: scorer.address })
    dismiss(scorer)
    dismiss(bob)
    appoint(bob)
    const again = datanets.try('revealScores', [[id], reports, salt], { from: bob.address })
    expect(again).toMatchObject({ error: 'NotOnPanel' })
  })

  it('the same reveal twice', () => {
    const f = fixture()
    const id = scoreCommitted(f)
    const reveal = () =>
      f.world.datanets.try('revealScores', [[id], [f.world.report(spec)], salt], { from: scorer.address })
    expect(reveal()).toMatchObject({ ok: true })
    expect(reveal()).toMatchObject({ error: 'UnknownCommitment' })
  })

  it('two commitments under different lists, of which one could be chosen later', () => {
    const f = fixture()
    const [first, second] = [contribution(1, alice), contribution(2, alice)]
    const ids = f.world.contribute(f.curated, [first, second])
    const forFirst = (quality: number) =>
      f.world.scoreCommitment(scorer, [ids[0]!], [f.world.report(first, quality)], salt)
    f.world.datanets.send('commitScores', [[ids[0]], forFirst(9000)], { from: scorer.address })
    // the commitment for the second contribution hides another score of the first
    f.world.datanets.send('commitScores', [[ids[1]], forFirst(100)], { from: scorer.address })
    const outcome = f.world.datanets.try('revealScores', [[ids[0]], [f.world.report(first, 100)], salt], {
      from: scorer.address,
    })
    expect(outcome).toMatchObject({ error: 'UnknownCommitment' })
  })

  it('with every error of its list, somewhere above', () => {
    const reached = [...(seenErrors.get(DATANET_ADDRESS) ?? [])].sort()
    expect(reached).toEqual(expectedErrors('test/unit/precompiles/datanet/errors.test.ts'))
  })
})
