import { beforeAll, describe, expect, it } from 'vitest'
import { ADAPTER_ADDRESS } from '../../../../precompiles/addresses.ts'
import { POLICY_PRIVATE } from '../../../../precompiles/datanet/layout.ts'
import { memberFlag } from '../../../../precompiles/datanet/members.ts'
import { concatBytes } from '../../../../src/primitives/bytes.ts'
import { bytesToHex, ZERO_HASH } from '../../../../src/primitives/hex.ts'
import { seenErrors } from '../../../support/contract.ts'
import { expectedErrors } from '../../../support/errorLists.ts'
import {
  contribution,
  OPEN,
  rfc6962,
  testHash,
  testParameters,
  World,
} from '../../../support/precompileWorld.ts'
import {
  active,
  alice,
  bob,
  challenge,
  commit,
  created,
  draw,
  type Fixture,
  fixture,
  owner,
  published,
  registerAuditors,
  SALT,
  scorer,
  setFlags,
  setPolicy,
} from './fixture.ts'

// other files of the same worker have seen errors too
beforeAll(() => seenErrors.clear())

interface Case {
  readonly error: string
  readonly what: string
  run(f: Fixture): { method: string; args: readonly unknown[]; from?: typeof owner; valueWei?: bigint }
}
const creation =
  (overrides: Record<string, unknown>, valueWei = OPEN): Case['run'] =>
  (f) => ({
    method: 'createAdapter',
    args: [f.world.draft(f.baseModelId, [{ datanetId: f.datanetId, version: 1 }], overrides)],
    valueWei,
  })
const next = (f: Fixture, overrides: Record<string, unknown> = {}) =>
  f.world.versionDraft([{ datanetId: f.datanetId, version: 1 }], overrides)
const challengeOf = (id: bigint, row = 0, evidenceCid = '') => ({
  method: 'challengeRows',
  args: [id, row, evidenceCid],
  valueWei: testParameters.rowChallengeBondWei,
})
/** An adapter whose rows a committee judges, with one of its seats. */
function judged(f: Fixture) {
  registerAuditors(f)
  const id = published(f)
  challenge(f, id)
  return { id, seat: draw(f, id)[0]! }
}
const noPrice = { baseWei: 0n, perThousandInputWei: 0n, perThousandOutputWei: 0n }

