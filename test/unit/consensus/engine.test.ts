import { describe, expect, it } from 'vitest'
import { limits } from '../../../src/config/limits.ts'
import {
  decodeExchangeRequest,
  decodeExchangeResponse,
  decodeProposalMessage,
  type ExchangeResponse,
  encodeExchangeRequest,
  encodeExchangeResponse,
  encodeProposalMessage,
} from '../../../src/consensus/codec.ts'
import type { BuiltValue } from '../../../src/consensus/ports.ts'
import { LocalSigner } from '../../../src/consensus/signer.ts'
import { hasSigned } from '../../../src/ledger/certificate.ts'
import {
  checkVoteSignature,
  decodeVote,
  encodeVote,
  type Vote,
  type VoteType,
} from '../../../src/ledger/vote.ts'
import type { Hash } from '../../../src/primitives/hex.ts'
import {
  addressOf,
  certificateOf,
  EngineBench,
  makeValue,
  OTHERS,
  precommits,
  proposerIndex,
  SELF,
  START_MS,
  set,
} from './engineBench.ts'
import { MemoryFiles } from './memoryFiles.ts'
import { domain, HEIGHT, keyOf, signedProposal, signedVote } from './support.ts'

const V = makeValue('value v')
const W = makeValue('value w')
const BIG = makeValue('a big value', limits.gossipEnvelopeBytes)

function proposalBytes(value: BuiltValue, round = 0, withEnvelope = true, height = HEIGHT): Uint8Array {
  const unsigned = { height, round, validRound: -1, blockHash: value.blockHash }
  const proposal = signedProposal(proposerIndex(round), unsigned)
  return encodeProposalMessage({ proposal, envelope: withEnvelope ? value.envelope : null })
}

function take(bench: EngineBench, votes: readonly Vote[]): void {
  for (const vote of votes) expect(bench.engine.checkVoteMessage(encodeVote(vote))).toBe('accept')
}

const votesOf = (type: VoteType, blockHash: Hash | null, from: readonly number[] = OTHERS, round = 0) =>
  from.map((index) => signedVote(index, { type, height: HEIGHT, round, blockHash }))

/** The votes that the node sent, as `type round hash`. */
const sent = (bench: EngineBench) =>
  bench.transport.votes.map(decodeVote).map(({ type, round, blockHash }) => {
    const name = blockHash === V.blockHash ? 'V' : blockHash === W.blockHash ? 'W' : String(blockHash)
    return `${type} ${round} ${name}`
  })

const EMPTY: ExchangeResponse = {
  height: HEIGHT,
  round: 0,
  decided: null,
  proposals: [],
  votes: [],
  envelope: null,
}

/** Locked on V with the precommit sent. */
async function locked(bench = new EngineBench()): Promise<EngineBench> {
  await bench.start()
  expect(bench.engine.checkProposalMessage(proposalBytes(V))).toBe('accept')
  await bench.pass(10)
  take(bench, votesOf('prevote', V.blockHash))
  await bench.pass(10)
  expect(sent(bench)).toEqual(['prevote 0 V', 'precommit 0 V'])
  return bench
}

