import { DATANET_ADDRESS } from '../../../../../precompiles/addresses.ts'
import { ZERO_ADDRESS, ZERO_HASH } from '../../../../../src/primitives/hex.ts'
import { testHash } from '../../../../support/precompileWorld.ts'
import {
  alice,
  bob,
  bond,
  type Case,
  committed,
  inScoring,
  owner,
  salt,
  scoreCommitted,
  scorer,
  spec,
} from './fixture.ts'

export const scoringCases: readonly Case[] = [
  {
    error: 'MissingRole',
    what: 'an appointment by a stranger',
    run: ({ curated }) => ({ method: 'appointScorer', args: [curated, bob.address], from: bob }),
  },
  {
    error: 'WrongPolicy',
    what: 'an appointment in an open Datanet',
    run: ({ open }) => ({ method: 'appointScorer', args: [open, bob.address], from: owner }),
  },
  {
    error: 'WrongPolicy',
    what: 'joining a curated Datanet',
    run: ({ curated }) => ({ method: 'joinScorers', args: [curated], from: bob, valueWei: bond }),
  },
  {
    error: 'InvalidAccount',
    what: 'the zero address',
    run: ({ curated }) => ({ method: 'appointScorer', args: [curated, ZERO_ADDRESS], from: owner }),
  },
  {
    error: 'InvalidAccount',
    what: 'a precompile',
    run: ({ curated }) => ({ method: 'appointScorer', args: [curated, DATANET_ADDRESS], from: owner }),
  },
  {
    error: 'AlreadyScorer',
    what: 'a second appointment',
    run: ({ curated }) => ({ method: 'appointScorer', args: [curated, scorer.address], from: owner }),
  },
  {
    error: 'NotScorer',
    what: 'dismissing a stranger',
    run: ({ curated }) => ({ method: 'dismissScorer', args: [curated, bob.address], from: owner }),
  },
  {
    error: 'NotScorer',
    what: 'leaving without a seat',
    run: ({ open }) => ({ method: 'leaveScorers', args: [open], from: bob }),
  },
  {
    error: 'BondTooLow',
    what: 'a scorer’s bond that is too small',
    run: ({ open }) => ({ method: 'joinScorers', args: [open], from: bob, valueWei: bond - 1n }),
  },
  {
    error: 'NoScorerSeat',
    what: 'the 65th scorer',
    run({ world, curated }) {
      for (let n = 0; n < 63; n++) {
        const someone = `0x${(0x1000 + n).toString(16).padStart(40, '0')}`
        world.datanets.send('appointScorer', [curated, someone], { from: owner.address })
      }
      return { method: 'appointScorer', args: [curated, bob.address], from: owner }
    },
  },
  {
    error: 'ScorerStillBound',
    what: 'a bond before leaving',
    run({ world, open }) {
      world.datanets.send('joinScorers', [open], { from: bob.address, valueWei: bond })
      return { method: 'withdrawScorerBond', args: [open], from: bob }
    },
  },
  {
    error: 'WrongStatus',
    what: 'a score before the order is settled',
    run: (f) => ({ method: 'commitScores', args: [[committed(f)], testHash('c')], from: scorer }),
  },
  {
    error: 'NotScorer',
    what: 'a score by a stranger',
    run: (f) => ({ method: 'commitScores', args: [[inScoring(f)], testHash('c')], from: bob }),
  },
  {
    error: 'ZeroCommitment',
    what: 'a score commitment to nothing',
    run: (f) => ({ method: 'commitScores', args: [[inScoring(f)], ZERO_HASH], from: scorer }),
  },
  {
    error: 'NotOnPanel',
    what: 'a scorer’s own contribution',
    run(f) {
      f.world.datanets.send('appointScorer', [f.curated, alice.address], { from: owner.address })
      return { method: 'commitScores', args: [[inScoring(f)], testHash('c')], from: alice }
    },
  },
  {
    error: 'AlreadyCommitted',
    what: 'a second commitment',
    run: (f) => ({ method: 'commitScores', args: [[scoreCommitted(f)], testHash('c')], from: scorer }),
  },
  {
    error: 'AlreadyCommitted',
    what: 'the same contribution twice in one commitment',
    run(f) {
      const id = inScoring(f)
      return { method: 'commitScores', args: [[id, id], testHash('c')], from: scorer }
    },
  },
  {
    error: 'TooLate',
    what: 'a score commitment after its window',
    run(f) {
      const id = inScoring(f)
      f.world.chain.advance(6)
      return { method: 'commitScores', args: [[id], testHash('c')], from: scorer }
    },
  },
  {
    error: 'TooEarly',
    what: 'a score reveal while another may still commit',
    run(f) {
      f.world.datanets.send('appointScorer', [f.curated, bob.address], { from: owner.address })
      const id = scoreCommitted(f)
      return { method: 'revealScores', args: [[id], [f.world.report(spec)], salt], from: scorer }
    },
  },
  {
    error: 'TooLate',
    what: 'a score reveal after its window',
    run(f) {
      const id = scoreCommitted(f)
      f.world.chain.advance(11)
      return { method: 'revealScores', args: [[id], [f.world.report(spec)], salt], from: scorer }
    },
  },
  {
    error: 'UnknownCommitment',
    what: 'other scores than committed',
    run: (f) => ({
      method: 'revealScores',
      args: [[scoreCommitted(f)], [f.world.report(spec, 1)], salt],
      from: scorer,
    }),
  },
  {
    error: 'UnknownCommitment',
    what: 'another’s commitment',
    run: (f) => ({
      method: 'revealScores',
      args: [[scoreCommitted(f)], [f.world.report(spec)], salt],
      from: bob,
    }),
  },
  {
    error: 'LengthMismatch',
    what: 'fewer reports than contributions',
    run: (f) => ({ method: 'revealScores', args: [[scoreCommitted(f)], [], salt], from: scorer }),
  },
  {
    error: 'InvalidReason',
    what: 'a reason that there is not',
    run(f) {
      const id = inScoring(f)
      const reports = [f.world.report(spec, 100, 8)]
      const commitment = f.world.scoreCommitment(scorer, [id], reports, salt)
      f.world.datanets.send('commitScores', [[id], commitment], { from: scorer.address })
      return { method: 'revealScores', args: [[id], reports, salt], from: scorer }
    },
  },
  {
    error: 'NotOnPanel',
    what: 'a score by a scorer who was appointed after the ordering',
    run(f) {
      const id = inScoring(f)
      f.world.datanets.send('appointScorer', [f.curated, bob.address], { from: owner.address })
      return { method: 'commitScores', args: [[id], testHash('c')], from: bob }
    },
  },
  {
    error: 'WrongStatus',
    what: 'a score before the panel is drawn',
    run({ world, open }) {
      world.datanets.send('joinScorers', [open], { from: bob.address, valueWei: bond })
      const [id] = world.contribute(open, [spec])
      return { method: 'commitScores', args: [[id], testHash('c')], from: bob }
    },
  },
  {
    error: 'UnknownContribution',
    what: 'the draw for a contribution that there is not',
    run: () => ({ method: 'drawScorers', args: [[9n]], from: bob }),
  },
  {
    error: 'BoundExceeded',
    what: 'the draw for none',
    run: () => ({ method: 'drawScorers', args: [[]], from: bob }),
  },
  {
    error: 'InvalidQuality',
    what: 'a quality above one',
    run(f) {
      const id = inScoring(f)
      const reports = [f.world.report(spec, 10_001)]
      const commitment = f.world.scoreCommitment(scorer, [id], reports, salt)
      f.world.datanets.send('commitScores', [[id], commitment], { from: scorer.address })
      return { method: 'revealScores', args: [[id], reports, salt], from: scorer }
    },
  },
]
