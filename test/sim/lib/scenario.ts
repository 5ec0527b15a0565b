import { Adversary } from './adversary.ts'
import { BEHAVIOURS, type Behaviour } from './byzantine.ts'
import { CALM, Cluster, type ClusterOptions, type ClusterStats } from './cluster.ts'
import { CoreWorld } from './coreWorld.ts'
import { Prng } from './prng.ts'
import { SimFailure } from './safety.ts'
import { microtasksDone, turnsDone } from './simClock.ts'
import type { World } from './world.ts'

export type Profile = 'core' | 'full'

export interface ScenarioOptions {
  readonly profile: Profile
  readonly seed: number
  readonly validators: number
  readonly heights: number
  /** Changes to the cluster, for runs that are meant to fail. */
  readonly sabotage?: Partial<ClusterOptions>
  /** In place of the profile's own world. */
  readonly world?: ScenarioWorld
}

export interface ScenarioResult {
  readonly seed: number
  readonly stats: ClusterStats
  readonly maxRound: number
  /** Heights decided above round 0. */
  readonly roundsAboveZero: number
  readonly lockMoves: number
  readonly lockChanges: number
  /** Most rounds that a height took once the network had healed. */
  readonly roundsAfterHealing: number
  readonly messages: { sent: number; lost: number; duplicated: number }
  readonly byzantine: readonly Behaviour[]
  readonly hasAdversary: boolean
  /** Crashes, cuts and steps of clocks; lost, late and doubled messages and what faulty validators do come on top. */
  readonly faults: number
  readonly heights: number
  readonly fakeMs: number
  readonly events: number
  readonly facts: Record<string, number>
  readonly traceHash: string
}

/** A world and how many of its validators, from the first on, may be faulty. */
export interface ScenarioWorld {
  readonly world: World
  readonly mostFaulty: number
  readonly settle?: () => Promise<void>
}

/** Faults come in this span; after it the network is calm and everyone must finish. */
const FAULTS_MS = 10_000
/** Against locks it takes longer, because heights do. */
const ADVERSARY_MS = 20_000
/** Crashes that were planned for a write that never came are made up for. */
const FEWEST_FAULTS = 5
/** More than any seed needs once the network is calm: a second for each height, and some rounds. */
const CALM_LIMIT_MS = 5 * 60_000

/** One run: faults drawn from the seed, then calm. Fails with a SimFailure where a property does not hold. */
export async function runScenario(options: ScenarioOptions): Promise<ScenarioResult> {
  const { seed, heights } = options
  const random = new Prng(seed, 0x5ce7a110)
  const { world, mostFaulty, settle } = options.world ?? (await worldOf(options))
  const byzantine = drawByzantine(random, mostFaulty)
  const cluster = new Cluster({
    seed,
    world,
    byzantine,
    observers: random.chance(0.1) ? 1 : 0,
    slowShare: random.pick([0, 0.02, 0.1]),
    maxSkewMs: random.pick([0, 100, 500]),
    network: {
      loss: random.pick([0, 0.02, 0.1, 0.3]),
      duplication: random.pick([0, 0.05, 0.2]),
      minDelayMs: 2,
      maxDelayMs: random.pick([20, 100, 400, 900]),
    },
    settle: settle ?? microtasksDone,
    ...options.sabotage,
  })
  const hasAdversary = random.chance(0.3)
  const adversary = hasAdversary ? new Adversary(cluster, random.fork()) : null
  const faultsMs = hasAdversary ? ADVERSARY_MS : FAULTS_MS
  scheduleFaults(cluster, random, faultsMs)
  cluster.startAll()
  world.onStart(cluster)
  await cluster.runUntil(() => false, faultsMs)
  while (faultsOf(cluster.stats) < FEWEST_FAULTS) {
    cluster.crashAndRestart(random.int(0, cluster.nodes.length - 1), true)
    await cluster.runUntil(() => false, 500)
  }
  adversary?.stop()
  const rounds = heal(cluster)
  const honest = cluster.nodes.filter(({ index }) => !cluster.isByzantine(index))
  const isDone = () => honest.every(({ host }) => host.height >= heights)
  if (!(await cluster.runUntil(isDone, CALM_LIMIT_MS))) {
    throw new SimFailure(`Stalled: heights ${cluster.heights().join(', ')} of ${heights}.`)
  }
  await world.checkEnd()
  return resultOf(cluster, { seed, byzantine, hasAdversary, roundsAfterHealing: rounds() })
}

async function worldOf({ profile, validators }: ScenarioOptions): Promise<ScenarioWorld> {
  if (profile === 'core') {
    const world = new CoreWorld({ validators })
    return { world, mostFaulty: world.mostFaulty }
  }
  // Only the full profile pays for loading an EVM.
  const { FullWorld } = await import('./fullWorld.ts')
  const world = await FullWorld.open(validators)
  return { world, mostFaulty: world.mostFaulty, settle: turnsDone }
}

