// Gas of a contribution's steps, whole transactions, calldata included, for each contribution of a batch:
//   node --import tsx test/bench/precompiles/datanetGas.ts
// README figures of precompiles/datanet come from here. The host is the one that tests use.
import { hashTypedData } from 'viem'
import { sponsoredCommit } from '../../../src/sdk/contributions.ts'
import {
  type Account,
  account,
  type ContributionSpec,
  contribution,
  nearMinhash,
  OPEN,
  signHex,
  testHash,
  testParameters,
  World,
} from '../../support/precompileWorld.ts'

const BATCH = 16
const owner = account(1)
const contributor = account(3)
const anyone = account(0)
const scorers = [account(10), account(11), account(12)]
const salt = testHash('score salt')
const world = new World(testParameters)

const steps = new Map<string, number>()

/** Sends a call and keeps its gas for each of `parts`. */
function measure(
  step: string,
  method: string,
  args: readonly unknown[],
  by: Account,
  parts = 1,
  valueWei = 0n,
) {
  const name = method as 'commitContribution'
  const { value, result } = world.datanets.send(name, args, { from: by.address, valueWei })
  const gas = Number(world.datanets.gasOf(name, args, result)) / parts
  steps.set(step, Math.round(gas))
  return value
}

interface Setting {
  readonly what: string
  readonly datanetId: bigint
  /** Who may be on panels; of an open Datanet all of them are drawn. */
  readonly scorers: readonly Account[]
  readonly isOpen?: boolean
}

/** The whole way of a batch of contributions, in one row of steps. */
function live({ what, datanetId, scorers, isOpen = false }: Setting, specs: readonly ContributionSpec[]) {
  const step = (name: string) => `${what}: ${name}`
  const ids = specs.map((spec) => {
    const commitment = world.commitmentOf(datanetId, spec)
    return measure(step('commit'), 'commitContribution', [datanetId, commitment], spec.by, 1, OPEN)
  })
  world.chain.advance(2)
  specs.forEach((spec, index) => {
    measure(step('reveal'), 'revealContribution', world.revealArgs(ids[index]!, spec), spec.by)
  })
  measure(step('order'), 'settleOrder', [datanetId, specs.length], anyone, specs.length)
  if (isOpen) {
    world.chain.advance()
    measure(step('draw'), 'drawScorers', [ids], anyone, specs.length)
  }
  const reports = specs.map((spec) => world.report(spec))
  const sum = (name: string, method: string, argsOf: (scorer: Account) => readonly unknown[]) => {
    let total = 0
    for (const scorer of scorers) {
      measure(name, method, argsOf(scorer), scorer, specs.length)
      total += steps.get(name) ?? 0
    }
    steps.set(name, total)
  }
  const all = scorers.length
  sum(step(`commit scores (${all})`), 'commitScores', (scorer) => [
    ids,
    world.scoreCommitment(scorer, ids, reports, salt),
  ])
  sum(step(`reveal scores (${all})`), 'revealScores', () => [ids, reports, salt])
  measure(step('resolve'), 'resolve', [ids], anyone, specs.length)
  world.chain.advance(testParameters.contributionChallengeBlocks + 1)
  measure(step('release'), 'releaseContributions', [ids], anyone, specs.length)
  const total = [...steps].filter(([name]) => name.startsWith(`${what}:`))
  steps.set(
    step('all'),
    total.reduce((gas, [, more]) => gas + more, 0),
  )
  return ids
}

function makeDatanet(policy: number, members: readonly Account[], terms = {}): bigint {
  const datanetId = world.createDatanet(owner, { policy, terms })
  for (const { address } of members) {
    if (policy > 0) world.datanets.send('appointScorer', [datanetId, address], { from: owner.address })
    else world.datanets.send('joinScorers', [datanetId], { from: address, valueWei: 100n * OPEN })
  }
  world.datanets.send('fund', [datanetId], { from: owner.address, valueWei: 1000n * OPEN })
  // the first contribution of an account and a Datanet writes slots that later ones find
  world.contribute(datanetId, [contribution(Number(datanetId), contributor)])
  return datanetId
}

const batch = (from: number) => Array.from({ length: BATCH }, (_, n) => contribution(from + n, contributor))
const plain = makeDatanet(1, scorers)
const leaders = batch(10_000)
live({ what: 'leader', datanetId: plain, scorers }, leaders)
const copies = leaders.map((leader, n) =>
  contribution(20_000 + n, contributor, { minhash: nearMinhash(leader.minhash, 10) }),
)
live({ what: 'near-duplicate', datanetId: plain, scorers }, copies)
const pay = { bountyPerRecordWei: OPEN / 100n, scorerPayWei: OPEN / 100n }
live({ what: 'paid leader', datanetId: makeDatanet(1, scorers, pay), scorers }, batch(30_000))
const five = [...scorers, account(13), account(14)]
const open = { what: 'open, paid leader', datanetId: makeDatanet(0, five, pay), scorers: five, isOpen: true }
const openIds = live(open, batch(40_000))

measure('freeze, a member', 'freezeVersion', [plain, 512], owner, 2 * BATCH)
measure('tombstone, first of its word', 'tombstone', [openIds[0]], contributor)
measure('tombstone', 'tombstone', [openIds[1]], contributor)
measure('fund', 'fund', [plain], owner, 1, OPEN)
measure('join scorers', 'joinScorers', [open.datanetId], account(15), 1, 100n * OPEN)
const challenged = contribution(50_000, contributor)
const [id] = world.contribute(plain, [challenged])
world.score([id!], scorers, () => [world.report(challenged)])
measure('challenge', 'challengeContribution', [id, 1, ''], anyone, 1, OPEN)

const sponsored = {
  datanetId: plain,
  commitment: testHash('sponsored'),
  sponsor: anyone.address,
  nonce: 0n,
  deadlineBlock: 1_000_000n,
}
const { genesisHash } = world.chain
for (const nonce of [0n, 1n]) {
  const signed = { ...sponsored, nonce }
  const digest = hashTypedData(sponsoredCommit({ chainId: 161_212, genesisHash }, signed))
  const args = [plain, contributor.address, signed.commitment, signed.deadlineBlock]
  const call = [...args, signHex(digest, contributor)]
  measure('sponsored commit', 'commitContributionFor', call, anyone, 1, OPEN)
}

for (const [step, gas] of steps) process.stdout.write(`${step.padEnd(34)} ${String(gas).padStart(9)}\n`)