const cases: readonly Case[] = [
  { error: 'UnknownBaseModel', what: 'base model 9', run: creation({ baseModelId: 9n }) },
  { error: 'UnknownBaseModel', what: 'base model 0', run: () => ({ method: 'getBaseModel', args: [0n] }) },
  {
    error: 'BaseModelExists',
    what: 'a base model twice',
    run: (f) => ({
      method: 'registerBaseModel',
      args: [testHash('encoder onnx'), testHash('tokenizer'), f.world.profileHash, 'other name', ''],
    }),
  },
  {
    error: 'ZeroHash',
    what: 'a base model without a graph',
    run: () => ({ method: 'registerBaseModel', args: [ZERO_HASH, ZERO_HASH, ZERO_HASH, 'x', ''] }),
  },
  {
    error: 'InvalidText',
    what: 'a base model without a name',
    run: () => ({ method: 'registerBaseModel', args: [testHash('a'), testHash('b'), testHash('c'), '', ''] }),
  },
  { error: 'ZeroHash', what: 'an adapter without weights', run: creation({ weightsHash: ZERO_HASH }) },
  { error: 'InvalidK', what: 'another k', run: creation({ k: 32 }) },
  { error: 'InvalidRank', what: 'rank 0', run: creation({ rank: 0 }) },
  { error: 'InvalidCorpus', what: 'a corpus without a root', run: creation({ corpusChunks: 1 }) },
  { error: 'InvalidPassages', what: 'passages without a root', run: creation({ passages: 1 }) },
  { error: 'InvalidPrice', what: 'a base price of nothing', run: creation({ price: noPrice }) },
  { error: 'BoundExceeded', what: 'no Datanet', run: creation({ datanets: [] }) },
  {
    error: 'BoundExceeded',
    what: 'nine Datanets',
    run: creation({
      datanets: Array.from({ length: 9 }, (_, n) => ({ datanetId: BigInt(n + 1), version: 1 })),
    }),
  },
  {
    error: 'DatanetsNotSorted',
    what: 'a Datanet twice',
    run: (f) => {
      const twice = { datanetId: f.datanetId, version: 1 }
      return creation({ datanets: [twice, twice] })(f)
    },
  },
  {
    error: 'UnknownVersion',
    what: 'a version that is not frozen',
    run: creation({ datanets: [{ datanetId: 1n, version: 2 }] }),
  },
  { error: 'BondTooLow', what: 'a small bond', run: creation({}, OPEN - 1n) },
  {
    error: 'InvalidParent',
    what: 'an unknown parent',
    run: creation({ parents: [{ adapterId: 5n, royaltyBps: 100 }] }),
  },
  {
    error: 'InvalidParent',
    what: 'a draft as parent',
    run: (f) => creation({ parents: [{ adapterId: created(f), royaltyBps: 100 }] })(f),
  },
  {
    error: 'InvalidParent',
    what: 'a parent twice',
    run: (f) => {
      const parent = { adapterId: active(f), royaltyBps: 100 }
      return creation({ parents: [parent, parent] })(f)
    },
  },
  {
    error: 'RoyaltyTooHigh',
    what: 'more than half of the owner’s share',
    run: (f) => creation({ parents: [{ adapterId: active(f), royaltyBps: 5001 }] })(f),
  },
  { error: 'UnknownAdapter', what: 'adapter 3', run: () => ({ method: 'getAdapter', args: [3n] }) },
  {
    error: 'UnknownAdapterVersion',
    what: 'version 2 of an adapter with one',
    run: (f) => ({ method: 'getVersion', args: [created(f), 2] }),
  },
  {
    error: 'UnknownAdapterVersion',
    what: 'rows of version 0',
    run: (f) => ({ method: 'getRows', args: [created(f), 0, 0, 1] }),
  },
  {
    error: 'VersionPending',
    what: 'a second draft',
    run: (f) => ({ method: 'newVersion', args: [created(f), next(f)] }),
  },
  {
    error: 'NotOwner',
    what: 'a version by a stranger',
    run: (f) => ({ method: 'newVersion', args: [active(f), next(f)], from: bob }),
  },
  {
    error: 'NotOwner',
    what: 'a draft dropped by a stranger',
    run: (f) => ({ method: 'dropDraft', args: [created(f)], from: bob }),
  },
  {
    error: 'ZeroHash',
    what: 'a version without a configuration',
    run: (f) => ({ method: 'newVersion', args: [active(f), next(f, { configHash: ZERO_HASH })] }),
  },
  {
    error: 'WrongStatus',
    what: 'a version of a deprecated adapter',
    run: (f) => {
      const id = active(f)
      f.world.adapters.send('deprecate', [id], { from: owner.address })
      return { method: 'newVersion', args: [id, next(f)] }
    },
  },
  {
    error: 'WrongStatus',
    what: 'rows of a deprecated draft',
    run: (f) => {
      const id = created(f)
      f.world.adapters.send('deprecate', [id], { from: owner.address })
      return { method: 'appendRows', args: [id, 0, bytesToHex(concatBytes(...f.rows))] }
    },
  },
  {
    error: 'WrongStatus',
    what: 'a published version dropped',
    run: (f) => ({ method: 'dropDraft', args: [active(f)] }),
  },
  {
    error: 'WrongStatus',
    what: 'publication of what was dropped',
    run: (f) => {
      const id = created(f)
      f.world.adapters.send('dropDraft', [id], { from: owner.address })
      return { method: 'publish', args: [id, testHash('x')] }
    },
  },
  {
    error: 'NotOwner',
    what: 'rows by a stranger',
    run: (f) => ({ method: 'appendRows', args: [created(f), 0, '0x'], from: bob }),
  },
  {
    error: 'WrongStartRow',
    what: 'a gap',
    run: (f) => ({ method: 'appendRows', args: [created(f), 1, '0x'] }),
  },
  {
    error: 'WrongChunkLength',
    what: 'half a row',
    run: (f) => ({ method: 'appendRows', args: [created(f), 0, '0x00'] }),
  },
  {
    error: 'InvalidRow',
    what: 'a −128',
    run: (f) => {
      const rows = f.rows.map((bytes) => bytes.slice())
      rows[2]![10] = 0x80
      return { method: 'appendRows', args: [created(f), 0, bytesToHex(concatBytes(...rows))] }
    },
  },
  {
    error: 'RowMustBeZero',
    what: 'a row of a contribution without one',
    run: (f) => {
      setFlags(f.world, f.datanetId, 2, memberFlag.withoutRow)
      return { method: 'appendRows', args: [created(f), 0, bytesToHex(concatBytes(...f.rows))] }
    },
  },
  {
    error: 'NoAccess',
    what: 'an adapter on somebody’s private Datanet',
    run: (f) => {
      setPolicy(f.world, f.datanetId, POLICY_PRIVATE)
      return { ...creation({})(f), from: bob }
    },
  },
  {
    error: 'RowsIncomplete',
    what: 'publication without rows',
    run: (f) => ({ method: 'publish', args: [created(f), testHash('x')] }),
  },
  {
    error: 'RowsRootMismatch',
    what: 'another root',
    run: (f) => {
      const id = created(f)
      f.world.adapters.send('appendRows', [id, 0, bytesToHex(concatBytes(...f.rows))], {
        from: owner.address,
      })
      return { method: 'publish', args: [id, bytesToHex(rfc6962([...f.rows].reverse()))] }
    },
  },
  {
    error: 'WrongStatus',
    what: 'rows after publication',
    run: (f) => ({ method: 'appendRows', args: [active(f), 5, '0x'] }),
  },
  { error: 'WrongStatus', what: 'a pause of a draft', run: (f) => ({ method: 'pause', args: [created(f)] }) },
  {
    error: 'WrongStatus',
    what: 'unpausing what is active',
    run: (f) => ({ method: 'unpause', args: [active(f)] }),
  },
  {
    error: 'WrongStatus',
    what: 'the bond of an active adapter',
    run: (f) => ({ method: 'releaseBond', args: [active(f)] }),
  },
  {
    error: 'WrongBond',
    what: 'a challenge with too small a bond',
    run: (f) => ({ method: 'challengeRows', args: [published(f), 0, ''], valueWei: 1n }),
  },
  {
    error: 'UnknownRow',
    what: 'a challenge of a row that is not there',
    run: (f) => challengeOf(published(f), 5),
  },
  {
    error: 'InvalidText',
    what: 'evidence with a line break',
    run: (f) => challengeOf(published(f), 0, 'a\nb'),
  },
  {
    error: 'BoundExceeded',
    what: 'long evidence',
    run: (f) => challengeOf(published(f), 0, 'x'.repeat(129)),
  },
  { error: 'WrongStatus', what: 'a challenge of a draft', run: (f) => challengeOf(created(f)) },
  { error: 'WrongStatus', what: 'a challenge of what is active', run: (f) => challengeOf(active(f)) },
  {
    error: 'LineageTooDeep',
    what: 'a ninth generation',
    run: (f) => {
      let parents: { adapterId: bigint; royaltyBps: number }[] = []
      for (let generation = 0; generation <= 8; generation++) {
        const adapterId = created(f, { parents })
        f.world.publishRows(adapterId, owner, f.rows)
        parents = [{ adapterId, royaltyBps: 1 }]
      }
      return creation({ parents })(f)
    },
  },
  {
    error: 'InvalidParent',
    what: 'itself as parent',
    run: (f) => creation({ parents: [{ adapterId: active(f) + 1n, royaltyBps: 100 }] })(f),
  },
  {
    error: 'InvalidPolicy',
    what: 'an unknown access policy',
    run: (f) => ({ method: 'setAccessPolicy', args: [active(f), 2] }),
  },
  {
    error: 'InvalidOwner',
    what: 'a precompile as owner',
    run: (f) => ({ method: 'transferAdapter', args: [active(f), ADAPTER_ADDRESS] }),
  },
  {
    error: 'NotPendingOwner',
    what: 'what was not offered',
    run: (f) => ({ method: 'acceptAdapter', args: [active(f)], from: bob }),
  },
  {
    error: 'ZeroAmount',
    what: 'a bond raised by nothing',
    run: (f) => ({ method: 'topUpBond', args: [active(f)] }),
  },
  {
    error: 'InvalidText',
    what: 'no licence',
    run: (f) => ({ method: 'setMetadata', args: [active(f), '', 'bafy'] }),
  },
  ...(
    [
      ['setMetadata', 'MIT', ''],
      ['setAccessPolicy', 1],
      ['setAccess', bob.address, 9],
      ['transferAdapter', bob.address],
    ] as const
  ).map(([method, ...args]) => ({
    error: 'NotOwner',
    what: `${method} by a stranger`,
    run: (f: Fixture) => ({ method, args: [active(f), ...args], from: bob }),
  })),
  { error: 'UnknownAdapter', what: 'a challenge of adapter 9', run: () => challengeOf(9n) },
  {
    error: 'WrongChallengeStatus',
    what: 'a second challenge',
    run: (f) => {
      const id = published(f)
      challenge(f, id)
      return challengeOf(id)
    },
  },
  {
    error: 'WrongChallengeStatus',
    what: 'a draw without a challenge',
    run: (f) => ({ method: 'drawRowAudit', args: [published(f)] }),
  },
  {
    error: 'WrongChallengeStatus',
    what: 'a look at no challenge',
    run: (f) => ({ method: 'getRowChallenge', args: [published(f)] }),
  },
  {
    error: 'WrongChallengeStatus',
    what: 'a decision before the draw',
    run: (f) => {
      const id = published(f)
      challenge(f, id)
      return { method: 'resolveRowChallenge', args: [id] }
    },
  },
  {
    error: 'TooEarly',
    what: 'a draw in the challenge’s block',
    run: (f) => {
      const id = published(f)
      challenge(f, id)
      return { method: 'drawRowAudit', args: [id] }
    },
  },
  {
    error: 'NotInCommittee',
    what: 'a verdict of a stranger',
    run: (f) => ({ method: 'commitRowAudit', args: [[judged(f).id], testHash('c')], from: bob }),
  },
  {
    error: 'ZeroCommitment',
    what: 'a commitment of zeros',
    run: (f) => {
      const { id, seat } = judged(f)
      return { method: 'commitRowAudit', args: [[id], ZERO_HASH], from: seat }
    },
  },
  {
    error: 'BoundExceeded',
    what: 'a commitment to nothing',
    run: () => ({ method: 'commitRowAudit', args: [[], testHash('c')] }),
  },
  {
    error: 'BoundExceeded',
    what: 'a reveal of 65',
    run: () => ({ method: 'revealRowAudit', args: [Array(65).fill(1n), Array(65).fill(1), ZERO_HASH] }),
  },
  {
    error: 'AlreadyCommitted',
    what: 'a second commitment',
    run: (f) => {
      const { id, seat } = judged(f)
      commit(f, seat, [id], [1])
      return { method: 'commitRowAudit', args: [[id], testHash('c')], from: seat }
    },
  },
  {
    error: 'TooLate',
    what: 'a commitment after the window',
    run: (f) => {
      const { id, seat } = judged(f)
      f.world.chain.advance(testParameters.rowAuditCommitBlocks + 1)
      return { method: 'commitRowAudit', args: [[id], testHash('c')], from: seat }
    },
  },
  {
    error: 'LengthMismatch',
    what: 'more verdicts than adapters',
    run: (f) => ({ method: 'revealRowAudit', args: [[judged(f).id], [1, 1], ZERO_HASH] }),
  },
  {
    error: 'UnknownCommitment',
    what: 'a reveal without a commitment',
    run: (f) => {
      const { id, seat } = judged(f)
      return { method: 'revealRowAudit', args: [[id], [1], ZERO_HASH], from: seat }
    },
  },
  ...[0, 3, 5, 255].map((verdict) => ({
    error: 'InvalidVerdict',
    what: `verdict ${verdict}`,
    run: (f: Fixture) => {
      const { id, seat } = judged(f)
      commit(f, seat, [id], [verdict])
      f.world.chain.advance(testParameters.rowAuditCommitBlocks + 1)
      return { method: 'revealRowAudit', args: [[id], [verdict], SALT], from: seat }
    },
  })),
  {
    error: 'WrongChallengeStatus',
    what: 'an end of the adapter while its rows are judged',
    run: (f) => ({ method: 'deprecate', args: [judged(f).id] }),
  },
  {
    error: 'InvalidPrice',
    what: 'a price of nothing',
    run: (f) => ({ method: 'setPrice', args: [created(f), noPrice] }),
  },
  {
    error: 'BondLocked',
    what: 'an early release',
    run: (f) => {
      const id = created(f)
      f.world.adapters.send('deprecate', [id], { from: owner.address })
      return { method: 'releaseBond', args: [id] }
    },
  },
  {
    error: 'BoundExceeded',
    what: 'a page of 65 rows',
    run: (f) => ({ method: 'getRows', args: [active(f), 1, 0, 65] }),
  },
  { error: 'NothingToClaim', what: 'a claim without credit', run: () => ({ method: 'claim', args: [] }) },
  {
    error: 'SystemAccount',
    what: 'a claim for a precompile',
    run: () => ({ method: 'claimFor', args: [ADAPTER_ADDRESS] }),
  },
]