describe('deciding', () => {
  it('goes from a proposal over both votes to a commit, with a certificate of the precommits', async () => {
    const bench = await locked()
    take(bench, precommits(V, OTHERS.slice(0, 2)))
    await bench.pass(10)
    expect(bench.app.committed).toHaveLength(1)
    const { height, blockHash, certificate } = bench.app.committed[0]!
    expect({ height, blockHash }).toEqual({ height: HEIGHT, blockHash: V.blockHash })
    expect([0, 1, 2, 3].filter((index) => hasSigned(certificate.signers, index)).sort()).toEqual(
      [SELF, ...OTHERS.slice(0, 2)].sort(),
    )
    expect(bench.engine.status()).toMatchObject({ height: HEIGHT + 1, round: -1 })
  })

  it('signs so that others believe it', async () => {
    const bench = await locked()
    for (const bytes of bench.transport.votes) checkVoteSignature(domain, decodeVote(bytes))
    expect(bench.transport.votes.map(decodeVote).map(({ validator }) => validator)).toEqual([
      addressOf(SELF),
      addressOf(SELF),
    ])
  })

  it('writes the signer’s record and the log to disk before a vote is sent', async () => {
    const bench = await locked()
    const { done } = bench.files
    const sends = done.flatMap((what, index) => (what === 'send' ? [index] : []))
    expect(sends).toHaveLength(2)
    for (const [count, at] of sends.entries()) {
      const before = done.slice(count === 0 ? 0 : sends[count - 1]! + 1, at)
      expect(before.lastIndexOf('replace')).toBeGreaterThanOrEqual(0)
      expect(before.slice(before.lastIndexOf('replace') + 1)).toEqual(['append', 'sync'])
    }
  })

  it('waits for the earliest start of a height', async () => {
    const bench = new EngineBench()
    bench.app.earliestStartMs = START_MS + 700
    await bench.start()
    await bench.pass(699)
    expect(bench.engine.status().round).toBe(-1)
    await bench.pass(1)
    expect(bench.engine.status().round).toBe(0)
  })

  it('proposes a built value with its envelope, and votes for it', async () => {
    const bench = new EngineBench()
    await bench.start(proposerIndex(0))
    expect(bench.app.builds).toMatchObject([{ height: HEIGHT, round: 0, parentCertificate: null }])
    bench.app.builds[0]!.answer(V)
    await bench.pass(10)
    expect(decodeProposalMessage(bench.transport.proposals[0]!)).toMatchObject({
      proposal: { round: 0, validRound: -1, blockHash: V.blockHash },
      envelope: V.envelope,
    })
    expect(sent(bench)).toEqual(['prevote 0 V'])
    expect(bench.app.validations).toEqual([])
  })

  it('announces a large envelope by its hash and hands it out on request', async () => {
    const bench = new EngineBench()
    await bench.start(proposerIndex(0))
    bench.app.builds[0]!.answer(BIG)
    await bench.pass(10)
    expect(decodeProposalMessage(bench.transport.proposals[0]!).envelope).toBeNull()
    const request = { height: HEIGHT, round: 0, rounds: [], heldValues: [], proposal: null, votes: [] }
    const bytes = encodeExchangeRequest({ ...request, wantedValues: [BIG.blockHash] })
    const response = decodeExchangeResponse(await bench.transport.handler('p', bytes))
    expect(response.envelope).toEqual(BIG.envelope)
  })

  it('goes on without a block when building fails', async () => {
    const bench = new EngineBench()
    await bench.start(proposerIndex(0))
    bench.app.builds[0]!.answer(new Error('no block today'))
    await bench.pass(1_500)
    expect(bench.transport.proposals).toEqual([])
    expect(sent(bench)).toEqual(['prevote 0 null'])
    expect(bench.fatal).toEqual([])
  })

  it('starts the next height with the precommits that came late', async () => {
    const bench = new EngineBench()
    await bench.start(proposerIndex(0))
    take(bench, precommits(V, [0, 1, 2, 3].filter((index) => index !== proposerIndex(0)).slice(0, 3)))
    expect(bench.engine.checkProposalMessage(proposalBytes(V))).not.toBe('reject')
    await bench.pass(10)
    expect(bench.app.committed).toHaveLength(1)
    const late = precommits(V, [proposerIndex(0)])[0]!
    expect(bench.engine.checkVoteMessage(encodeVote(late))).toBe('accept')
    expect(bench.engine.checkVoteMessage(encodeVote(late))).toBe('ignore')
    await bench.pass(1_000)
    const { parentCertificate } = bench.app.builds.at(-1)!
    expect(parentCertificate?.signatures).toHaveLength(4)
  })

  it('adds its own votes to a decision that the others reached before it', async () => {
    const bench = new EngineBench()
    bench.app.autoValid = false
    await bench.start()
    bench.engine.checkProposalMessage(proposalBytes(V))
    take(bench, [...votesOf('prevote', V.blockHash), ...precommits(V, OTHERS)])
    await bench.pass(100)
    expect(bench.app.committed).toEqual([])
    bench.app.validations[0]!.answer(true)
    await bench.pass(10)
    expect(bench.app.committed).toHaveLength(1)
    expect(sent(bench)).toEqual(['prevote 0 V', 'precommit 0 V'])
    const request = {
      height: HEIGHT,
      round: 0,
      rounds: [],
      heldValues: [],
      wantedValues: [],
      proposal: null,
      votes: [],
    }
    const answer = decodeExchangeResponse(await bench.transport.handler('p', encodeExchangeRequest(request)))
    expect(answer.decided?.certificate.signatures).toHaveLength(4)
  })

  it('stops when a quorum decided what this node finds invalid', async () => {
    const bench = new EngineBench()
    bench.app.autoValid = false
    await bench.start()
    bench.engine.checkProposalMessage(proposalBytes(V))
    take(bench, precommits(V, OTHERS))
    await bench.pass(10)
    for (const { answer } of bench.app.validations) answer(false)
    await bench.pass(10)
    for (const { answer } of bench.app.validations) answer(false)
    await bench.pass(10)
    expect(bench.fatal).toMatchObject([{ code: 'BAD_EXECUTION' }])
    expect(bench.app.committed).toEqual([])
  })

  it('reports evidence of a validator that votes twice', async () => {
    const bench = await new EngineBench().start()
    const votes = [V.blockHash, W.blockHash].flatMap((blockHash) =>
      votesOf('prevote', blockHash, [OTHERS[0]!]),
    )
    take(bench, votes)
    await bench.pass(10)
    expect(bench.evidence).toEqual([{ kind: 'votes', first: votes[0], second: votes[1] }])
  })
})