/** In half of the seeds up to f validators are faulty, each in one to three ways. */
function drawByzantine(random: Prng, mostFaulty: number): Map<number, Behaviour[]> {
  const faulty = new Map<number, Behaviour[]>()
  if (mostFaulty === 0 || random.chance(0.5)) return faulty
  const count = random.int(1, mostFaulty)
  for (let index = 0; index < count; index++) {
    const behaviours = Array.from({ length: random.int(1, 3) }, () => random.pick(BEHAVIOURS))
    faulty.set(index, [...new Set(behaviours)])
  }
  return faulty
}

/** Crashes at writes and now and then of all, both kinds of partitions, steps of clocks: five faults at least. */
function scheduleFaults(cluster: Cluster, random: Prng, untilMs: number): void {
  const { clock, network, nodes, stats } = cluster
  const someNode = () => random.int(0, nodes.length - 1)
  const crashes = random.int(3, 5)
  for (let count = 0; count < crashes; count++) {
    const [index, operations] = [someNode(), random.int(1, 40)]
    const at = random.pick(['before', 'during', 'after'] as const)
    const power = random.chance(0.6)
    clock.after(random.int(300, untilMs - 3_000), () => cluster.crashAtWrite(index, operations, at, power))
  }
  if (random.chance(0.15)) {
    const atMs = random.int(1_000, untilMs - 2_000)
    for (const { index } of nodes) {
      clock.after(atMs + random.int(0, 20), () => cluster.crashAndRestart(index, true))
    }
  }
  const cuts = random.int(1, 3)
  for (let count = 0; count < cuts; count++) {
    const atMs = random.int(500, untilMs - 1_000)
    const [some, others] = split(random, nodes.length)
    const isOneWay = random.chance(0.5)
    clock.after(atMs, () => {
      stats[isOneWay ? 'oneWayCuts' : 'partitions']++
      if (isOneWay) network.cut(some, others)
      else network.partition([some, others])
    })
    clock.after(atMs + random.int(500, 6_000), () => network.heal())
  }
  const steps = random.int(1, 2)
  for (let count = 0; count < steps; count++) {
    const [index, skewMs] = [someNode(), random.int(-8_000, 8_000)]
    clock.after(random.int(500, untilMs), () => {
      stats.skewSteps++
      nodes[index]!.skewMs = skewMs
    })
  }
}

function split(random: Prng, nodes: number): [number[], number[]] {
  const order = Array.from({ length: nodes }, (_, index) => ({ index, key: random.u32() }))
  const sorted = order.sort((a, b) => a.key - b.key).map(({ index }) => index)
  const cut = random.int(1, Math.max(1, nodes - 1))
  return [sorted.slice(0, cut), sorted.slice(cut)]
}

/**
 * Ends all faults, and from here on bounds the rounds that a height may take: whoever is next in line may be faulty or
 * still behind, but within one turn of all proposers there is a round whose proposer is neither. The height in work
 * at this moment goes on from the round that it had reached, and one more, which someone may have entered already.
 * Returns what says afterwards how many were taken.
 */
function heal(cluster: Cluster): () => number {
  const { monitor, nodes } = cluster
  cluster.heal()
  const honest = nodes.filter(({ index }) => !cluster.isByzantine(index))
  const working = Math.max(...honest.map(({ host }) => host.height)) + 1
  const reached = monitor.highestRound(working)
  const validators = monitor.setAt(working)?.size ?? nodes.length
  const bound = validators + 1
  monitor.roundBound = (height) => {
    if (height < working) return Number.POSITIVE_INFINITY
    return height === working ? reached + 1 + bound : bound
  }
  return () => {
    const later = monitor.highestRoundAfter(working)
    return Math.max(later, monitor.highestRound(working) - reached)
  }
}

function faultsOf(stats: ClusterStats): number {
  return stats.crashes + stats.partitions + stats.oneWayCuts + stats.skewSteps
}

function resultOf(
  cluster: Cluster,
  drawn: {
    seed: number
    byzantine: ReadonlyMap<number, readonly Behaviour[]>
    hasAdversary: boolean
    roundsAfterHealing: number
  },
): ScenarioResult {
  const { monitor, stats, network, clock, trace, world } = cluster
  return {
    seed: drawn.seed,
    stats,
    maxRound: monitor.maxRound,
    roundsAboveZero: monitor.roundsAboveZero,
    lockMoves: monitor.lockMoves,
    lockChanges: monitor.lockChanges,
    roundsAfterHealing: drawn.roundsAfterHealing,
    messages: network.stats,
    byzantine: [...drawn.byzantine.values()].flat(),
    hasAdversary: drawn.hasAdversary,
    faults: faultsOf(stats),
    heights: Math.min(...cluster.nodes.map(({ host }) => host.height)),
    fakeMs: clock.nowMs() - world.startMs,
    events: trace.events,
    facts: world.facts(),
    traceHash: trace.digest(),
  }
}

export { CALM }
