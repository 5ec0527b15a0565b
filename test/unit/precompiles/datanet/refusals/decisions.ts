import { ZERO_HASH } from '../../../../../src/primitives/hex.ts'
import { testHash, testParameters } from '../../../../support/precompileWorld.ts'
import {
  alice,
  bob,
  type Case,
  committed,
  type Fixture,
  inScoring,
  owner,
  type Refused,
  salt,
  scorer,
  spec,
} from './fixture.ts'

const challengeBondWei = testParameters.contributionChallengeBondWei

function accepted(f: Fixture): bigint {
  const id = inScoring(f)
  f.world.score([id], [scorer], () => [f.world.report(spec)])
  return id
}

const challenge = (id: bigint, change: Partial<Refused> = {}): Refused => ({
  method: 'challengeContribution',
  args: [id, 1, ''],
  from: bob,
  valueWei: challengeBondWei,
  ...change,
})

const knownAnswer = (id: bigint, min = 0, max = 100): Refused => ({
  method: 'revealKnownAnswer',
  args: [id, min, max, salt],
  from: alice,
})

export const decisionCases: readonly Case[] = [
  {
    error: 'WrongBond',
    what: 'a challenge with another bond',
    run: (f) => challenge(accepted(f), { valueWei: challengeBondWei + 1n }),
  },
  {
    error: 'InvalidReason',
    what: 'a challenge for no reason that there is',
    run(f) {
      const id = accepted(f)
      return challenge(id, { args: [id, 8, ''] })
    },
  },
  {
    error: 'BoundExceeded',
    what: 'a challenge with more evidence than a CID',
    run(f) {
      const id = accepted(f)
      return challenge(id, { args: [id, 1, 'x'.repeat(129)] })
    },
  },
  { error: 'WrongStatus', what: 'a challenge of what is in scoring', run: (f) => challenge(inScoring(f)) },
  {
    error: 'OwnContribution',
    what: 'a challenge of one’s own contribution',
    run: (f) => challenge(accepted(f), { from: alice }),
  },
  {
    error: 'TooLate',
    what: 'a challenge after the period',
    run(f) {
      const id = accepted(f)
      f.world.chain.advance(testParameters.contributionChallengeBlocks + 1)
      return challenge(id)
    },
  },
  {
    error: 'AlreadyChallenged',
    what: 'a second challenge beside the first',
    run(f) {
      const id = accepted(f)
      const options = { from: bob.address, valueWei: challengeBondWei }
      f.world.datanets.send('challengeContribution', [id, 1, ''], options)
      return challenge(id)
    },
  },
  {
    error: 'AlreadyChallenged',
    what: 'a second challenge after the first',
    run(f) {
      const id = accepted(f)
      const options = { from: bob.address, valueWei: challengeBondWei }
      f.world.datanets.send('challengeContribution', [id, 1, ''], options)
      f.world.score([id], [scorer], () => [f.world.report(spec)])
      return challenge(id)
    },
  },
  {
    error: 'TooFewScorers',
    what: 'a challenge that nobody could judge',
    run(f) {
      const id = accepted(f)
      f.world.datanets.send('dismissScorer', [f.curated, scorer.address], { from: owner.address })
      return challenge(id)
    },
  },
  {
    error: 'TooFewScorers',
    what: 'a challenge by the only scorer there is',
    run: (f) => challenge(accepted(f), { from: scorer }),
  },
  {
    error: 'UnknownContribution',
    what: 'the release of a contribution that there is not',
    run: () => ({ method: 'releaseContributions', args: [[5n]], from: bob }),
  },
  {
    error: 'MissingRole',
    what: 'a known answer by a stranger',
    run: ({ curated }) => ({ method: 'plantKnownAnswer', args: [curated, testHash('c')], from: bob }),
  },
  {
    error: 'ZeroCommitment',
    what: 'a known answer of nothing',
    run: ({ curated }) => ({ method: 'plantKnownAnswer', args: [curated, ZERO_HASH], from: owner }),
  },
  {
    error: 'AlreadyPlanted',
    what: 'a known answer twice',
    run({ world, curated }) {
      world.datanets.send('plantKnownAnswer', [curated, testHash('c')], { from: owner.address })
      return { method: 'plantKnownAnswer', args: [curated, testHash('c')], from: owner }
    },
  },
  {
    error: 'UnknownCommitment',
    what: 'a known answer that nobody planted',
    run: (f) => knownAnswer(accepted(f)),
  },
  {
    error: 'InvalidQuality',
    what: 'a known answer above one',
    run: (f) => knownAnswer(accepted(f), 0, 10_001),
  },
  {
    error: 'InvalidQuality',
    what: 'a known answer from more to less',
    run: (f) => knownAnswer(accepted(f), 101, 100),
  },
  {
    error: 'NotContributor',
    what: 'a known answer of another’s contribution',
    run: (f) => ({ ...knownAnswer(accepted(f)), from: owner }),
  },
  {
    error: 'WrongStatus',
    what: 'a known answer before the contribution is decided',
    run: (f) => knownAnswer(committed(f)),
  },
]