describe('validation', () => {
  it('that outlasts the propose timeout costs a nil prevote, and still counts later', async () => {
    const bench = new EngineBench()
    bench.app.autoValid = false
    await bench.start()
    bench.engine.checkProposalMessage(proposalBytes(V))
    await bench.pass(1_500)
    expect(sent(bench)).toEqual(['prevote 0 null'])
    expect(bench.app.validations[0]!.signal.aborted).toBe(false)
    take(bench, votesOf('prevote', V.blockHash))
    await bench.pass(10)
    expect(sent(bench)).toHaveLength(1)
    bench.app.validations[0]!.answer(true)
    await bench.pass(10)
    expect(sent(bench)).toEqual(['prevote 0 null', 'precommit 0 V'])
  })

  it('is cancelled when the round is over', async () => {
    const bench = new EngineBench()
    bench.app.autoValid = false
    await bench.start()
    bench.engine.checkProposalMessage(proposalBytes(V))
    await bench.pass(10)
    take(bench, votesOf('prevote', null, OTHERS.slice(0, 2), 2))
    await bench.pass(10)
    expect(bench.app.validations[0]!.signal.aborted).toBe(true)
  })

  it('of a fresh proposal names its proposer; of one vouched for by a quorum it does not care', async () => {
    const bench = new EngineBench()
    await bench.start()
    bench.engine.checkProposalMessage(proposalBytes(V))
    await bench.pass(10)
    const proposer = addressOf(proposerIndex(0))
    expect(bench.app.validations[0]).toMatchObject({ height: HEIGHT, round: 0, fresh: true, proposer })
    const other = new EngineBench()
    await other.start()
    await other.pass(1_500)
    other.engine.checkProposalMessage(proposalBytes(V))
    take(other, votesOf('prevote', V.blockHash))
    await other.pass(10)
    expect(other.app.validations).toMatchObject([{ fresh: false }])
  })

  it('that fails is a nil vote for a fresh proposal, and is tried again for one with a quorum', async () => {
    const bench = new EngineBench()
    bench.app.autoValid = false
    await bench.start()
    bench.engine.checkProposalMessage(proposalBytes(V))
    await bench.pass(10)
    bench.app.validations[0]!.answer(new Error('the execution thread died'))
    await bench.pass(10)
    expect(sent(bench)).toEqual(['prevote 0 null'])
    take(bench, votesOf('prevote', V.blockHash))
    await bench.pass(10)
    bench.app.validations[1]!.answer(new Error('again'))
    await bench.pass(200)
    expect(bench.app.validations).toHaveLength(2)
    await bench.pass(50)
    bench.app.validations[2]!.answer(true)
    await bench.pass(10)
    expect(sent(bench)).toEqual(['prevote 0 null', 'precommit 0 V'])
  })

  it('is cancelled, like a build, when the height is decided elsewhere', async () => {
    const bench = new EngineBench()
    bench.app.autoValid = false
    await bench.start(proposerIndex(0))
    await bench.engine.submitDecided(V.envelope, certificateOf(V))
    expect(bench.app.builds[0]!.signal.aborted).toBe(true)
    bench.app.builds[0]!.answer(W)
    await bench.pass(10)
    expect(bench.transport.proposals).toEqual([])
  })
})

describe('a block decided elsewhere', () => {
  it('is committed when its certificate holds', async () => {
    const bench = await new EngineBench().start()
    await bench.engine.submitDecided(V.envelope, certificateOf(V))
    expect(bench.app.committed).toMatchObject([{ height: HEIGHT, blockHash: V.blockHash }])
    expect(bench.engine.status().height).toBe(HEIGHT + 1)
  })

  it('is refused without a quorum, and with another block', async () => {
    const bench = await new EngineBench().start()
    const bad = { code: 'BAD_CERTIFICATE' }
    const weak = certificateOf(V, OTHERS.slice(0, 2))
    await expect(bench.engine.submitDecided(V.envelope, weak)).rejects.toMatchObject(bad)
    await expect(bench.engine.submitDecided(W.envelope, certificateOf(V))).rejects.toMatchObject(bad)
    expect(bench.app.committed).toEqual([])
    expect(bench.fatal).toEqual([])
  })

  it('is no error when it is known, and a gap when it is too far ahead', async () => {
    const bench = await new EngineBench().start()
    await bench.engine.submitDecided(V.envelope, certificateOf(V))
    await bench.engine.submitDecided(V.envelope, certificateOf(V))
    const far = certificateOf(V, OTHERS, HEIGHT + 2)
    await expect(bench.engine.submitDecided(V.envelope, far)).rejects.toMatchObject({
      code: 'UNKNOWN_PARENT',
    })
    expect(bench.app.committed).toHaveLength(1)
  })

  it('is cancelled once consensus has stopped', async () => {
    const bench = await new EngineBench().start()
    await bench.engine.stop()
    await expect(bench.engine.submitDecided(V.envelope, certificateOf(V))).rejects.toMatchObject({
      code: 'CANCELLED',
    })
  })

  it('stops consensus when it cannot be committed', async () => {
    const bench = await new EngineBench().start()
    bench.app.failCommit = true
    await expect(bench.engine.submitDecided(V.envelope, certificateOf(V))).rejects.toMatchObject({
      code: 'CANCELLED',
    })
    await bench.pass(10)
    expect(bench.fatal).toHaveLength(1)
  })
})

describe('an observer', () => {
  it('verifies and commits, and says nothing', async () => {
    const bench = await new EngineBench().start(null)
    expect(bench.engine.status().isValidator).toBe(false)
    bench.engine.checkProposalMessage(proposalBytes(V))
    take(bench, votesOf('prevote', V.blockHash))
    take(bench, precommits(V, OTHERS))
    await bench.pass(10)
    expect(bench.app.committed).toHaveLength(1)
    expect(bench.transport.votes).toEqual([])
    expect(bench.transport.proposals).toEqual([])
  })

  it('is also a node whose key is not in the set', async () => {
    const bench = await new EngineBench().start(6)
    bench.engine.checkProposalMessage(proposalBytes(V))
    await bench.pass(5_000)
    expect(bench.transport.votes).toEqual([])
    expect(bench.engine.status().isValidator).toBe(false)
  })
})

