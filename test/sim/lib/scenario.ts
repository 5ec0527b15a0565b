import { Adversary } from './adversary.ts'
import { CALM, Cluster, type ClusterStats } from './cluster.ts'
import { Prng } from './prng.ts'
import { SimFailure } from './safety.ts'

export interface ScenarioOptions {
  readonly seed: number
  readonly validators: number
  readonly heights: number
  /** Whether one validator may equivocate; it does in a quarter of the seeds. */
  readonly allowByzantine?: boolean
}

export interface ScenarioResult {
  readonly seed: number
  readonly stats: ClusterStats
  readonly maxRound: number
  /** Heights decided above round 0. */
  readonly roundsAboveZero: number
  readonly partitions: number
  readonly byzantine: number
  readonly hasAdversary: boolean
  readonly fakeMs: number
  readonly events: number
  readonly traceHash: string
}

/** Faults come in this span; after it the network is calm and everyone must finish. */
const FAULTS_MS = 30_000
/** More than any seed needs once the network is calm. */
const LIMIT_MS = 20 * 60_000

/** One run: faults drawn from the seed, then calm. Fails with a SimFailure where a property does not hold. */
export async function runScenario(options: ScenarioOptions): Promise<ScenarioResult> {
  const { seed, validators, heights } = options
  const random = new Prng(seed, 0x5ce7a110)
  const byzantine = options.allowByzantine === true && validators >= 4 && random.chance(0.25) ? 1 : 0
  const cluster = new Cluster({
    seed,
    validators,
    observers: random.int(0, 1),
    byzantine,
    slowShare: random.pick([0, 0.02, 0.1]),
    maxSkewMs: random.pick([0, 100, 500]),
    network: {
      loss: random.pick([0, 0.02, 0.1, 0.25]),
      duplication: random.pick([0, 0.05]),
      minDelayMs: 2,
      maxDelayMs: random.pick([20, 100, 400, 900]),
    },
  })
  const hasAdversary = random.chance(0.4)
  if (hasAdversary) scheduleAdversary(cluster, random)
  const partitions = hasAdversary ? 0 : scheduleFaults(cluster, random, validators)
  cluster.startAll()
  const isDone = () => cluster.heights().every((height) => height >= heights)
  if (!(await cluster.runUntil(isDone, LIMIT_MS))) {
    throw new SimFailure(`Stalled: heights ${cluster.heights().join(', ')} of ${heights}.`)
  }
  return {
    seed,
    stats: cluster.stats,
    maxRound: cluster.monitor.maxRound,
    roundsAboveZero: cluster.monitor.roundsAboveZero,
    partitions,
    byzantine,
    hasAdversary,
    fakeMs: cluster.clock.nowMs(),
    events: cluster.trace.events,
    traceHash: cluster.trace.digest(),
  }
}

/** A network that works against locks; calm comes later, because heights take longer. */
function scheduleAdversary(cluster: Cluster, random: Prng): void {
  const adversary = new Adversary(cluster, random.fork())
  cluster.clock.after(3 * FAULTS_MS, () => {
    adversary.stop()
    cluster.network.options = CALM
  })
}

/** Crashes of single nodes, now and then of all, and partitions; at the end the network heals. */
function scheduleFaults(cluster: Cluster, random: Prng, validators: number): number {
  const { clock, network, nodes } = cluster
  const crash = (index: number, atMs: number) => {
    const power = random.chance(0.5)
    clock.after(atMs, () => cluster.crash(index, power))
    clock.after(atMs + random.int(50, 6_000), () => {
      if (nodes[index]!.life === null) cluster.start(index)
    })
  }
  const crashes = random.int(1, 4)
  for (let count = 0; count < crashes; count++)
    crash(random.int(0, nodes.length - 1), random.int(500, FAULTS_MS))
  if (random.chance(0.15)) {
    const atMs = random.int(1_000, FAULTS_MS)
    for (const { index } of nodes) crash(index, atMs + random.int(0, 20))
  }
  const partitions = random.int(0, 2)
  for (let count = 0; count < partitions; count++) {
    const atMs = random.int(1_000, FAULTS_MS)
    const cut = random.int(1, validators - 1)
    const order = nodes.map(({ index }) => ({ index, key: random.u32() })).sort((a, b) => a.key - b.key)
    const groups = [order.slice(0, cut), order.slice(cut)].map((group) => group.map(({ index }) => index))
    clock.after(atMs, () => network.partition(groups))
    clock.after(atMs + random.int(1_000, 10_000), () => network.heal())
  }
  clock.after(FAULTS_MS + 12_000, () => {
    network.heal()
    network.options = CALM
  })
  return partitions
}
