import { DATANET_ADDRESS } from '../../../../../precompiles/addresses.ts'
import type { Hash } from '../../../../../src/primitives/hex.ts'
import { type ContributionSpec, contribution, OPEN, testHash } from '../../../../support/precompileWorld.ts'
import { Fixture as Receipts, requester, stranger } from '../../proofOfAttribution/fixture.ts'
import { alice, bob, type Case, type Fixture, type Refused, scorer, spec } from './fixture.ts'

const LABELS = 1
const CORRECTION = 2
const FEEDBACK = 3

/** The reveal of a contribution that was committed to as it is. */
function revealed({ world }: Pick<Fixture, 'world'>, datanetId: bigint, offered: ContributionSpec): Refused {
  const id = world.commit(datanetId, offered)
  world.chain.advance(2)
  return { world, method: 'revealContribution', args: world.revealArgs(id, offered), from: offered.by }
}

/** Contribution 1 is accepted and has five records. */
function accepted(f: Fixture): bigint {
  const target = { ...spec, recordCount: 5 }
  const [id] = f.world.contribute(f.curated, [target])
  f.world.score([id!], [scorer], () => [f.world.report(target)])
  return id!
}

const labels = (change: Partial<ContributionSpec>) =>
  contribution(2, bob, { kind: LABELS, targetId: 1n, recordCount: 5, ...change })

const factsOf = (receiptId: Hash) => ({
  receiptId,
  requester: requester.address,
  application: DATANET_ADDRESS,
  settlerWei: 1n,
  queryRowHash: receiptId,
  receiptHash: receiptId,
})

/** Feedback on two final receipts, with a change. */
function feedback(change: (given: ContributionSpec, receipts: Receipts) => ContributionSpec): Refused {
  const receipts = new Receipts()
  const made = [receipts.receipt(), receipts.receipt()]
  receipts.finalReceipts(made)
  const given = contribution(900, requester, {
    kind: FEEDBACK,
    recordCount: 2,
    receipts: made.map(({ receiptId }) => receipts.world.factsOf(receiptId)),
  })
  return revealed(receipts, receipts.datanetId, change(given, receipts))
}

export const kindCases: readonly Case[] = [
  {
    error: 'InvalidKind',
    what: 'a kind of contribution that there is not',
    run: (f) => revealed(f, f.curated, contribution(2, bob, { kind: 4 })),
  },
  {
    error: 'InvalidTarget',
    what: 'records with a target',
    run(f) {
      const targetId = accepted(f)
      return revealed(f, f.curated, contribution(2, bob, { targetId }))
    },
  },
  {
    error: 'BoundExceeded',
    what: 'records with receipts',
    run: (f) => revealed(f, f.curated, contribution(2, bob, { receipts: [factsOf(testHash('x'))] })),
  },
  {
    error: 'InvalidTarget',
    what: 'labels of one’s own records',
    run(f) {
      accepted(f)
      return revealed(f, f.curated, labels({ by: alice }))
    },
  },
  {
    error: 'InvalidTarget',
    what: 'labels of nothing',
    run: (f) => revealed(f, f.curated, labels({ targetId: 0n })),
  },
  {
    error: 'InvalidTarget',
    what: 'a correction of itself',
    run: (f) => revealed(f, f.curated, contribution(2, bob, { kind: CORRECTION, targetId: 1n })),
  },
  {
    error: 'InvalidTarget',
    what: 'labels of another Datanet’s records',
    run(f) {
      accepted(f)
      return revealed(f, f.open, labels({}))
    },
  },
  {
    error: 'BoundExceeded',
    what: 'labels for more records than there are',
    run(f) {
      accepted(f)
      return revealed(f, f.curated, labels({ recordCount: 6 }))
    },
  },
  {
    error: 'InvalidTarget',
    what: 'feedback with a target',
    run: () => feedback((given) => ({ ...given, targetId: 1n })),
  },
  {
    error: 'LengthMismatch',
    what: 'feedback with more records than receipts',
    run: () => feedback((given) => ({ ...given, recordCount: 3 })),
  },
  {
    error: 'BoundExceeded',
    what: 'feedback on nothing',
    run: () => feedback((given) => ({ ...given, recordCount: 1, receipts: [] })),
  },
  {
    error: 'BoundExceeded',
    what: 'feedback on seventeen receipts',
    run: () =>
      feedback((given) => ({
        ...given,
        recordCount: 17,
        receipts: Array.from({ length: 17 }, () => given.receipts?.[0]),
      })),
  },
  {
    error: 'NotRequester',
    what: 'feedback by somebody else',
    run: () => feedback((given) => ({ ...given, by: stranger })),
  },
  {
    error: 'FactsMismatch',
    what: 'feedback with other facts',
    run: () =>
      feedback((given) => ({
        ...given,
        receipts: (given.receipts ?? []).map((one) => ({ ...(one as object), settlerWei: 7n })),
      })),
  },
  {
    error: 'ReceiptNotFinal',
    what: 'feedback on a receipt that was never settled',
    run: () => feedback((given) => ({ ...given, recordCount: 1, receipts: [factsOf(testHash('x'))] })),
  },
  {
    error: 'ReceiptNotFinal',
    what: 'feedback on a receipt that is not final yet',
    run: () =>
      feedback((given, receipts) => {
        const open = receipts.receipt()
        receipts.settle(open)
        return { ...given, recordCount: 1, receipts: [receipts.world.factsOf(open.receiptId)] }
      }),
  },
  {
    error: 'ReceiptElsewhere',
    what: 'feedback to a Datanet that the adapter does not stand on',
    run() {
      const receipts = new Receipts()
      const made = receipts.receipt()
      receipts.finalReceipts([made])
      const given = contribution(900, requester, {
        kind: FEEDBACK,
        recordCount: 1,
        receipts: [receipts.world.factsOf(made.receiptId)],
      })
      return revealed(receipts, receipts.world.createDatanet(stranger), given)
    },
  },
  {
    error: 'FeedbackExists',
    what: 'feedback twice on one receipt',
    run: () => feedback((given) => ({ ...given, receipts: [given.receipts?.[0], given.receipts?.[0]] })),
  },
  {
    error: 'InvalidSignature',
    what: 'a sponsored commit that nobody signed',
    run: ({ curated }) => ({
      method: 'commitContributionFor',
      args: [curated, alice.address, testHash('c'), 9n, '0x'],
      from: bob,
      valueWei: OPEN,
    }),
  },
  {
    error: 'TooLate',
    what: 'a sponsored commit after its deadline',
    run: ({ curated }) => ({
      method: 'commitContributionFor',
      args: [curated, alice.address, testHash('c'), 0n, '0x'],
      from: bob,
      valueWei: OPEN,
    }),
  },
]