describe('a restart in the middle of a height', () => {
  it('restores step, lock and valid value, and signs nothing twice', async () => {
    const first = await locked()
    await first.engine.stop()
    const second = await new EngineBench(first.files).start()
    expect(second.engine.status()).toMatchObject({
      height: HEIGHT,
      round: 0,
      step: 'precommit',
      lockedRound: 0,
    })
    expect(second.engine.status().replayedRecords).toBeGreaterThan(0)
    await second.pass(200)
    expect(second.transport.votes).toEqual([])
    // The value is there: a decision needs no peer.
    take(second, precommits(V, OTHERS.slice(0, 2)))
    await second.pass(10)
    expect(second.app.committed).toMatchObject([{ blockHash: V.blockHash }])
  })

  it('keeps the lock against another value in the next round', async () => {
    const first = await locked()
    await first.engine.stop()
    const second = await new EngineBench(first.files).start()
    take(second, votesOf('prevote', null, OTHERS.slice(0, 2), 1))
    await second.pass(10)
    second.engine.checkProposalMessage(proposalBytes(W, 1))
    await second.pass(10)
    expect(sent(second)).toEqual(['prevote 1 null', 'precommit 1 null'])
    expect(second.app.validations).toEqual([])
    expect(second.engine.status()).toMatchObject({ round: 1, lockedRound: 0 })
  })

  it('shows peers its last votes', async () => {
    const first = await locked()
    await first.engine.stop()
    const second = await new EngineBench(first.files).start()
    second.transport.connect('p')
    await second.pass(10)
    const { votes } = decodeExchangeRequest(second.transport.requests[0]!.bytes)
    expect(votes.map(encodeVote)).toEqual(first.transport.votes)
  })

  it('sends a vote that was signed but not logged, the same one', async () => {
    const files = new MemoryFiles()
    const signer = await LocalSigner.open(
      { privateKey: keyOf(SELF), domain, stateFile: 'signer.json' },
      { files },
    )
    const unsigned = { type: 'prevote' as const, height: HEIGHT, round: 0, validator: addressOf(SELF) }
    const signature = await signer.signVote({ ...unsigned, blockHash: V.blockHash })
    const bench = await new EngineBench(files).start()
    bench.engine.checkProposalMessage(proposalBytes(V))
    await bench.pass(10)
    expect(decodeVote(bench.transport.votes[0]!)).toEqual({ ...unsigned, blockHash: V.blockHash, signature })
  })

  it('abstains where the signer has signed something else, and goes on', async () => {
    const files = new MemoryFiles()
    const signer = await LocalSigner.open(
      { privateKey: keyOf(SELF), domain, stateFile: 'signer.json' },
      { files },
    )
    const unsigned = { type: 'prevote' as const, height: HEIGHT, round: 0, validator: addressOf(SELF) }
    await signer.signVote({ ...unsigned, blockHash: W.blockHash })
    const bench = await new EngineBench(files).start()
    bench.engine.checkProposalMessage(proposalBytes(V))
    await bench.pass(10)
    expect(sent(bench)).toEqual([])
    take(bench, votesOf('prevote', V.blockHash))
    await bench.pass(10)
    expect(sent(bench)).toEqual(['precommit 0 V'])
    expect(bench.fatal).toEqual([])
  })

  it('asks again for the value that it was building', async () => {
    const first = await new EngineBench().start(proposerIndex(0))
    expect(first.app.builds).toHaveLength(1)
    await first.engine.stop()
    const second = await new EngineBench(first.files).start(proposerIndex(0))
    expect(second.app.builds).toMatchObject([{ round: 0 }])
  })

  it('proposes the same value again after it was built', async () => {
    const first = await new EngineBench().start(proposerIndex(0))
    first.app.builds[0]!.answer(V)
    await first.pass(10)
    await first.engine.stop()
    const second = await new EngineBench(first.files).start(proposerIndex(0))
    expect(second.app.builds).toEqual([])
    second.transport.connect('p')
    await second.pass(10)
    expect(decodeExchangeRequest(second.transport.requests[0]!.bytes).proposal?.blockHash).toBe(V.blockHash)
  })

  it('after a decision whose block was not logged fetches the block', async () => {
    const first = await new EngineBench().start()
    first.app.failCommit = true
    first.engine.checkProposalMessage(proposalBytes(V))
    await first.pass(10)
    take(first, precommits(V, OTHERS))
    await first.pass(10)
    expect(first.fatal).toHaveLength(1)
    await first.engine.stop()
    const second = new EngineBench(first.files)
    second.transport.connected = ['a']
    second.transport.answer = () => encodeExchangeResponse({ ...EMPTY, envelope: V.envelope })
    await second.start()
    await second.pass(10)
    expect(second.app.committed).toMatchObject([{ blockHash: V.blockHash }])
    expect(second.app.validations).toEqual([])
  })

  it('schedules its timeouts again', async () => {
    const first = await new EngineBench().start()
    await first.engine.stop()
    const second = await new EngineBench(first.files).start()
    await second.pass(1_499)
    expect(sent(second)).toEqual([])
    await second.pass(1)
    expect(sent(second)).toEqual(['prevote 0 null'])
  })

  it('starts the log anew after a commit', async () => {
    const bench = await locked()
    take(bench, precommits(V, OTHERS.slice(0, 2)))
    await bench.pass(10)
    await bench.engine.stop()
    const again = new EngineBench(bench.files)
    await again.app.commit(V.envelope, certificateOf(V))
    await again.start()
    expect(again.engine.status()).toMatchObject({ height: HEIGHT + 1, replayedRecords: 0 })
  })

  it('finds in the log what the height after a commit had come to', async () => {
    const bench = await locked()
    take(bench, precommits(V, OTHERS.slice(0, 2)))
    await bench.pass(1_000 + 1_500)
    expect(bench.engine.status()).toMatchObject({ height: HEIGHT + 1, round: 0, step: 'prevote' })
    await bench.engine.stop()
    const again = new EngineBench(bench.files)
    await again.app.commit(V.envelope, certificateOf(V))
    await again.start()
    expect(again.engine.status()).toMatchObject({ height: HEIGHT + 1, round: 0, step: 'prevote' })
  })
})

