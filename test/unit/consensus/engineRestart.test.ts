import { describe, expect, it } from 'vitest'
import { decodeExchangeRequest, encodeProposalMessage } from '../../../src/consensus/codec.ts'
import type { BuiltValue } from '../../../src/consensus/ports.ts'
import { encodeVote, type VoteType } from '../../../src/ledger/vote.ts'
import type { Hash } from '../../../src/primitives/hex.ts'
import { EngineBench, makeValue, OTHERS, precommits, proposerIndex, SELF } from './engineBench.ts'
import { MemoryFiles } from './memoryFiles.ts'
import { HEIGHT, signedProposal, signedVote } from './support.ts'

const V = makeValue('value v')
const W = makeValue('value w')

type Action = readonly [name: string, act: (bench: EngineBench) => void | Promise<void>]

function propose(value: BuiltValue, round: number): Action {
  const unsigned = { height: HEIGHT, round, validRound: -1, blockHash: value.blockHash }
  const bytes = encodeProposalMessage({
    proposal: signedProposal(proposerIndex(round), unsigned),
    envelope: value.envelope,
  })
  return [
    `a proposal of round ${round}`,
    (bench) => {
      expect(bench.engine.checkProposalMessage(bytes)).toBe('accept')
    },
  ]
}

function votes(type: VoteType, round: number, blockHash: Hash | null, from: readonly number[]): Action[] {
  return from.map((index) => [
    `a ${type} of round ${round}`,
    (bench) => {
      const vote = signedVote(index, { type, height: HEIGHT, round, blockHash })
      expect(bench.engine.checkVoteMessage(encodeVote(vote))).toBe('accept')
    },
  ])
}

const wait = (ms: number): Action => ['a timeout', (bench) => bench.pass(ms)]

/** What a node shows its peers: its place, and every vote that it knows of. Values it may have to fetch again. */
async function shown(bench: EngineBench): Promise<unknown> {
  const { replayedRecords: _replayed, ...status } = bench.engine.status()
  bench.transport.requests.length = 0
  bench.transport.connect('peer')
  await bench.pass(0)
  const { heldValues: _held, ...request } = decodeExchangeRequest(bench.transport.requests[0]!.bytes)
  return { status, request }
}

function copyOf(files: MemoryFiles): MemoryFiles {
  const copy = new MemoryFiles()
  for (const [name, bytes] of files.contents) copy.contents.set(name, bytes.slice())
  return copy
}

/** Does all of it, and after each action compares the node with one that starts from a copy of its disk. */
async function compareRestarts(self: number, actions: readonly Action[]): Promise<EngineBench> {
  const bench = await new EngineBench().start(self)
  for (const [name, act] of [['the start', () => undefined] as Action, ...actions]) {
    await act(bench)
    await bench.pass(1)
    const again = await new EngineBench(copyOf(bench.files)).start(self)
    await again.pass(1)
    expect(await shown(again), `after ${name}`).toEqual(await shown(bench))
    expect(again.transport.votes, `after ${name}`).toEqual([])
    await again.engine.stop()
  }
  return bench
}

describe('a restart after any input leaves the node where it was', () => {
  it('through a round that ends in a lock and one that ends in nil', async () => {
    const bench = await compareRestarts(SELF, [
      propose(V, 0),
      ...votes('prevote', 0, V.blockHash, OTHERS.slice(0, 2)),
      ...votes('precommit', 0, null, OTHERS),
      wait(500),
      wait(1_800),
      ...votes('prevote', 1, null, OTHERS.slice(0, 2)),
      ...votes('precommit', 1, null, OTHERS.slice(0, 2)),
    ])
    expect(bench.engine.status()).toMatchObject({
      round: 1,
      step: 'precommit',
      lockedRound: 0,
      validRound: 0,
    })
  })

  it('through late proposals and divided votes', async () => {
    const [a, b, c] = OTHERS as [number, number, number]
    const bench = await compareRestarts(SELF, [
      wait(1_500),
      propose(V, 0),
      ...votes('prevote', 0, V.blockHash, [a, b]),
      wait(500),
      ...votes('precommit', 0, W.blockHash, [c]),
      ...votes('precommit', 0, null, [a]),
      wait(500),
      propose(W, 1),
      ...votes('prevote', 1, W.blockHash, [a, b]),
    ])
    expect(bench.engine.status()).toMatchObject({ round: 1, step: 'precommit', lockedRound: 1 })
  })

  it('of the proposer, with the value that it built', async () => {
    const self = proposerIndex(0)
    const others = [0, 1, 2, 3].filter((index) => index !== self)
    const built: Action = ['a built value', (bench) => bench.app.builds[0]!.answer(V)]
    const bench = await compareRestarts(self, [
      built,
      ...votes('prevote', 0, V.blockHash, others.slice(0, 1)),
    ])
    const again = await new EngineBench(copyOf(bench.files)).start(self)
    expect(again.app.builds).toEqual([])
    for (const vote of precommits(V, others)) again.engine.checkVoteMessage(encodeVote(vote))
    await again.pass(10)
    // Its bytes came from the log: there is no peer that could have handed them over.
    expect(again.app.committed).toMatchObject([{ blockHash: V.blockHash }])
  })

  it('while it builds or judges: it begins again', async () => {
    const building = await new EngineBench().start(proposerIndex(0))
    const builder = await new EngineBench(copyOf(building.files)).start(proposerIndex(0))
    expect(builder.app.builds).toHaveLength(1)
    const judging = new EngineBench()
    judging.app.autoValid = false
    await judging.start()
    await propose(V, 0)[1](judging)
    await judging.pass(1)
    const judge = await new EngineBench(copyOf(judging.files)).start()
    await propose(V, 0)[1](judge)
    await judge.pass(1)
    expect(judge.engine.status()).toMatchObject({ round: 0, step: 'prevote' })
  })
})
