import { describe, expect, it } from 'vitest'
import { iDatanetRegistryAbi } from '../../../../contracts/generated/IDatanetRegistry.ts'
import { DATANET_ADDRESS } from '../../../../precompiles/addresses.ts'
import { ZERO_ADDRESS, ZERO_HASH } from '../../../../src/primitives/hex.ts'
import { seenErrors } from '../../../support/contract.ts'
import {
  account,
  contribution,
  datanetTerms,
  OPEN,
  testHash,
  testParameters,
  World,
} from '../../../support/precompileWorld.ts'

const [owner, scorer, alice, bob] = [account(1), account(2), account(3), account(4)] as const
const bond = testParameters.scorerBondWei
const spec = contribution(1, alice)
const salt = testHash('salt')

interface Fixture {
  readonly world: World
  readonly curated: bigint
  readonly open: bigint
}

function fixture(): Fixture {
  const world = new World()
  const curated = world.createDatanet(owner)
  const open = world.createDatanet(owner, { policy: 0 })
  world.datanets.send('appointScorer', [curated, scorer.address], { from: owner.address })
  return { world, curated, open }
}

const committed = (f: Fixture) => f.world.commit(f.curated, spec)
const inScoring = (f: Fixture) => f.world.contribute(f.curated, [spec])[0]!
function scoreCommitted(f: Fixture): bigint {
  const id = inScoring(f)
  const commitment = f.world.scoreCommitment(scorer, [id], [f.world.report(spec)], salt)
  f.world.datanets.send('commitScores', [[id], commitment], { from: scorer.address })
  return id
}

type Args = readonly unknown[]
const creation = (overrides: Record<number, unknown>): Args =>
  Object.assign(['Name', 0, 1, 'MIT', '', datanetTerms()], overrides)

interface Case {
  readonly error: string
  readonly what: string
  run(f: Fixture): { method: string; args: Args; from: { address: `0x${string}` }; valueWei?: bigint }
}

