// The life of one payment, on a running network, through public interfaces only: JSON-RPC, HTTP, the command line, and
// the package's SDK. `openledger devnet --demo` starts it; it ends with code 0 only if everything holds.
import { join } from 'node:path'
import { nativeAddresses, proofOfAttributionAbi } from 'openledger/sdk'
import { formatEther, type Hash, parseEther } from 'viem'
import { readConfig } from './config.ts'
import { httpContent } from './content.ts'
import { CWE_LABELS, loadCwe } from './data/cwe.ts'
import { DEMONSTRATION, makeDemonstration } from './data/demonstration.ts'
import {
  contribute,
  createDatanet,
  freeze,
  pastChallenges,
  release,
  requireUnseen,
  score,
} from './datanet.ts'
import { ask, deposit, waitClosed, waitFinal, waitForHost, waitSettled } from './inference.ts'
import { EarningsLedger } from './ledger.ts'
import { allDone, DemoNetwork, type SentCall } from './network.ts'
import { publish } from './publishing.ts'
import { Reporter } from './reporter.ts'
import { checkEarnings, showCosts, showReceipt } from './results.ts'
import { train } from './training.ts'

const SEED: Hash = `0x${'11'.repeat(32)}`
const INFERENCES = 64
/** As many as a devnet's window holds: two bursts are two windows. */
const BURST = 32
/** Accounts of the public mnemonic: the first ten are funded, the rest get some OPEN from the first. */
const ACCOUNTS = { contributors: 10, scorers: [10, 11, 12], adapterOwner: 13, requester: 14 } as const

const config = readConfig(process.env)
const reporter = new Reporter(config.json)
const network = new DemoNetwork(config.rpc)
const content = httpContent(config.inference)

reporter.step('Data: descriptions of vulnerabilities with their weakness class, from the npm package cwe-sdk')
const plan = makeDemonstration(await loadCwe(), CWE_LABELS, { ...DEMONSTRATION, seed: SEED })
const names = [...new Set(plan.contributions.map(({ account }) => account))].sort()
const contributors = new Map(names.map((name, index) => [name, network.account(index)]))
if (contributors.size > ACCOUNTS.contributors) throw new Error('more accounts than are funded')
const scorers = ACCOUNTS.scorers.map((index) => network.account(index))
const owner = network.account(ACCOUNTS.adapterOwner)
const requester = network.account(ACCOUNTS.requester)
await requireUnseen(network, plan.contributions[0]?.records ?? [])
const fromBlock = await network.client().getBlockNumber({ cacheTime: 0 })
for (const account of [...scorers, owner, requester])
  await network.account(0).pay(account.address, parseEther('200'))
await network.waitBlocks(2)
reporter.say(
  `${plan.contributions.length} contributions of 5 to 20 records, ${DEMONSTRATION.records} records, by ${names.length} accounts; ` +
    'one flips labels, one copies others with small edits',
)

reporter.step('Contribute: commit, reveal, order by commit')
const datanetId = await createDatanet(network, owner, scorers, {
  name: 'Vulnerability descriptions by weakness class',
  licence: 'LicenseRef-CWE-Terms-of-Use',
})
const contributions = await contribute(
  network,
  datanetId,
  plan.contributions.map(({ account, kind, records }) => {
    const contributor = contributors.get(account)
    if (contributor === undefined) throw new Error(`${account} has no account`)
    return { contributor, accountName: account, kind, records }
  }),
  content,
  reporter,
)

reporter.step('Validate: scorers recompute signatures and counts, and score; a version is frozen')
await score(network, contributions, scorers, content, reporter)
await pastChallenges(network, contributions)
const version = await freeze(network, datanetId, owner)
reporter.say(
  `version ${version.version} frozen: ${version.memberCount} contributions, ${version.recordCount} records`,
)
await release(network, contributions, owner, reporter)

reporter.step('Train a LoRA adapter on that version')
const byId = new Map(contributions.map((one) => [one.id, one]))
const inVersion = version.members.map(({ contributionId }) => {
  const contribution = byId.get(contributionId)
  if (contribution === undefined) throw new Error(`contribution ${contributionId} is not known`)
  return contribution
})
const trained = await train(
  config,
  { contributions: inVersion, validation: plan.validation, heldOut: plan.heldOut, seed: SEED },
  reporter,
)

reporter.step('Publish adapter and attribution rows on the chain')
const published = await publish(
  network,
  owner,
  trained,
  { datanetId, version: version.version },
  content,
  reporter,
)
await deposit(network, requester)
await waitForHost(config.inference, published.adapterId)
await network.waitForBlock(published.activeFromBlock)

reporter.step(`Pay for ${INFERENCES} inferences on held-out records`)
const asked = []
for (let start = 0; start < INFERENCES; start += BURST) {
  const burst = await ask(
    config.inference,
    requester,
    published.adapterId,
    plan.heldOut.slice(start, start + BURST),
  )
  await waitSettled(network, burst)
  asked.push(...burst)
}
const right = asked.filter(({ record, answer }) => answer.predictions[0]?.label === record.label).length
reporter.say(`${asked.length} answers paid and settled, ${right} of them right`)

reporter.step('Audit by other validators, and finality')
await waitFinal(network, asked, reporter)
const windows = await waitClosed(network, published.adapterId)
reporter.say(`all receipts are final, ${windows} windows are closed`)

// another node than the one that everything went through
const ledger = new EarningsLedger(network.client(1), published, fromBlock)
await network.waitForBlock(await network.client().getBlockNumber({ cacheTime: 0 }), 1)

reporter.step('Claim')
const attribution = { to: nativeAddresses.proofOfAttribution, abi: proofOfAttributionAbi } as const
const claims: SentCall[] = []
let claimedWei = 0n
for (const account of [...contributors.values(), owner]) {
  const creditWei = await ledger.creditOf(account.address)
  if (creditWei === 0n) continue
  claimedWei += creditWei
  claims.push(await account.send({ ...attribution, functionName: 'claim', args: [] }))
}
const claimed = await allDone(network, claims)
reporter.say(`${claims.length} accounts claimed ${formatEther(claimedWei)} OPEN`)
await network.waitForBlock(claimed.at(-1)?.blockNumber ?? 0n, 1)

reporter.step('Check everything through the second validator')
const outcome = { datanetId, version, published, contributions: inVersion, asked, k: trained.report.k }
const problems = await checkEarnings(ledger, outcome, reporter)
await showCosts(ledger, asked.length, reporter)
problems.push(...(await showReceipt(ledger, outcome, reporter)))
await reporter.ids(join(config.workDir, 'ids.json'), {
  datanetId,
  version: version.version,
  baseModelId: published.baseModelId,
  adapterId: published.adapterId,
  windows,
  datanetRegistry: nativeAddresses.datanetRegistry,
  adapterRegistry: nativeAddresses.adapterRegistry,
  proofOfAttribution: nativeAddresses.proofOfAttribution,
  adapterOwner: owner.address,
  requester: requester.address,
  scorers: scorers.map(({ address }) => address),
  contributors: Object.fromEntries([...contributors].map(([name, { address }]) => [name, address])),
  contributionIds: contributions.map(({ id }) => id),
  receiptIds: asked.map(({ answer }) => answer.receiptId),
})
if (problems.length > 0) {
  for (const problem of problems) reporter.say(`NOT TRUE: ${problem}`)
  reporter.fact('failed', problems)
  process.exitCode = 1
} else {
  reporter.say(`Everything holds, after ${Math.round(reporter.elapsedSeconds)} seconds.`)
  reporter.fact('passed', { seconds: reporter.elapsedSeconds })
}
