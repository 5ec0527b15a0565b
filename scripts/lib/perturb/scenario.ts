import { checkNetwork, SignerWatch, type Verdict } from './checks.ts'
import { Load } from './load.ts'
import type { PerturbedNetwork } from './network.ts'
import { pause, type RpcNode } from './rpcNode.ts'

/** A wait that does not end is a failure too; no wait of a scenario is as long as this unless it is stuck. */
const LONGEST_WAIT_MS = 120_000
const POLL_MS = 100
/** Looks without a new block after which what was under way counts as settled. */
const SETTLED_MS = 6_000
const CHAIN_ID = 161_212

export interface ScenarioOptions {
  readonly network: PerturbedNetwork
  readonly transfersPerSecond: number
  /** Length of the undisturbed part, of the part with f down, and of the kills. */
  readonly soakMs: number
  readonly downMs: number
  readonly stallMs: number
  readonly killMs: number
  readonly random: () => number
  readonly onFigure: (name: string, figures: Readonly<Record<string, number | string>>) => void
}

export interface ScenarioReport {
  readonly soakPerMinute: number | undefined
  readonly downPerMinute: number | undefined
  readonly blocksWhileStalled: number
  readonly kills: number
  readonly verdict: Verdict
}

/** As Besu's soak of QBFT: undisturbed, f down, f + 1 down, all back, and `kill -9` at random; then everything is checked. */
export async function runScenario(options: ScenarioOptions): Promise<ScenarioReport> {
  const { network, random, onFigure } = options
  const load = new Load({ network, perSecond: options.transfersPerSecond, chainId: CHAIN_ID })
  const watch = new SignerWatch(network)
  try {
    await untilHeight(network.nodes, 2)
    load.start()
    const soakPerMinute = await soak(options)
    const downPerMinute = await withSomeDown(options)
    const blocksWhileStalled = await stall(options)
    const kills = await killAtRandom(options, random)
    const { missing } = await load.finish(LONGEST_WAIT_MS)
    await untilLevel(network)
    await watch.stop()
    const verdict = await checkNetwork(network, load, watch)
    onFigure('load', { transfers: load.sent.size, resent: load.resent, missing })
    return { soakPerMinute, downPerMinute, blocksWhileStalled, kills, verdict }
  } finally {
    await Promise.all([watch.stop(), load.finish(0)].map((done) => done.catch(() => undefined)))
  }
}

const faultsBorne = (validators: number): number => Math.floor((validators - 1) / 3)

/** Blocks a minute while nothing is wrong, and the time from proposal to commit with its phases. */
async function soak({ network, soakMs, onFigure }: ScenarioOptions): Promise<number | undefined> {
  if (soakMs === 0) return undefined
  const [node] = network.nodes
  if (node === undefined) return undefined
  const before = await node.metrics()
  const perMinute = await blocksPerMinute(node, soakMs)
  const after = await node.metrics()
  const delta = (series: string) => (after.get(series) ?? 0) - (before.get(series) ?? 0)
  const total = 'openledger_consensus_proposal_to_commit_seconds'
  const phases = ['validate', 'prevote', 'precommit', 'commit'].map((phase) => {
    const sum = `openledger_consensus_phase_seconds_sum{phase="${phase}"}`
    return [`${phase}Share`, (delta(sum) / Math.max(delta(`${total}_sum`), 1e-9)).toFixed(2)] as const
  })
  onFigure('soak', {
    perMinute: perMinute.toFixed(1),
    blocks: delta(`${total}_count`),
    proposalToCommitMeanMs: ((1_000 * delta(`${total}_sum`)) / Math.max(delta(`${total}_count`), 1)).toFixed(
      1,
    ),
    proposalToCommitP50Ms: quantileMs(before, after, total, 0.5),
    proposalToCommitP99Ms: quantileMs(before, after, total, 0.99),
    ...Object.fromEntries(phases),
    blockIntervalP99Ms: quantileMs(before, after, 'openledger_consensus_block_interval_seconds', 0.99),
  })
  return perMinute
}

