import { ZERO_HASH } from '../../../../../src/primitives/hex.ts'
import { OPEN, testHash } from '../../../../support/precompileWorld.ts'
import { alice, bob, type Case, committed, inScoring, spec } from './fixture.ts'

export const contributionCases: readonly Case[] = [
  {
    error: 'UnknownDatanet',
    what: 'a Datanet to come',
    run: () => ({ method: 'commitContribution', args: [9n, testHash('x')], from: alice, valueWei: OPEN }),
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
    error: 'BoundExceeded',
    what: 'ordering nothing',
    run: ({ curated }) => ({ method: 'settleOrder', args: [curated, 0], from: bob }),
  },
  {
    error: 'BoundExceeded',
    what: 'ordering 65',
    run: ({ curated }) => ({ method: 'settleOrder', args: [curated, 65], from: bob }),
  },
]