describe('a failing disk', () => {
  it('stops consensus before anything is sent', async () => {
    const bench = await new EngineBench().start()
    bench.files.failWrites = true
    bench.engine.checkProposalMessage(proposalBytes(V))
    await bench.pass(10)
    expect(bench.fatal).toHaveLength(1)
    expect(bench.transport.votes).toEqual([])
    bench.transport.connected = ['a']
    await bench.pass(10_000)
    expect(bench.transport.votes).toEqual([])
    expect(bench.transport.requests).toEqual([])
    expect(bench.engine.checkVoteMessage(encodeVote(votesOf('prevote', V.blockHash)[0]!))).toBe('ignore')
  })
})

describe('the exchange', () => {
  it('begins one interval after the height starts and goes on until it is decided', async () => {
    const bench = new EngineBench()
    bench.app.earliestStartMs = START_MS + 300
    await bench.start()
    bench.transport.connected = ['a', 'b']
    await bench.pass(799)
    expect(bench.transport.requests).toEqual([])
    await bench.pass(1_001)
    expect(bench.transport.requests.map(({ peer, atMs }) => `${peer} ${atMs - START_MS}`)).toEqual([
      'a 800',
      'b 800',
      'a 1300',
      'b 1300',
      'a 1800',
      'b 1800',
    ])
  })

  it('happens at once with a peer that connects', async () => {
    const bench = await new EngineBench().start()
    bench.transport.connect('new')
    await bench.pass(0)
    expect(bench.transport.requests).toMatchObject([{ peer: 'new', atMs: START_MS }])
  })

  it('takes in votes and a proposal with its envelope', async () => {
    const bench = await new EngineBench().start()
    const { proposal } = decodeProposalMessage(proposalBytes(V))
    const votes = votesOf('prevote', V.blockHash)
    bench.transport.answer = () =>
      encodeExchangeResponse({ ...EMPTY, proposals: [proposal], votes, envelope: V.envelope })
    bench.transport.connect('a')
    await bench.pass(10)
    expect(sent(bench)).toEqual(['prevote 0 V', 'precommit 0 V'])
  })

  it('fetches the envelope that a gossiped proposal left out, from the one who sent it', async () => {
    const bench = await new EngineBench().start()
    bench.transport.connected = ['a', 'b', 'c']
    bench.transport.answer = (_, bytes) => {
      const { wantedValues } = decodeExchangeRequest(bytes)
      return encodeExchangeResponse({
        ...EMPTY,
        envelope: wantedValues.includes(BIG.blockHash) ? BIG.envelope : null,
      })
    }
    expect(bench.engine.checkProposalMessage(proposalBytes(BIG, 0, false), 'c')).toBe('accept')
    await bench.pass(10)
    expect(bench.transport.requests.map(({ peer }) => peer)).toEqual(['c'])
    expect(bench.app.validations).toMatchObject([{ envelope: BIG.envelope }])
    expect(decodeVote(bench.transport.votes[0]!).blockHash).toBe(BIG.blockHash)
  })

  it('does not wait long for a peer that is slow to hand it over', async () => {
    const bench = await new EngineBench().start()
    bench.transport.connected = ['slow', 'quick']
    bench.transport.answer = (peer) =>
      peer === 'slow'
        ? new Promise(() => undefined)
        : encodeExchangeResponse({ ...EMPTY, envelope: BIG.envelope })
    bench.engine.checkProposalMessage(proposalBytes(BIG, 0, false), 'slow')
    await bench.pass(249)
    expect(bench.app.validations).toEqual([])
    await bench.pass(1)
    expect(bench.app.validations).toMatchObject([{ envelope: BIG.envelope }])
    await bench.engine.stop()
  })

  it('asks others, then again, for a value that the first peer does not hold', async () => {
    const bench = await new EngineBench().start()
    bench.transport.connected = ['a', 'b']
    let isThere = false
    bench.transport.answer = () =>
      encodeExchangeResponse({ ...EMPTY, envelope: isThere ? BIG.envelope : null })
    bench.engine.checkProposalMessage(proposalBytes(BIG, 0, false), 'b')
    await bench.pass(50)
    expect(bench.transport.requests.map(({ peer }) => peer)).toEqual(['b', 'a'])
    isThere = true
    await bench.pass(200)
    expect(bench.app.validations).toMatchObject([{ envelope: BIG.envelope }])
  })

  it('fetches a value that was decided before it was seen', async () => {
    const bench = await new EngineBench().start()
    bench.transport.connected = ['a']
    bench.transport.answer = () => encodeExchangeResponse({ ...EMPTY, envelope: V.envelope })
    take(bench, precommits(V, OTHERS))
    await bench.pass(10)
    expect(bench.app.committed).toMatchObject([{ blockHash: V.blockHash }])
  })

  it('keeps no envelope that nothing refers to', async () => {
    const bench = await new EngineBench().start()
    bench.transport.answer = () => encodeExchangeResponse({ ...EMPTY, envelope: W.envelope })
    bench.transport.connect('a')
    await bench.pass(10)
    bench.transport.connect('a')
    await bench.pass(10)
    expect(decodeExchangeRequest(bench.transport.requests.at(-1)!.bytes).heldValues).toEqual([])
  })

  it('catches up block by block from a peer that is ahead', async () => {
    const bench = await new EngineBench().start()
    const values = [makeValue('one'), makeValue('two'), makeValue('three')]
    bench.transport.answer = (_, bytes) => {
      const { height } = decodeExchangeRequest(bytes)
      const value = values[height - HEIGHT]
      const top = HEIGHT + values.length
      if (value === undefined) return encodeExchangeResponse({ ...EMPTY, height: top })
      const decided = { envelope: value.envelope, certificate: certificateOf(value, OTHERS, height) }
      return encodeExchangeResponse({ ...EMPTY, height: top, decided })
    }
    bench.transport.connect('ahead')
    await bench.pass(10)
    expect(bench.app.committed.map(({ blockHash }) => blockHash)).toEqual(
      values.map(({ blockHash }) => blockHash),
    )
    expect(bench.transport.requests).toHaveLength(3)
  })

  it('is not kept going by a peer that sends an old block and claims to be ahead', async () => {
    const bench = await new EngineBench().start()
    await bench.engine.submitDecided(V.envelope, certificateOf(V))
    const decided = { envelope: V.envelope, certificate: certificateOf(V) }
    bench.transport.answer = () => encodeExchangeResponse({ ...EMPTY, height: HEIGHT + 9, decided })
    bench.transport.connect('tiresome')
    await bench.pass(10)
    expect(bench.transport.requests).toHaveLength(1)
  })

  it('blames a peer for a certificate that does not hold, and stops asking', async () => {
    const bench = await new EngineBench().start()
    const decided = { envelope: V.envelope, certificate: certificateOf(V, OTHERS.slice(0, 2)) }
    bench.transport.answer = () => encodeExchangeResponse({ ...EMPTY, height: HEIGHT + 9, decided })
    bench.transport.connect('liar')
    await bench.pass(10)
    expect(bench.transport.reports).toMatchObject([{ peer: 'liar' }])
    expect(bench.transport.requests).toHaveLength(1)
    expect(bench.app.committed).toEqual([])
  })

  it('blames a peer for garbage, for a forged vote, and not for silence', async () => {
    const bench = await new EngineBench().start()
    bench.transport.connect('silent')
    await bench.pass(10)
    expect(bench.transport.reports).toEqual([])
    bench.transport.answer = () => Uint8Array.of(1, 2, 3)
    bench.transport.connect('garbage')
    await bench.pass(10)
    const forged = { ...votesOf('prevote', V.blockHash)[0]!, blockHash: W.blockHash }
    bench.transport.answer = () => encodeExchangeResponse({ ...EMPTY, votes: [forged] })
    bench.transport.connect('forger')
    await bench.pass(10)
    expect(bench.transport.reports.map(({ peer }) => peer)).toEqual(['garbage', 'forger'])
  })

  it('gives up on a peer that does not answer in time', async () => {
    const bench = await new EngineBench().start()
    bench.transport.answer = () => new Promise(() => undefined)
    bench.transport.connect('slow')
    await bench.pass(4_999)
    bench.transport.connect('slow')
    await bench.pass(0)
    expect(bench.transport.requests).toHaveLength(1)
    await bench.pass(1)
    bench.transport.connect('slow')
    await bench.pass(0)
    expect(bench.transport.requests).toHaveLength(2)
    expect(bench.transport.reports).toEqual([])
    await bench.engine.stop()
  })

  it('answers a peer that is behind with the block and the fullest certificate', async () => {
    const bench = await new EngineBench().start()
    await bench.engine.submitDecided(V.envelope, certificateOf(V))
    take(bench, precommits(V, [SELF]))
    const request = {
      height: HEIGHT,
      round: 0,
      rounds: [],
      heldValues: [],
      wantedValues: [],
      proposal: null,
      votes: [],
    }
    const bytes = await bench.transport.handler('p', encodeExchangeRequest(request))
    const { decided, height } = decodeExchangeResponse(bytes)
    expect(height).toBe(HEIGHT + 1)
    expect(decided?.envelope).toEqual(V.envelope)
    expect(decided?.certificate.signatures).toHaveLength(4)
  })

  it('asks a peer back that turns out to be ahead', async () => {
    const bench = await new EngineBench().start()
    const request = { round: 0, rounds: [], heldValues: [], wantedValues: [], proposal: null, votes: [] }
    await bench.transport.handler('p', encodeExchangeRequest({ ...request, height: HEIGHT + 3 }))
    expect(bench.transport.requests).toMatchObject([{ peer: 'p' }])
  })

  it('takes in what the asking peer says of itself', async () => {
    const bench = await new EngineBench().start()
    const votes = votesOf('prevote', V.blockHash, [OTHERS[0]!])
    const request = { round: 0, rounds: [], heldValues: [], wantedValues: [], proposal: null, votes }
    await bench.transport.handler('p', encodeExchangeRequest({ ...request, height: HEIGHT }))
    await bench.pass(0)
    expect(bench.engine.checkVoteMessage(encodeVote(votes[0]!))).toBe('ignore')
  })

  it('blames a peer that asks in garbage', async () => {
    const bench = await new EngineBench().start()
    await expect(bench.transport.handler('p', Uint8Array.of(9, 9))).rejects.toMatchObject({ code: 'BAD_RLP' })
    expect(bench.transport.reports).toMatchObject([{ peer: 'p' }])
  })

  it('asks a bounded number of many peers', async () => {
    const bench = await new EngineBench().start()
    bench.transport.connected = Array.from({ length: 60 }, (_, index) => `peer ${index}`)
    await bench.pass(500)
    expect(new Set(bench.transport.requests.map(({ peer }) => peer)).size).toBe(limits.exchangePeers)
  })
})

