import {
  type ContributionFacts,
  contributionClaim,
  contributionCommitment,
  type DataRecord,
  datanetRegistryAbi,
  describeContribution,
  nativeAddresses,
  parseRecords,
  scoreReport,
  scoresCommitment,
} from 'openledger/sdk'
import { formatEther, type Hash, keccak256, parseEther, parseEventLogs, toHex } from 'viem'
import { allDone, type Call, type DemoAccount, type DemoNetwork, type SentCall } from './network.ts'
import type { Reporter } from './reporter.ts'

const registry = { to: nativeAddresses.datanetRegistry, abi: datanetRegistryAbi } as const
const view = { address: nativeAddresses.datanetRegistry, abi: datanetRegistryAbi } as const

const BOND_WEI = parseEther('0.1')
const TERMS = {
  minBondWei: BOND_WEI,
  acceptThresholdBps: 5_000,
  bountyPerRecordWei: parseEther('0.001'),
  scorerPayWei: parseEther('0.01'),
} as const
/** More than bounties and scorers of the demonstration come to. */
const PURSE_WEI = parseEther('10')
/** Enough for the largest of each; what is left comes back. */
const GAS = {
  commit: 300_000n,
  reveal: 400_000n,
  order: 16_000_000n,
  scores: 9_000_000n,
  resolve: 9_000_000n,
  release: 9_000_000n,
} as const
const SCORES_A_CALL = 52
const ORDERED_A_CALL = 18

export interface PlannedContribution {
  readonly contributor: DemoAccount
  readonly accountName: string
  readonly kind: string
  readonly records: readonly DataRecord[]
}

export interface Contribution extends PlannedContribution {
  readonly id: bigint
  readonly facts: ContributionFacts
}

export interface Content {
  put(bytes: Uint8Array): Promise<string>
  get(cid: string): Promise<Uint8Array>
}

/** The registry takes every content once, so the demonstration has one life on a chain. */
export async function requireUnseen(network: DemoNetwork, records: readonly DataRecord[]): Promise<void> {
  const { contentRoot } = describeContribution(records)
  const known = await network
    .client()
    .readContract({ ...view, functionName: 'contributionByRoot', args: [contentRoot] })
  if (known === 0n) return
  console.error('openledger: This chain has seen the demonstration already. Use a new --data-dir.')
  process.exit(1)
}

/** Creates a curated Datanet with appointed scorers and a purse. */
export async function createDatanet(
  network: DemoNetwork,
  owner: DemoAccount,
  scorers: readonly DemoAccount[],
  about: { readonly name: string; readonly licence: string },
): Promise<bigint> {
  const created = await owner.send({
    ...registry,
    functionName: 'createDatanet',
    // text classification, curated
    args: [about.name, 0, 1, about.licence, '', TERMS],
  })
  const [receipt] = await allDone(network, [created])
  const [event] = parseEventLogs({
    abi: datanetRegistryAbi,
    logs: receipt?.logs ?? [],
    eventName: 'DatanetCreated',
  })
  if (event === undefined) throw new Error('the Datanet was not created')
  const { datanetId } = event.args
  const appointed: SentCall[] = [
    await owner.send({
      ...registry,
      functionName: 'fund',
      args: [datanetId],
      valueWei: PURSE_WEI,
      gas: 200_000n,
    }),
  ]
  for (const scorer of scorers) {
    appointed.push(
      await owner.send({
        ...registry,
        functionName: 'appointScorer',
        args: [datanetId, scorer.address],
        gas: 400_000n,
      }),
    )
  }
  await allDone(network, appointed)
  return datanetId
}

