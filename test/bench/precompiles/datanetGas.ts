// Gas of a contribution's steps, whole transactions, calldata included, for each contribution of a batch:
//   node --import tsx test/bench/precompiles/datanetGas.ts
// README figures of precompiles/datanet come from here. The host is the one that tests use.
import {
  type Account,
  account,
  type ContributionSpec,
  contribution,
  nearMinhash,
  OPEN,
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

function contributeAndScore(what: string, datanetId: bigint, specs: readonly ContributionSpec[]) {
  const ids = specs.map((spec) =>
    measure(
      `${what}: commit`,
      'commitContribution',
      [datanetId, world.commitmentOf(datanetId, spec)],
      spec.by,
      1,
      OPEN,
    ),
  )
  world.chain.advance(2)
  specs.forEach((spec, index) => {
    measure(`${what}: reveal`, 'revealContribution', world.revealArgs(ids[index]!, spec), spec.by)
  })
  measure(`${what}: order`, 'settleOrder', [datanetId, BATCH], anyone, BATCH)
  const reports = specs.map((spec) => world.report(spec))
  const sum = (step: string, method: string, argsOf: (scorer: Account) => readonly unknown[]) => {
    let total = 0
    for (const scorer of scorers) {
      measure(step, method, argsOf(scorer), scorer, BATCH)
      total += steps.get(step) ?? 0
    }
    steps.set(step, total)
  }
  sum(`${what}: commit scores (3)`, 'commitScores', (scorer) => [
    ids,
    world.scoreCommitment(scorer, ids, reports, salt),
  ])
  sum(`${what}: reveal scores (3)`, 'revealScores', () => [ids, reports, salt])
  measure(`${what}: resolve`, 'resolve', [ids], anyone, BATCH)
  world.chain.advance(testParameters.contributionChallengeBlocks + 1)
  measure(`${what}: release`, 'releaseContributions', [ids], anyone, BATCH)
  return ids
}

const datanetId = world.createDatanet(owner)
for (const { address } of scorers)
  world.datanets.send('appointScorer', [datanetId, address], { from: owner.address })
// the first contribution of an account and a Datanet writes slots that later ones find
world.contribute(datanetId, [contribution(1, contributor)])
const leaders = Array.from({ length: BATCH }, (_, n) => contribution(10_000 + n, contributor))
const copies = leaders.map((leader, n) =>
  contribution(20_000 + n, contributor, { minhash: nearMinhash(leader.minhash, 10) }),
)
for (const [what, specs] of [
  ['leader', leaders],
  ['near-duplicate', copies],
] as const) {
  contributeAndScore(what, datanetId, specs)
  const total = [...steps].filter(([step]) => step.startsWith(what)).reduce((sum, [, gas]) => sum + gas, 0)
  steps.set(`${what}: all`, total)
}
for (const [step, gas] of steps) process.stdout.write(`${step.padEnd(34)} ${String(gas).padStart(9)}\n`)