describe('a node that is behind', () => {
  const ahead = (index: number, height: number) =>
    signedVote(index, { type: 'prevote', height, round: 0, blockHash: null })

  it('hints at the height that more than 1/3 of the power has reached, and starts no round', async () => {
    const bench = new EngineBench()
    bench.app.earliestStartMs = START_MS + 100
    await bench.start()
    bench.engine.checkVoteMessage(encodeVote(ahead(OTHERS[0]!, HEIGHT + 50)))
    expect(bench.behind).toEqual([])
    bench.engine.checkVoteMessage(encodeVote(ahead(OTHERS[1]!, HEIGHT + 40)))
    expect(bench.behind).toEqual([{ height: HEIGHT + 40, peer: null }])
    await bench.pass(2_000)
    expect(bench.engine.status()).toMatchObject({ round: -1, isBehind: true })
    expect(sent(bench)).toEqual([])
  })

  it('hints at what a peer claims when it is far ahead', async () => {
    const bench = await new EngineBench().start()
    bench.transport.answer = () => encodeExchangeResponse({ ...EMPTY, height: HEIGHT + 500 })
    bench.transport.connect('p')
    await bench.pass(10)
    expect(bench.behind).toEqual([{ height: HEIGHT + 500, peer: 'p' }])
  })

  it('uses messages of the next height that came too early', async () => {
    const bench = await new EngineBench().start()
    const height = HEIGHT + 1
    expect(bench.engine.checkProposalMessage(proposalBytes(W, 0, true, height))).toBe('accept')
    take(
      bench,
      OTHERS.map((index) => signedVote(index, { type: 'prevote', height, round: 0, blockHash: W.blockHash })),
    )
    await bench.engine.submitDecided(V.envelope, certificateOf(V))
    await bench.pass(10)
    expect(sent(bench)).toEqual(['prevote 0 W', 'precommit 0 W'])
  })
})