/** Upper bound of the histogram's bucket in which the quantile lies. */
function quantileMs(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
  name: string,
  quantile: number,
): string {
  const buckets = [...after]
    .filter(([series]) => series.startsWith(`${name}_bucket{`))
    .map(([series, count]) => {
      const bound = /le="([^"]+)"/.exec(series)?.[1] ?? '+Inf'
      return {
        bound: bound === '+Inf' ? Number.POSITIVE_INFINITY : Number(bound),
        count: count - (before.get(series) ?? 0),
      }
    })
    .sort((a, b) => a.bound - b.bound)
  const all = buckets.at(-1)?.count ?? 0
  const found = buckets.find(({ count }) => count >= quantile * all)
  return found === undefined || all === 0 ? 'none' : `at most ${1_000 * found.bound}`
}

async function withSomeDown({ network, downMs, onFigure }: ScenarioOptions): Promise<number | undefined> {
  if (downMs === 0) return undefined
  const down = Array.from({ length: faultsBorne(network.size) }, (_, index) => network.size - 1 - index)
  for (const index of down) await network.kill(index)
  const [node] = network.live
  const perMinute = node === undefined ? 0 : await blocksPerMinute(node, downMs)
  onFigure('someDown', { down: down.length, perMinute: perMinute.toFixed(1) })
  for (const index of down) await network.restart(index)
  await untilLevel(network)
  return perMinute
}

/** One more than can be borne goes down: no block is decided any more. When they return, blocks go on. */
async function stall({ network, stallMs, onFigure }: ScenarioOptions): Promise<number> {
  if (stallMs === 0) return 0
  const down = Array.from({ length: faultsBorne(network.size) + 1 }, (_, index) => index)
  for (const index of down) await network.kill(index)
  const [node] = network.live
  if (node === undefined) throw new Error('nobody is left')
  const settled = await untilUnchanged(node)
  await pause(stallMs)
  const blocks = (await node.height()) - settled
  for (const index of down) await network.restart(index)
  await untilHeight(network.nodes, settled + blocks + 2)
  onFigure('stall', { down: down.length, blocksWhileDown: blocks, resumedAt: await node.height() })
  return blocks
}

/** One validator at a time is killed and started again, as often as the time allows. */
async function killAtRandom(
  { network, killMs, onFigure }: ScenarioOptions,
  random: () => number,
): Promise<number> {
  if (killMs === 0) return 0
  const untilMs = performance.now() + killMs
  let kills = 0
  let slowestMs = 0
  while (performance.now() < untilMs) {
    const index = Math.floor(random() * network.size)
    await pause(500 + random() * 2_500)
    await network.kill(index)
    kills++
    await pause(random() * 3_000)
    const startMs = performance.now()
    await network.restart(index)
    await untilLevel(network)
    slowestMs = Math.max(slowestMs, performance.now() - startMs)
  }
  onFigure('kills', { kills, slowestReturnMs: slowestMs.toFixed(0) })
  return kills
}

async function blocksPerMinute(node: RpcNode, ms: number): Promise<number> {
  const startMs = performance.now()
  const from = await node.height()
  await pause(ms)
  const blocks = (await node.height()) - from
  return (60_000 * blocks) / (performance.now() - startMs)
}

/** Waits until `reached`, or fails. A node that does not answer in time has not reached anything yet. */
async function until(what: string, reached: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + LONGEST_WAIT_MS
  while (!(await reached().catch(() => false))) {
    if (performance.now() > endMs) throw new Error(`stuck: ${what} within ${LONGEST_WAIT_MS / 1_000} s`)
    await pause(POLL_MS)
  }
}

async function untilHeight(nodes: readonly RpcNode[], height: number): Promise<void> {
  await until(`no height ${height} on all nodes`, async () => {
    const heights = await Promise.all(nodes.map((node) => node.heightOrNull()))
    return heights.every((one) => one !== null && one >= height)
  })
}

/** All nodes are up, connected, and reach what the highest had when this was called. */
async function untilLevel(network: PerturbedNetwork): Promise<void> {
  const heights = await Promise.all(network.nodes.map((node) => node.heightOrNull()))
  await untilHeight(network.nodes, Math.max(...heights.map((height) => height ?? 0)))
  await until('not every node is connected to every other', async () => {
    const counts = await Promise.all(network.nodes.map((node) => node.call<string>('net_peerCount')))
    return counts.every((count) => Number(count) === network.size - 1)
  })
}

/** The height once it has not changed for a while. */
async function untilUnchanged(node: RpcNode): Promise<number> {
  let height = await node.height()
  let sinceMs = performance.now()
  await until('blocks do not cease', async () => {
    const now = await node.height()
    if (now !== height) sinceMs = performance.now()
    height = now
    return performance.now() - sinceMs >= SETTLED_MS
  })
  return height
}