describe('the adapter registry refuses', () => {
  it.each(cases)('$what with $error and changes nothing', ({ error, run }) => {
    const f = fixture()
    const { method, args, from = owner, valueWei = 0n } = run(f)
    const before = f.world.chain.snapshot()
    const outcome = f.world.adapters.try(method as never, args, { from: from.address, valueWei })
    expect(outcome).toMatchObject({ ok: false, error })
    expect(f.world.chain.snapshot()).toBe(before)
  })

  it('more rows than an adapter may have with TooManyRows', () => {
    const world = new World({ ...testParameters, rowsPerAdapterMax: 4 })
    const datanetId = world.frozenDatanet(
      owner,
      scorer,
      [1, 2, 3, 4, 5].map((n) => contribution(n, alice)),
    )
    const draft = world.draft(world.registerBaseModel(bob), [{ datanetId, version: 1 }])
    const outcome = world.adapters.try('createAdapter', [draft], { from: owner.address, valueWei: OPEN })
    expect(outcome).toMatchObject({ error: 'TooManyRows', args: [5n, 4n] })
  })

  it('with every error of its list, somewhere above', () => {
    const reached = [...(seenErrors.get(ADAPTER_ADDRESS) ?? [])].sort()
    expect(reached).toEqual(expectedErrors('test/unit/precompiles/adapter/errors.test.ts'))
  })
})