describe('messages from strangers', () => {
  it.each<[string, (bench: EngineBench) => Uint8Array, 'ignore' | 'reject']>([
    ['garbage', () => Uint8Array.of(1, 2, 3), 'reject'],
    ['too many bytes', () => new Uint8Array(limits.voteBytes + 1), 'reject'],
    ['a vote of no member', () => encodeVote(votesOf('prevote', V.blockHash, [6])[0]!), 'ignore'],
    [
      'a vote signed by another',
      () =>
        encodeVote({
          ...votesOf('prevote', V.blockHash, [OTHERS[0]!])[0]!,
          validator: addressOf(OTHERS[1]!),
        }),
      'reject',
    ],
    [
      'a vote of an old height',
      () =>
        encodeVote(
          signedVote(OTHERS[0]!, { type: 'prevote', height: HEIGHT - 1, round: 0, blockHash: null }),
        ),
      'ignore',
    ],
    [
      'a forged vote of a future height',
      () => {
        const unsigned = { type: 'prevote' as const, height: HEIGHT + 1, round: 0, blockHash: null }
        return encodeVote({ ...signedVote(OTHERS[0]!, unsigned), validator: addressOf(OTHERS[1]!) })
      },
      'reject',
    ],
    [
      'a vote of the next height by no member',
      () => encodeVote(signedVote(6, { type: 'prevote', height: HEIGHT + 1, round: 0, blockHash: null })),
      'ignore',
    ],
    [
      'a vote of a far height by no member',
      () => encodeVote(signedVote(6, { type: 'prevote', height: HEIGHT + 9, round: 0, blockHash: null })),
      'ignore',
    ],
  ])('%s', async (_, make, verdict) => {
    const bench = await new EngineBench().start()
    expect(bench.engine.checkVoteMessage(make(bench))).toBe(verdict)
  })

  it('a forged precommit does not enter the certificate of the last block', async () => {
    const bench = await new EngineBench().start()
    await bench.engine.submitDecided(V.envelope, certificateOf(V))
    const real = precommits(V, [SELF])[0]!
    const forged = { ...real, signature: precommits(V, [OTHERS[0]!])[0]!.signature }
    expect(bench.engine.checkVoteMessage(encodeVote(forged))).toBe('reject')
    expect(bench.engine.checkVoteMessage(encodeVote(real))).toBe('accept')
  })

  it('a forged proposal of the next height is not kept', async () => {
    const bench = await new EngineBench().start()
    const { proposal } = decodeProposalMessage(proposalBytes(W, 0, true, HEIGHT + 1))
    const forged = { proposal: { ...proposal, blockHash: V.blockHash }, envelope: V.envelope }
    expect(bench.engine.checkProposalMessage(encodeProposalMessage(forged))).toBe('reject')
    const mismatched = encodeProposalMessage({ proposal, envelope: V.envelope })
    expect(bench.engine.checkProposalMessage(mismatched)).toBe('reject')
    expect(bench.engine.checkProposalMessage(encodeProposalMessage({ proposal, envelope: W.envelope }))).toBe(
      'accept',
    )
  })

  it('a vote is accepted once', async () => {
    const bench = await new EngineBench().start()
    const bytes = encodeVote(votesOf('prevote', V.blockHash)[0]!)
    expect(bench.engine.checkVoteMessage(bytes)).toBe('accept')
    await bench.pass(0)
    expect(bench.engine.checkVoteMessage(bytes)).toBe('ignore')
  })

  it('proposals are accepted from the proposer, once, with the envelope they name', async () => {
    const bench = await new EngineBench().start()
    const { proposal } = decodeProposalMessage(proposalBytes(V))
    const check = (message: Parameters<typeof encodeProposalMessage>[0]) =>
      bench.engine.checkProposalMessage(encodeProposalMessage(message))
    const unsigned = { height: HEIGHT, round: 0, validRound: -1, blockHash: V.blockHash }
    const usurper = [0, 1, 2, 3].find((index) => index !== proposerIndex(0))!
    expect(check({ proposal: signedProposal(usurper, unsigned), envelope: V.envelope })).toBe('ignore')
    expect(check({ proposal, envelope: W.envelope })).toBe('reject')
    expect(check({ proposal, envelope: Uint8Array.of(1) })).toBe('reject')
    expect(check({ proposal: { ...proposal, blockHash: W.blockHash }, envelope: W.envelope })).toBe('reject')
    const backwards = signedProposal(proposerIndex(0), { ...unsigned, validRound: 0 })
    expect(check({ proposal: backwards, envelope: V.envelope })).toBe('reject')
    const far = signedProposal(proposerIndex(99), { ...unsigned, round: 99 })
    expect(check({ proposal: far, envelope: V.envelope })).toBe('ignore')
    expect(check({ proposal, envelope: V.envelope })).toBe('accept')
    await bench.pass(0)
    expect(check({ proposal, envelope: V.envelope })).toBe('ignore')
  })

  it('a proposal for a value that is here is checked against the envelope it carries all the same', async () => {
    const bench = await new EngineBench().start()
    bench.engine.checkProposalMessage(proposalBytes(V))
    await bench.pass(0)
    const unsigned = { height: HEIGHT, round: 1, validRound: -1, blockHash: V.blockHash }
    const proposal = signedProposal(proposerIndex(1), unsigned)
    const check = (envelope: Uint8Array) =>
      bench.engine.checkProposalMessage(encodeProposalMessage({ proposal, envelope }))
    expect(check(W.envelope)).toBe('reject')
    expect(check(V.envelope)).toBe('accept')
  })

  it('a proposal whose envelope comes later by gossip brings it', async () => {
    const bench = await new EngineBench().start()
    expect(bench.engine.checkProposalMessage(proposalBytes(V, 0, false))).toBe('accept')
    await bench.pass(0)
    expect(bench.app.validations).toEqual([])
    expect(bench.engine.checkProposalMessage(proposalBytes(V))).toBe('accept')
    await bench.pass(0)
    expect(bench.app.validations).toMatchObject([{ envelope: V.envelope }])
  })

  it('are ignored in any number beyond the queue', async () => {
    const bench = await new EngineBench().start()
    const verdicts = new Set<string>()
    for (let round = 0; round <= limits.futureRounds; round++) {
      for (const type of ['prevote', 'precommit'] as const) {
        for (const vote of votesOf(type, V.blockHash, [OTHERS[0]!], round)) {
          verdicts.add(bench.engine.checkVoteMessage(encodeVote(vote)))
        }
      }
    }
    expect(verdicts).toEqual(new Set(['accept']))
    await bench.pass(0)
    expect(bench.engine.status().round).toBe(0)
    expect(set.size).toBe(4)
  })
})
