import { DATANET_ADDRESS } from '../../../../../precompiles/addresses.ts'
import { ZERO_ADDRESS } from '../../../../../src/primitives/hex.ts'
import { datanetTerms, testParameters } from '../../../../support/precompileWorld.ts'
import { alice, bob, type Case, owner } from './fixture.ts'

const creation = (overrides: Record<number, unknown>): readonly unknown[] =>
  Object.assign(['Name', 0, 1, 'MIT', '', datanetTerms()], overrides)

export const datanetCases: readonly Case[] = [
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
