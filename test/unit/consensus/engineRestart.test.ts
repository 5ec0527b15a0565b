import { describe, expect, it } from 'vitest'
import {
  decodeExchangeRequest,
  decodeProposalMessage,
  encodeProposalMessage,
} from '../../../src/consensus/codec.ts'
import type { BuiltValue, ConsensusSigner } from '../../../src/consensus/ports.ts'
import { NodeError } from '../../../src/errors/errors.ts'
import { decodeVote, encodeVote, type VoteType } from '../../../src/ledger/vote.ts'
import type { Hash } from '../../../src/primitives/hex.ts'
import { addressOf, EngineBench, makeValue, OTHERS, precommits, proposerIndex, SELF } from './engineBench.ts'
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
    // What it built needs no judgement, before as after.
    expect([again.app.builds, again.app.validations]).toEqual([[], []])
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

describe('after a crash', () => {
  const brokenSigner = (self: number): ConsensusSigner => ({
    address: addressOf(self),
    signVote: () => Promise.reject(new Error('the signer is gone')),
    signProposal: () => Promise.reject(new Error('the signer is gone')),
  })

  async function crashedWhileSigning(self: number, act: (bench: EngineBench) => void): Promise<MemoryFiles> {
    const bench = await new EngineBench().start(self, brokenSigner(self))
    act(bench)
    await bench.pass(1)
    expect(bench.fatal).toHaveLength(1)
    expect([bench.transport.votes, bench.transport.proposals]).toEqual([[], []])
    return bench.files
  }

  it('before a vote was signed, it is signed and sent', async () => {
    const files = await crashedWhileSigning(SELF, (bench) => void propose(V, 0)[1](bench))
    const { transport } = await new EngineBench(files).start()
    expect(transport.votes.map(decodeVote)).toMatchObject([
      { type: 'prevote', round: 0, blockHash: V.blockHash },
    ])
  })

  it('before a proposal was signed, it is signed and sent, with its envelope', async () => {
    const self = proposerIndex(0)
    const files = await crashedWhileSigning(self, (bench) => bench.app.builds[0]!.answer(V))
    const { transport, app } = await new EngineBench(files).start(self)
    expect(app.builds).toEqual([])
    expect(transport.proposals.map(decodeProposalMessage)).toMatchObject([
      { proposal: { round: 0, validRound: -1, blockHash: V.blockHash }, envelope: V.envelope },
    ])
  })

  it('nothing is built or judged any more that was given up before', async () => {
    const proposer = await new EngineBench().start(proposerIndex(0))
    await proposer.pass(1_500)
    const builder = await new EngineBench(proposer.files).start(proposerIndex(0))
    expect(builder.app.builds).toEqual([])
    const first = new EngineBench()
    first.app.autoValid = false
    await first.start()
    await propose(V, 0)[1](first)
    for (const [, act] of votes('prevote', 1, null, OTHERS.slice(0, 2))) await act(first)
    await first.pass(1)
    const second = await new EngineBench(first.files).start()
    expect(second.engine.status()).toMatchObject({ round: 1, step: 'propose' })
    expect(await shown(second)).toMatchObject({ request: { wantedValues: [] } })
    expect(second.app.validations).toEqual([])
  })

  it('evidence is reported again, and nothing is signed again that was sent', async () => {
    const first = await new EngineBench().start()
    const asked: string[] = []
    await propose(V, 0)[1](first)
    for (const blockHash of [V.blockHash, W.blockHash]) {
      for (const [, act] of votes('prevote', 0, blockHash, OTHERS.slice(0, 1))) await act(first)
    }
    await first.pass(1)
    expect([first.evidence.length, first.transport.votes.length]).toEqual([1, 1])
    const second = new EngineBench(first.files)
    const signer: ConsensusSigner = {
      address: addressOf(SELF),
      signVote: async ({ type }) => {
        asked.push(type)
        throw new NodeError('DOUBLE_SIGN_REFUSED', 'Asked too often.')
      },
      signProposal: () => Promise.reject(new Error('not the proposer')),
    }
    await second.start(SELF, signer)
    expect(second.evidence).toEqual(first.evidence)
    expect(asked).toEqual([])
  })

  it('a node that halted halts again', async () => {
    const first = new EngineBench()
    first.app.autoValid = false
    await first.start()
    await propose(V, 0)[1](first)
    await first.pass(1)
    for (const vote of precommits(V, OTHERS)) first.engine.checkVoteMessage(encodeVote(vote))
    await first.pass(1)
    first.app.validations[0]!.answer(false)
    await first.pass(1)
    first.app.validations[1]!.answer(false)
    await first.pass(1)
    const second = await new EngineBench(first.files).start()
    for (const { fatal } of [first, second]) expect(fatal).toMatchObject([{ code: 'BAD_EXECUTION' }])
  })
})