/** Commits, waits, reveals, and has the chain order everything by commit. Contents go to the content store. */
export async function contribute(
  network: DemoNetwork,
  datanetId: bigint,
  planned: readonly PlannedContribution[],
  content: Content,
  reporter: Reporter,
): Promise<Contribution[]> {
  const prepared = planned.map((one, index) => {
    const facts = describeContribution(one.records)
    // a real contributor draws it; here it makes the demonstration repeatable
    const salt = keccak256(toHex(`salt of contribution ${index}`))
    return { ...one, facts, claim: contributionClaim(facts, salt) }
  })
  const commits: SentCall[] = []
  for (const { contributor, claim } of prepared) {
    const commitment = contributionCommitment({ contributor: contributor.address, datanetId, claim })
    commits.push(
      await contributor.send({
        ...registry,
        functionName: 'commitContribution',
        args: [datanetId, commitment],
        valueWei: BOND_WEI,
        gas: GAS.commit,
      }),
    )
  }
  const receipts = await allDone(network, commits)
  const ids = receipts.map((receipt) => {
    const [event] = parseEventLogs({
      abi: datanetRegistryAbi,
      logs: receipt.logs,
      eventName: 'ContributionCommitted',
    })
    if (event === undefined) throw new Error('a commit left no event')
    return event.args.contributionId
  })
  reporter.say(`${commits.length} contributions committed in blocks ${span(receipts)}`)

  await network.waitBlocks(2)
  const reveals: SentCall[] = []
  for (const [index, { contributor, facts, claim }] of prepared.entries()) {
    await content.put(facts.bytes)
    reveals.push(
      await contributor.send({
        ...registry,
        functionName: 'revealContribution',
        args: [ids[index], claim],
        gas: GAS.reveal,
      }),
    )
  }
  const revealed = await allDone(network, reveals)
  reporter.say(`${reveals.length} revealed in blocks ${span(revealed)}, their contents stored by CID`)
  await orderAll(network, datanetId, prepared.length, prepared[0]?.contributor)
  return prepared.map((one, index) => ({ ...one, id: ids[index] ?? 0n }))
}

/** Anyone may ask the chain to put the next contributions in order; a call does as much as its gas allows. */
async function orderAll(
  network: DemoNetwork,
  datanetId: bigint,
  count: number,
  anyone?: DemoAccount,
): Promise<void> {
  if (anyone === undefined) return
  const calls: SentCall[] = []
  for (let done = 0; done < count; done += ORDERED_A_CALL) {
    const call: Call = {
      ...registry,
      functionName: 'settleOrder',
      args: [datanetId, ORDERED_A_CALL],
      gas: GAS.order,
    }
    calls.push(await anyone.send(call))
  }
  await allDone(network, calls)
  const { ordered } = await network
    .client()
    .readContract({ ...view, functionName: 'getDatanet', args: [datanetId] })
  if (Number(ordered) !== count) throw new Error(`${ordered} of ${count} contributions are ordered`)
}

/** Every scorer fetches the contents, recomputes signatures and counts, and scores; then the chain decides. */
export async function score(
  network: DemoNetwork,
  contributions: readonly Contribution[],
  scorers: readonly DemoAccount[],
  content: Content,
  reporter: Reporter,
): Promise<void> {
  const batches = inBatches(contributions, SCORES_A_CALL)
  const opinions: {
    scorer: DemoAccount
    contributionIds: bigint[]
    reports: ReturnType<typeof scoreReport>[]
    salt: Hash
  }[] = []
  for (const scorer of scorers) {
    for (const batch of batches) {
      const reports = []
      for (const contribution of batch) reports.push(await inspect(content, contribution))
      opinions.push({
        scorer,
        contributionIds: batch.map(({ id }) => id),
        reports,
        salt: keccak256(scorer.address),
      })
    }
  }
  const commits: SentCall[] = []
  for (const { scorer, ...opinion } of opinions) {
    const commitment = scoresCommitment({ scorer: scorer.address, ...opinion })
    commits.push(
      await scorer.send({
        ...registry,
        functionName: 'commitScores',
        args: [opinion.contributionIds, commitment],
        gas: GAS.scores,
      }),
    )
  }
  await allDone(network, commits)
  const reveals: SentCall[] = []
  for (const { scorer, contributionIds, reports, salt } of opinions) {
    reveals.push(
      await scorer.send({
        ...registry,
        functionName: 'revealScores',
        args: [contributionIds, reports, salt],
        gas: GAS.scores,
      }),
    )
  }
  await allDone(network, reveals)
  const resolved: SentCall[] = []
  for (const batch of batches) {
    const [anyone] = scorers
    if (anyone === undefined) throw new Error('there are no scorers')
    resolved.push(
      await anyone.send({
        ...registry,
        functionName: 'resolve',
        args: [batch.map(({ id }) => id)],
        gas: GAS.resolve,
      }),
    )
  }
  await allDone(network, resolved)
  const states = await Promise.all(
    contributions.map(({ id }) =>
      network.client().readContract({ ...view, functionName: 'getContribution', args: [id] }),
    ),
  )
  const accepted = states.filter((one) => one.status === 4)
  const clustered = states.filter((one, index) => one.leaderId !== contributions[index]?.id)
  reporter.say(
    `${scorers.length} scorers agree: ${accepted.length} accepted, ` +
      `${clustered.length} of them near-duplicates of an earlier commit`,
  )
  reporter.fact('accepted', accepted.length)
  reporter.fact('nearDuplicates', clustered.length)
}

