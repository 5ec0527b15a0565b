import { bounds } from '../../../../../precompiles/bounds.ts'
import { BAND_BYTES, BANDS, LEADERS_PER_BUCKET } from '../../../../../precompiles/datanet/novelty.ts'
import {
  account,
  contribution,
  OPEN,
  randomMinhash,
  testHash,
  World,
} from '../../../../support/precompileWorld.ts'
import { LONG_CID, LONG_LICENCE, LONG_NAME, type WorstCase, worstCase, worstParameters } from './worstCase.ts'

const [owner, scorer, contributor, stranger] = [account(1), account(2), account(3), account(5)] as const
const salt = testHash('score salt')
const PAGE = bounds.pageItems
/** Contributions that one call orders: only for the first of them the leaders' accounts are cold. */
const TARGETS = 32

function* creation(): Generator<WorstCase> {
  const world = new World(worstParameters)
  const on = world.datanets
  const args = [LONG_NAME, 0, 1, LONG_LICENCE, LONG_CID, OPEN, 5000]
  yield worstCase(world, { on, method: 'createDatanet', what: 'longest texts', args, from: owner })
}

/** Every bucket of the targets' signature is full, and no two of them hold the same leader. */
function* ordering(): Generator<WorstCase> {
  const world = new World(worstParameters)
  const datanetId = world.createDatanet(owner)
  const minhash = randomMinhash(1_000_000)
  const leaders = Array.from({ length: BANDS * LEADERS_PER_BUCKET }, (_, n) => {
    const band = Math.floor(n / LEADERS_PER_BUCKET) * BAND_BYTES
    const own = randomMinhash(n)
    own.set(minhash.subarray(band, band + BAND_BYTES), band)
    return contribution(n, contributor, { minhash: own })
  })
  const targets = Array.from({ length: TARGETS }, (_, n) => contribution(5_000 + n, contributor, { minhash }))
  const specs = [...leaders, ...targets]
  const ids = specs.map((spec) => world.commit(datanetId, spec))
  world.chain.advance(worstParameters.revealMinBlocks)
  const on = world.datanets
  for (const [index, id] of ids.entries()) {
    const spec = specs[index]!
    if (index === 0) {
      const args = world.revealArgs(id, spec)
      yield worstCase(world, { on, method: 'revealContribution', args, from: contributor })
    }
    world.reveal(id, spec)
  }
  for (let done = 0; done < leaders.length; ) {
    const maximum = Math.min(16, leaders.length - done)
    done += on.send('settleOrder', [datanetId, maximum], { from: stranger.address }).value
  }
  const settle = (what: string, count: number) =>
    worstCase(world, { on, method: 'settleOrder', what, args: [datanetId, count], from: stranger })
  yield settle('one, 288 leaders', 1)
  yield settle(`${TARGETS}, 288 leaders each`, TARGETS)
}

/** 64 scorers on 64 contributions; the case is the last of them, or the decision. */
function* scoring(): Generator<WorstCase> {
  const world = new World(worstParameters)
  const on = world.datanets
  const datanetId = world.createDatanet(owner)
  const scorers = Array.from({ length: bounds.scorers }, (_, n) => account(100 + n))
  const last = scorers.at(-1)!
  for (const scorerOf of scorers) {
    if (scorerOf === last) {
      const args = [datanetId, scorerOf.address]
      yield worstCase(world, { on, method: 'appointScorer', what: 'the last seat', args, from: owner })
    }
    on.send('appointScorer', [datanetId, scorerOf.address], { from: owner.address })
  }
  yield worstCase(world, { on, method: 'scorersOf', what: '64', args: [datanetId], from: stranger })
  const specs = Array.from({ length: bounds.scoresPerCall }, (_, n) => contribution(n, contributor))
  const ids = world.contribute(datanetId, specs)
  const reports = specs.map((spec) => world.report(spec))
  for (const by of scorers) {
    const args = [ids, world.scoreCommitment(by, ids, reports, salt)]
    if (by === last) yield worstCase(world, { on, method: 'commitScores', what: '64', args, from: by })
    on.send('commitScores', args, { from: by.address })
  }
  for (const by of scorers) {
    const args = [ids, reports, salt]
    if (by === last) yield worstCase(world, { on, method: 'revealScores', what: '64', args, from: by })
    on.send('revealScores', args, { from: by.address })
  }
  yield worstCase(world, { on, method: 'resolve', what: '64 of 64 scores', args: [ids], from: stranger })
}

/** A version of 512 members, in one chunk or in 512. */
function* freezing(chunk: number): Generator<WorstCase> {
  const world = new World(worstParameters)
  const on = world.datanets
  const datanetId = world.createDatanet(owner)
  on.send('appointScorer', [datanetId, scorer.address], { from: owner.address })
  const count = bounds.freezePerCall
  for (let from = 0; from < count; from += 64) {
    const specs = Array.from({ length: 64 }, (_, n) => contribution(from + n, contributor))
    const ids = world.contribute(datanetId, specs)
    world.score(ids, [scorer], () => specs.map((spec) => world.report(spec)))
  }
  const page = { on, method: 'contributionsOf', what: '256', args: [datanetId, 0n, PAGE], from: stranger }
  if (chunk === count) yield worstCase(world, page)
  for (let from = 0; from < count; from += chunk) {
    const call = { on, method: 'freezeVersion', args: [datanetId, chunk], from: owner }
    if (from + chunk === count) yield worstCase(world, { ...call, what: `the last ${chunk} of ${count}` })
    on.send('freezeVersion', call.args, { from: owner.address })
  }
  const chunks = count / chunk
  const members = (what: string, start: number, size: number) => {
    const args = [datanetId, 1, start, size]
    return worstCase(world, { on, method: 'versionMembers', what, args, from: stranger })
  }
  yield members(`256, ${chunks} chunks`, 0, PAGE)
  yield members(`the last, ${chunks} chunks`, count - 1, 1)
}

export function* worstDatanetCases(): Generator<WorstCase> {
  yield* creation()
  yield* ordering()
  yield* scoring()
  yield* freezing(bounds.freezePerCall)
  yield* freezing(1)
}
