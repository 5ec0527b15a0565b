import { encodeAbiParameters, keccak256, parseAbiParameters } from 'viem'
import { bounds } from '../../../../../precompiles/bounds.ts'
import type { Hash } from '../../../../../src/primitives/hex.ts'
import {
  type Account,
  account,
  contribution,
  OPEN,
  testHash,
  World,
} from '../../../../support/precompileWorld.ts'
import { fundAll, LONG_CID, type WorstCase, worstCase, worstParameters } from './worstCase.ts'

const [owner, contributor, stranger] = [account(1), account(3), account(5)] as const
const salt = testHash('score salt')
const COUNT = bounds.scoresPerCall
const scorers = Array.from({ length: bounds.scorers }, (_, n) => account(100 + n))
const TERMS = { bountyPerRecordWei: OPEN / 1_000n, scorerPayWei: OPEN / 1_000n }
/** All of them are paid in one call: more would need more gas than a transaction may have. */
const PAID = 48

/** 64 scorers on 64 contributions; the case is the last of them, or the decision. */
export function* scoring(): Generator<WorstCase> {
  const world = new World(worstParameters)
  fundAll(world, scorers)
  const on = world.datanets
  const datanetId = world.createDatanet(owner, { terms: TERMS })
  const last = scorers.at(-1)!
  for (const by of scorers) {
    const args = [datanetId, by.address]
    if (by === last) {
      yield worstCase(world, { on, method: 'appointScorer', what: 'the last seat', args, from: owner })
    }
    on.send('appointScorer', [datanetId, by.address], { from: owner.address })
  }
  yield worstCase(world, { on, method: 'scorersOf', what: '64', args: [datanetId], from: stranger })
  const dismissal = { on, method: 'dismissScorer', args: [datanetId, last.address], from: owner }
  yield worstCase(world, { ...dismissal, what: 'of 64' })
  const specs = Array.from({ length: COUNT }, (_, n) => contribution(n, contributor))
  const answer = answerOf(contributor, 1n)
  on.send('plantKnownAnswer', [datanetId, answer.commitment], { from: owner.address })
  const ids = world.contribute(datanetId, specs)
  // in no order, so that a median has something to sort
  const reportsOf = (place: number) =>
    specs.map((spec, n) => world.report(spec, 6_000 + ((place * 7_919 + n * 31) % 3_001)))
  for (const [place, by] of scorers.entries()) {
    const args = [ids, world.scoreCommitment(by, ids, reportsOf(place), salt)]
    if (by === last) yield worstCase(world, { on, method: 'commitScores', what: '64', args, from: by })
    on.send('commitScores', args, { from: by.address })
  }
  for (const [place, by] of scorers.entries()) {
    const args = [ids, reportsOf(place), salt]
    if (by === last) yield worstCase(world, { on, method: 'revealScores', what: '64', args, from: by })
    on.send('revealScores', args, { from: by.address })
  }
  yield worstCase(world, { on, method: 'resolve', what: '64 of 64 scores', args: [ids], from: stranger })
  on.send('fund', [datanetId], { from: stranger.address, valueWei: 100n * OPEN })
  const some = ids.slice(0, PAID)
  const pay = { on, method: 'resolve', args: [some], from: stranger }
  yield worstCase(world, { ...pay, what: `${PAID} of 64 scores, all paid` })
  on.send('resolve', [some], { from: stranger.address })
  yield worstCase(world, { on, method: 'panelOf', what: '64 seats', args: [ids[0]], from: stranger })
  const reveal = { on, method: 'revealKnownAnswer', args: answer.args, from: contributor }
  yield worstCase(world, { ...reveal, what: '64 scorers' })
  const challenge = { on, method: 'challengeContribution', args: [ids[1], 1, LONG_CID], from: stranger }
  const valueWei = worstParameters.contributionChallengeBondWei
  yield worstCase(world, { ...challenge, what: '64 scorers, longest text', valueWei })
}

function answerOf(by: Account, id: bigint): { args: readonly unknown[]; commitment: Hash } {
  const range = [7000, 9000] as const
  const types = parseAbiParameters('address, uint64, uint16, uint16, bytes32')
  const commitment = keccak256(encodeAbiParameters(types, [by.address, id, ...range, salt]))
  return { args: [id, ...range, salt], commitment }
}

function openWorld(bonded: readonly Account[]) {
  const world = new World(worstParameters)
  fundAll(world, bonded)
  const datanetId = world.createDatanet(owner, { policy: 0, terms: TERMS })
  world.datanets.send('fund', [datanetId], { from: stranger.address, valueWei: 100n * OPEN })
  return { world, on: world.datanets, datanetId }
}

/** 64 bonded scorers to draw 64 panels among, and panels whose members are all paid. */
export function* panels(): Generator<WorstCase> {
  yield* draws()
  yield* drawnScores()
}

function* draws(): Generator<WorstCase> {
  const { world, on, datanetId } = openWorld(scorers)
  const last = scorers.at(-1)!
  const bond = { args: [datanetId], valueWei: worstParameters.scorerBondWei }
  for (const by of scorers) {
    if (by === last) {
      yield worstCase(world, { on, method: 'joinScorers', what: 'the last seat', ...bond, from: by })
    }
    on.send('joinScorers', bond.args, { from: by.address, valueWei: bond.valueWei })
  }
  const leave = { on, method: 'leaveScorers', what: 'the last of 64', args: [datanetId], from: last }
  yield worstCase(world, leave)
  const specs = Array.from({ length: COUNT }, (_, n) => contribution(n, contributor))
  const ids = world.contribute(datanetId, specs)
  world.chain.advance()
  const draw = { on, method: 'drawScorers', from: stranger }
  yield worstCase(world, { ...draw, what: '64 among 64', args: [ids] })
  yield worstCase(world, { ...draw, what: '1 among 64', args: [ids.slice(0, 1)] })
}

function* drawnScores(): Generator<WorstCase> {
  const panel = scorers.slice(0, worstParameters.scorerPanel)
  const contributors = Array.from({ length: COUNT }, (_, n) => account(300 + n))
  const { world, on, datanetId } = openWorld([...panel, ...contributors])
  panel.forEach(({ address }, n) => {
    const valueWei = worstParameters.scorerBondWei * BigInt(1 + n)
    on.send('joinScorers', [datanetId], { from: address, valueWei })
  })
  const specs = contributors.map((by, n) => contribution(n, by))
  const ids = world.contribute(datanetId, specs)
  world.draw(ids)
  const reports = specs.map((spec) => world.report(spec))
  const what = '64, weighed'
  for (const by of panel) {
    const args = [ids, world.scoreCommitment(by, ids, reports, salt)]
    if (by === panel.at(-1)) yield worstCase(world, { on, method: 'commitScores', what, args, from: by })
    on.send('commitScores', args, { from: by.address })
  }
  for (const by of panel) {
    const args = [ids, reports, salt]
    if (by === panel.at(-1)) yield worstCase(world, { on, method: 'revealScores', what, args, from: by })
    on.send('revealScores', args, { from: by.address })
  }
  const paid = `64 of ${panel.length} scores, all paid`
  yield worstCase(world, { on, method: 'resolve', what: paid, args: [ids], from: stranger })
  on.send('resolve', [ids], { from: stranger.address })
  world.chain.advance(worstParameters.contributionChallengeBlocks + 1)
  const release = { on, method: 'releaseContributions', args: [ids], from: stranger }
  yield worstCase(world, { ...release, what: '64 bonds and bounties' })
}