/**
 * What a scorer can see in a contribution: that it is there, is what was committed, and reads as records. Whether a
 * label is right it mostly cannot; that is what attribution is for.
 */
async function inspect(content: Content, { facts }: Contribution): Promise<ReturnType<typeof scoreReport>> {
  const { records, problemCount } = parseRecords(await content.get(facts.cid))
  const found = describeContribution(records)
  return problemCount === 0 ? scoreReport(found, 9_000) : scoreReport(found, 1_000, 'quality')
}

/** Waits until none of the contributions can be challenged any more. */
export async function pastChallenges(
  network: DemoNetwork,
  contributions: readonly Contribution[],
): Promise<void> {
  const ends = await Promise.all(
    contributions.map(async ({ id }) => {
      const call = { ...view, functionName: 'getContribution', args: [id] } as const
      return (await network.client().readContract(call)).challengeEndBlock
    }),
  )
  await network.waitForBlock(BigInt(Math.max(...ends)))
}

/** Gives bonds back and bounties out, as anyone may once the challenge period is over. */
export async function release(
  network: DemoNetwork,
  contributions: readonly Contribution[],
  anyone: DemoAccount,
  reporter: Reporter,
): Promise<void> {
  const sent: SentCall[] = []
  for (const batch of inBatches(contributions, SCORES_A_CALL)) {
    sent.push(
      await anyone.send({
        ...registry,
        functionName: 'releaseContributions',
        args: [batch.map(({ id }) => id)],
        gas: GAS.release,
      }),
    )
  }
  const receipts = await allDone(network, sent)
  const released = parseEventLogs({
    abi: datanetRegistryAbi,
    logs: receipts.flatMap(({ logs }) => logs),
    eventName: 'ContributionReleased',
  })
  const sum = (amounts: readonly bigint[]) => amounts.reduce((total, amountWei) => total + amountWei, 0n)
  const bondsWei = sum(released.map(({ args }) => args.bondWei))
  const bountiesWei = sum(released.map(({ args }) => args.bountyWei))
  reporter.say(
    `${released.length} bonds given back (${formatEther(bondsWei)} OPEN), bounties of ${formatEther(bountiesWei)} OPEN paid`,
  )
  reporter.fact('released', { contributions: released.length, bondsWei, bountiesWei })
}

/** Freezes what was accepted as a version; returns its number and its members in the order of the rows. */
export async function freeze(network: DemoNetwork, datanetId: bigint, owner: DemoAccount) {
  const [receipt] = await allDone(network, [
    await owner.send({
      ...registry,
      functionName: 'freezeVersion',
      args: [datanetId, 512],
      gas: 14_000_000n,
    }),
  ])
  const [event] = parseEventLogs({
    abi: datanetRegistryAbi,
    logs: receipt?.logs ?? [],
    eventName: 'VersionFrozen',
  })
  if (event === undefined) throw new Error('the version is not frozen')
  const { version, memberCount, recordCount } = event.args
  const members = await network
    .client()
    .readContract({ ...view, functionName: 'versionMembers', args: [datanetId, version, 0, 256] })
  return { version, memberCount, recordCount, members }
}

export type VersionMember = Awaited<ReturnType<typeof freeze>>['members'][number]

function inBatches<T>(items: readonly T[], size: number): T[][] {
  const batches: T[][] = []
  for (let start = 0; start < items.length; start += size) batches.push(items.slice(start, start + size))
  return batches
}

function span(receipts: readonly { readonly blockNumber: bigint }[]): string {
  const numbers = receipts.map((receipt) => receipt.blockNumber).sort((a, b) => (a < b ? -1 : 1))
  return `${numbers[0]} to ${numbers.at(-1)}`
}
