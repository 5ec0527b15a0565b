import { getAddress } from 'viem'
import { beforeAll, describe, expect, it } from 'vitest'
import { ATTRIBUTION_ADDRESS } from '../../../../precompiles/addresses.ts'
import type { PrecompileParameters } from '../../../../precompiles/parameters.ts'
import type { Address } from '../../../../src/primitives/hex.ts'
import { seenErrors } from '../../../support/contract.ts'
import { Corpus, text } from '../../../support/corpus.ts'
import { expectedErrors } from '../../../support/errorLists.ts'
import { account } from '../../../support/precompileWorld.ts'
import { Fixture, owner, stranger } from './fixture.ts'

const council = account(33)
const parameters = { governanceAddress: council.address }

function valuesNow(f: Fixture) {
  const [current] = f.attribution.read('governed', [])
  return current
}

const words = text(1, 40)
const corpus = new Corpus([words], [64])

function claims(...spans: readonly object[]) {
  return (f: Fixture) => {
    const adapterId = f.world.activeAdapter(owner, f.baseModelId, [f.datanetId], f.rows, corpus.terms)
    return { method: 'scoreSpans', args: [adapterId, 1, words, spans] }
  }
}

interface Case {
  readonly error: string
  readonly args?: readonly unknown[]
  readonly what: string
  readonly parameters?: Partial<PrecompileParameters>
  run(f: Fixture): {
    readonly method: string
    readonly args: readonly unknown[]
    readonly from?: { readonly address: Address }
  }
}

// other files of the same worker have seen errors too
beforeAll(() => seenErrors.clear())

const cases: readonly Case[] = [
  {
    error: 'UnknownVersion',
    args: [1n, 2],
    what: 'a claim on a version that is not frozen',
    run: (f) => ({ method: 'claimRemainder', args: [f.datanetId, 2, [0]] }),
  },
  {
    error: 'UnknownVersion',
    what: 'a claim on a Datanet that is not there',
    run: () => ({ method: 'claimRemainder', args: [0n, 1, [0]] }),
  },
  {
    error: 'UnknownVersion',
    what: 'a look at a Datanet that is not there',
    run: () => ({ method: 'remainderOf', args: [99n, 1, 0] }),
  },
  {
    error: 'UnknownMember',
    args: [6],
    what: 'a claim for a member after the last',
    run: (f) => ({ method: 'claimRemainder', args: [f.datanetId, 1, [5, 6]] }),
  },
  {
    error: 'UnknownMember',
    args: [2 ** 32 - 1],
    what: 'a look at a member after the last',
    run: (f) => ({ method: 'remainderOf', args: [f.datanetId, 1, 2 ** 32 - 1] }),
  },
  {
    error: 'BoundExceeded',
    what: 'a claim for nobody',
    run: (f) => ({ method: 'claimRemainder', args: [f.datanetId, 1, []] }),
  },
  {
    error: 'BoundExceeded',
    args: [65n, 64n],
    what: 'a claim for 65 members',
    run: (f) => ({ method: 'claimRemainder', args: [f.datanetId, 1, Array(65).fill(0)] }),
  },
  {
    error: 'BoundExceeded',
    what: 'closing for no adapter',
    run: () => ({ method: 'closeWindows', args: [[], 1] }),
  },
  {
    error: 'BoundExceeded',
    args: [65n, 64n],
    what: 'closing for 65 adapters',
    run: () => ({ method: 'closeWindows', args: [Array(65).fill(1n), 1] }),
  },
  {
    error: 'ZeroWork',
    what: 'closing for several without work',
    run: (f) => ({ method: 'closeWindows', args: [[f.adapterId], 0] }),
  },
  {
    error: 'NotGovernance',
    what: 'values of a stranger',
    parameters,
    args: [getAddress(stranger.address)],
    run: (f) => ({ method: 'setGoverned', args: [valuesNow(f)] }),
  },
  {
    error: 'OutOfBounds',
    what: 'values that take from contributors',
    parameters,
    args: [0],
    run: (f) => ({
      method: 'setGoverned',
      args: [{ ...valuesNow(f), contributorsBps: 2999, treasuryBps: 1501 }],
      from: council,
    }),
  },
  {
    error: 'SpanTooShort',
    args: [0],
    what: 'a span of seven tokens',
    run: claims(corpus.claim(0, 0, 7, 0)),
  },
  {
    error: 'SpanOverlap',
    args: [1],
    what: 'spans that overlap',
    run: claims(corpus.claim(0, 0, 9, 0), corpus.claim(0, 8, 8, 8)),
  },
  {
    error: 'SpanMismatch',
    args: [1],
    what: 'a span that is elsewhere in the text',
    run: claims(corpus.claim(0, 0, 8, 0), corpus.claim(0, 9, 8, 8)),
  },
  {
    error: 'BadProof',
    args: [0],
    what: 'a span of another row',
    run: claims({
      ...corpus.claim(0, 0, 8, 0),
      chunks: corpus.claim(0, 0, 8, 0).chunks.map((chunk) => ({ ...chunk, row: 1 })),
    }),
  },
]

describe('Proof of Attribution refuses', () => {
  it.each(cases)('$what with $error and changes nothing', ({ error, args: expected, parameters, run }) => {
    const f = new Fixture({ withAuditors: false, ...(parameters && { parameters }) })
    const { method, args, from = stranger } = run(f)
    const before = f.chain.snapshot()
    const outcome = f.attribution.try(method as never, args, { from: from.address })
    expect(outcome).toMatchObject({ ok: false, error, ...(expected && { args: expected }) })
    expect(f.chain.snapshot()).toBe(before)
  })

  it('with every error of its list, somewhere above', () => {
    const reached = [...(seenErrors.get(ATTRIBUTION_ADDRESS) ?? [])]
    expect(reached).toEqual(
      expect.arrayContaining([
        ...expectedErrors('test/unit/precompiles/proofOfAttribution/refusals.test.ts'),
      ]),
    )
  })
})