const cases: readonly Case[] = [
  {
    error: 'InvalidText',
    what: 'an empty name',
    run: () => ({ method: 'createDatanet', args: creation({ 0: '' }), from: alice }),
  },
  {
    error: 'InvalidText',
    what: 'a line break in the licence',
    run: () => ({ method: 'createDatanet', args: creation({ 3: 'MIT\n' }), from: alice }),
  },
  {
    error: 'BoundExceeded',
    what: 'a long name',
    run: () => ({ method: 'createDatanet', args: creation({ 0: 'x'.repeat(65) }), from: alice }),
  },
  {
    error: 'InvalidKind',
    what: 'an unknown kind',
    run: () => ({ method: 'createDatanet', args: creation({ 1: 3 }), from: alice }),
  },
  {
    error: 'InvalidPolicy',
    what: 'an unknown policy',
    run: () => ({ method: 'createDatanet', args: creation({ 2: 3 }), from: alice }),
  },
  {
    error: 'InvalidThreshold',
    what: 'a threshold above one',
    run: () => ({
      method: 'createDatanet',
      args: creation({ 5: datanetTerms({ acceptThresholdBps: 10_001 }) }),
      from: alice,
    }),
  },
  {
    error: 'UnknownDatanet',
    what: 'Datanet 0',
    run: () => ({ method: 'getDatanet', args: [0n], from: alice }),
  },
  {
    error: 'UnknownDatanet',
    what: 'a Datanet to come',
    run: () => ({ method: 'commitContribution', args: [9n, testHash('x')], from: alice, valueWei: OPEN }),
  },
  {
    error: 'MissingRole',
    what: 'an appointment by a stranger',
    run: ({ curated }) => ({ method: 'appointScorer', args: [curated, bob.address], from: bob }),
  },
  {
    error: 'NotOwner',
    what: 'an offer by a stranger',
    run: ({ curated }) => ({ method: 'transferOwnership', args: [curated, bob.address], from: bob }),
  },
  {
    error: 'NotPendingOwner',
    what: 'taking what was not offered',
    run: ({ curated }) => ({ method: 'acceptOwnership', args: [curated], from: bob }),
  },
  {
    error: 'InvalidAccount',
    what: 'an offer to a precompile',
    run: ({ curated }) => ({ method: 'transferOwnership', args: [curated, DATANET_ADDRESS], from: owner }),
  },
  {
    error: 'InvalidRoles',
    what: 'a role that there is not',
    run: ({ curated }) => ({ method: 'setRoles', args: [curated, bob.address, 8], from: owner }),
  },
  {
    error: 'InvalidAccount',
    what: 'roles for nobody',
    run: ({ curated }) => ({ method: 'setRoles', args: [curated, ZERO_ADDRESS, 1], from: owner }),
  },
  {
    error: 'ZeroAmount',
    what: 'nothing for the purse',
    run: ({ curated }) => ({ method: 'fund', args: [curated], from: bob }),
  },
  {
    error: 'ZeroAmount',
    what: 'asking for nothing of the purse',
    run: ({ curated }) => ({ method: 'requestPurse', args: [curated, 0n], from: owner }),
  },
  {
    error: 'AmountTooHigh',
    what: 'asking for more than the purse has',
    run: ({ curated }) => ({ method: 'requestPurse', args: [curated, 1n], from: owner }),
  },
  {
    error: 'NothingRequested',
    what: 'money that nobody announced',
    run: ({ curated }) => ({ method: 'withdrawPurse', args: [curated], from: owner }),
  },
  {
    error: 'TooEarly',
    what: 'the purse before its exit',
    run({ world, curated }) {
      world.datanets.send('fund', [curated], { from: bob.address, valueWei: 5n })
      world.datanets.send('requestPurse', [curated, 5n], { from: owner.address })
      return { method: 'withdrawPurse', args: [curated], from: owner }
    },
  },
  {
    error: 'InvalidText',
    what: 'a licence taken away',
    run: ({ curated }) => ({ method: 'updateDatanet', args: [curated, '', ''], from: owner }),
  },
  {
    error: 'InvalidThreshold',
    what: 'terms with a threshold above one',
    run: ({ curated }) => ({
      method: 'setTerms',
      args: [curated, datanetTerms({ acceptThresholdBps: 10_001 })],
      from: owner,
    }),
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
    error: 'WrongBond',
    what: 'a scorer’s bond of another size',
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
    error: 'ZeroCommitment',
    what: 'a commitment to nothing',
    run: ({ curated }) => ({
      method: 'commitContribution',
      args: [curated, ZERO_HASH],
      from: alice,
      valueWei: OPEN,
    }),
  },
  {
    error: 'BondTooLow',
    what: 'a small bond',
    run: ({ curated }) => ({
      method: 'commitContribution',
      args: [curated, testHash('x')],
      from: alice,
      valueWei: OPEN - 1n,
    }),
  },
  {
    error: 'UnknownContribution',
    what: 'contribution 7',
    run: () => ({ method: 'getContribution', args: [7n], from: alice }),
  },
  {
    error: 'NotContributor',
    what: 'a reveal by another',
    run(f) {
      const id = committed(f)
      f.world.chain.advance(2)
      return { method: 'revealContribution', args: f.world.revealArgs(id, spec), from: bob }
    },
  },
  {
    error: 'TooEarly',
    what: 'a reveal before its window',
    run: (f) => ({ method: 'revealContribution', args: f.world.revealArgs(committed(f), spec), from: alice }),
  },
  {
    error: 'TooLate',
    what: 'a reveal after its window',
    run(f) {
      const id = committed(f)
      f.world.chain.advance(7)
      return { method: 'revealContribution', args: f.world.revealArgs(id, spec), from: alice }
    },
  },
  {
    error: 'CommitmentMismatch',
    what: 'other content than committed',
    run(f) {
      const id = committed(f)
      f.world.chain.advance(2)
      return {
        method: 'revealContribution',
        args: f.world.revealArgs(id, { ...spec, recordCount: 99 }),
        from: alice,
      }
    },
  },
  {
    error: 'InvalidSignatureLength',
    what: 'a short MinHash signature',
    run(f) {
      const id = committed(f)
      f.world.chain.advance(2)
      const args = f.world.revealArgs(id, { ...spec, minhash: spec.minhash.subarray(4) })
      return { method: 'revealContribution', args, from: alice }
    },
  },
  {
    error: 'EmptyContribution',
    what: 'no records',
    run(f) {
      const id = committed(f)
      f.world.chain.advance(2)
      return {
        method: 'revealContribution',
        args: f.world.revealArgs(id, { ...spec, recordCount: 0 }),
        from: alice,
      }
    },
  },
  {
    error: 'BoundExceeded',
    what: 'a million and one records',
    run(f) {
      const id = committed(f)
      f.world.chain.advance(2)
      const args = f.world.revealArgs(id, { ...spec, recordCount: 1_000_001 })
      return { method: 'revealContribution', args, from: alice }
    },
  },
  {
    error: 'WrongStatus',
    what: 'a second reveal',
    run(f) {
      const id = inScoring(f)
      return { method: 'revealContribution', args: f.world.revealArgs(id, spec), from: alice }
    },
  },
  {
    error: 'WrongStatus',
    what: 'a score before the order is settled',
    run: (f) => ({ method: 'commitScores', args: [[committed(f)], testHash('c')], from: scorer }),
  },
  {
    error: 'BoundExceeded',
    what: 'ordering nothing',
    run: ({ curated }) => ({ method: 'settleOrder', args: [curated, 0], from: bob }),
  },
  {
    error: 'BoundExceeded',
    what: 'ordering 65',
    run: ({ curated }) => ({ method: 'settleOrder', args: [curated, 65], from: bob }),
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
    error: 'ContributorMayNotScore',
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
  {
    error: 'MissingRole',
    what: 'a freeze by a stranger',
    run: ({ curated }) => ({ method: 'freezeVersion', args: [curated, 5], from: bob }),
  },
  {
    error: 'NothingAccepted',
    what: 'a freeze of nothing',
    run: ({ curated }) => ({ method: 'freezeVersion', args: [curated, 5], from: owner }),
  },
  {
    error: 'UnknownVersion',
    what: 'version 1 before it is frozen',
    run: ({ curated }) => ({ method: 'getVersion', args: [curated, 1], from: owner }),
  },
  {
    error: 'UnknownVersion',
    what: 'version 0',
    run: ({ curated }) => ({ method: 'versionMembers', args: [curated, 0, 0, 5], from: owner }),
  },
  {
    error: 'BoundExceeded',
    what: 'a page of 257',
    run: ({ curated }) => ({ method: 'contributionsOf', args: [curated, 0n, 257], from: owner }),
  },
  {
    error: 'NothingToClaim',
    what: 'a claim without credit',
    run: () => ({ method: 'claim', args: [], from: alice }),
  },
  {
    error: 'SystemAccount',
    what: 'a claim for the treasury by another',
    run: () => ({ method: 'claimFor', args: [testParameters.treasuryAddress], from: alice }),
  },
]

describe('the Datanet registry refuses', () => {
  it.each(cases)('$what with $error and changes nothing', ({ error, run }) => {
    const f = fixture()
    const { method, args, from, valueWei = 0n } = run(f)
    const before = f.world.chain.snapshot()
    const outcome = f.world.datanets.try(method as never, args, { from: from.address, valueWei })
    expect(outcome).toMatchObject({ ok: false, error })
    expect(f.world.chain.snapshot()).toBe(before)
  })

  it('a second reveal in one seat, after the owner has moved a scorer into it', () => {
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
    expect(again).toMatchObject({ error: 'AlreadyRevealed' })
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

  it('with every error of its interface, somewhere above; the dispatcher’s have a test of their own', () => {
    const elsewhere = [
      'UnknownSelector',
      'CallKindRefused',
      'StaticCallRefused',
      'ValueRefused',
      'MalformedInput',
    ]
    const names = iDatanetRegistryAbi.flatMap((item) => (item.type === 'error' ? [item.name as string] : []))
    const expected = names.filter((name) => !elsewhere.includes(name))
    expect([...(seenErrors.get(DATANET_ADDRESS) ?? [])].sort()).toEqual(expected.sort())
  })
})
