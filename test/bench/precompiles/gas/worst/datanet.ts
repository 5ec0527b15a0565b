import { bounds } from '../../../../../precompiles/bounds.ts'
import { BAND_BYTES, BANDS, LEADERS_PER_BUCKET } from '../../../../../precompiles/datanet/novelty.ts'
import { bytesToHex } from '../../../../../src/primitives/hex.ts'
import {
  account,
  contribution,
  datanetTerms,
  randomMinhash,
  World,
} from '../../../../support/precompileWorld.ts'
import { Fixture, requester } from '../../../../unit/precompiles/proofOfAttribution/fixture.ts'
import { panels, scoring } from './scoring.ts'
import { LONG_CID, LONG_LICENCE, LONG_NAME, type WorstCase, worstCase, worstParameters } from './worstCase.ts'

const [owner, scorer, contributor, stranger] = [account(1), account(2), account(3), account(5)] as const
const PAGE = bounds.pageItems
/** Contributions that one call orders: only for the first of them the leaders' accounts are cold. */
const TARGETS = 32

function* creation(): Generator<WorstCase> {
  const world = new World(worstParameters)
  const on = world.datanets
  const what = 'longest texts'
  const args = [LONG_NAME, 0, 2, LONG_LICENCE, LONG_CID, datanetTerms()]
  yield worstCase(world, { on, method: 'createDatanet', what, args, from: owner })
  const { value: datanetId } = on.send('createDatanet', args, { from: owner.address })
  const texts = [datanetId, LONG_LICENCE, LONG_CID]
  yield worstCase(world, { on, method: 'updateDatanet', what, args: texts, from: owner })
  yield worstCase(world, { on, method: 'getDatanet', what, args: [datanetId], from: stranger })
  const key = bytesToHex(Uint8Array.from({ length: 65 }, (_, n) => (n === 0 ? 4 : n)))
  const request = [datanetId, key, LONG_CID]
  yield worstCase(world, { on, method: 'requestAccess', what, args: request, from: stranger })
  const wrappedKey = bytesToHex(new Uint8Array(bounds.wrappedKeyBytes).fill(1))
  const grant = [datanetId, stranger.address, 1_000, wrappedKey]
  yield worstCase(world, { on, method: 'grantAccess', what: 'longest key', args: grant, from: owner })
}

/** Feedback on as many receipts as there may be, none of which has been read before. */
function* feedback(): Generator<WorstCase> {
  const f = new Fixture({ k: 512, parameters: worstParameters })
  const { world, datanetId } = f
  const on = world.datanets
  const made = Array.from({ length: bounds.receiptsPerFeedback }, () => f.receipt())
  f.finalReceipts(made)
  const given = contribution(900_000, requester, {
    kind: 3,
    recordCount: made.length,
    receipts: made.map(({ receiptId }) => world.factsOf(receiptId)),
  })
  const id = world.commit(datanetId, given)
  world.chain.advance(worstParameters.revealMinBlocks)
  const reveal = { on, method: 'revealContribution', args: world.revealArgs(id, given), from: requester }
  yield worstCase(world, { ...reveal, what: 'feedback on 16 receipts' })
  world.reveal(id, given)
  const order = { on, method: 'settleOrder', args: [datanetId, 1], from: stranger }
  yield worstCase(world, { ...order, what: 'feedback on 16 receipts' })
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
  world.chain.advance(worstParameters.contributionChallengeBlocks + 1)
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
  yield* feedback()
  yield* scoring()
  yield* panels()
  yield* freezing(bounds.freezePerCall)
  yield* freezing(1)
}
