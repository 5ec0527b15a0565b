import { devnetTimeouts } from '../../../src/consensus/core/timeouts.ts'
import type { Evidence } from '../../../src/consensus/core/types.ts'
import { ConsensusEngine } from '../../../src/consensus/engine.ts'
import type { ConsensusSigner } from '../../../src/consensus/ports.ts'
import { LocalSigner } from '../../../src/consensus/signer.ts'
import {
  proposalDigest,
  type SigningDomain,
  secp256k1Scheme,
  type UnsignedProposal,
  type UnsignedVote,
  voteDigest,
} from '../../../src/ledger/vote.ts'
import type { Address, Hash } from '../../../src/primitives/hex.ts'
import { privateKeyToAddress } from '../../../src/primitives/secp256k1.ts'
import { silentLogger } from '../../../src/runtime/logger.ts'
import { type Behaviour, Byzantine } from './byzantine.ts'
import { Prng } from './prng.ts'
import { SafetyMonitor, SimFailure } from './safety.ts'
import { Life, SimClock } from './simClock.ts'
import { type CrashPoint, type DiskLies, SimDisk } from './simDisk.ts'
import { type NetworkOptions, SimNetwork } from './simNetwork.ts'
import { Trace } from './trace.ts'
import { WatchedApp, WatchedSigner } from './watched.ts'
import type { SimHost, World } from './world.ts'

export interface ClusterOptions {
  readonly seed: number
  readonly world: World
  /** Nodes beyond the validators, without a key. */
  readonly observers?: number
  /** Faulty validators by index, with what they do. */
  readonly byzantine?: ReadonlyMap<number, readonly Behaviour[]>
  readonly network?: Partial<NetworkOptions>
  readonly slowShare?: number
  /** Clocks are off by this much at most at the start. */
  readonly maxSkewMs?: number
  /** For runs that are meant to fail: all disks lie, signers remember nothing. */
  readonly diskLies?: DiskLies
  readonly forgetfulSigners?: boolean
  readonly expectsForks?: boolean
  /** Lets all that follows from an event run on, before time passes. */
  readonly settle?: () => Promise<void>
}

export interface ClusterStats {
  crashes: number
  replays: number
  abstentions: number
  evidence: number
  reports: number
  partitions: number
  oneWayCuts: number
  skewSteps: number
}

/** One node across its lives. */
export interface SimNode {
  readonly index: number
  readonly privateKey: Uint8Array | null
  readonly address: Address | null
  readonly host: SimHost
  readonly disk: SimDisk
  readonly random: Prng
  skewMs: number
  life: Life | null
  engine: ConsensusEngine | null
}

export const CALM: NetworkOptions = { loss: 0, duplication: 0, minDelayMs: 2, maxDelayMs: 30 }
/** Round trips of exchanges and other work that a node needs after healing are over by then. */
const RESTART_MS = [50, 6_000] as const

/** A cluster in one process on fake time: the real engine, core, log and signer over a simulated rest. */
export class Cluster {
  readonly clock: SimClock
  readonly random: Prng
  readonly trace = new Trace()
  readonly network: SimNetwork
  readonly nodes: readonly SimNode[]
  readonly monitor: SafetyMonitor
  readonly world: World
  readonly stats: ClusterStats = {
    crashes: 0,
    replays: 0,
    abstentions: 0,
    evidence: 0,
    reports: 0,
    partitions: 0,
    oneWayCuts: 0,
    skewSteps: 0,
  }
  onCommit: (node: number, height: number) => void = () => undefined
  readonly #options: ClusterOptions
  readonly #shown = new Map<string, readonly Hash[]>()
  #failure: Error | null = null

  constructor(options: ClusterOptions) {
    this.#options = options
    const { world } = options
    this.world = world
    this.clock = new SimClock(world.startMs, options.settle)
    const random = new Prng(options.seed)
    this.random = random.fork()
    const addresses = world.keys.map(addressOf)
    const honest = new Set(addresses.filter((_, index) => !this.isByzantine(index)))
    this.monitor = new SafetyMonitor({
      domain: world.domain,
      isHonest: (address) => honest.has(address),
      expectsForks: options.expectsForks === true,
    })
    this.network = this.#createNetwork(random.fork())
    const skew = options.maxSkewMs ?? 0
    const slowShare = options.slowShare ?? 0
    this.nodes = Array.from({ length: world.keys.length + (options.observers ?? 0) }, (_, index) => {
      const disk = new SimDisk(random.fork(), options.diskLies)
      return {
        index,
        privateKey: world.keys[index] ?? null,
        address: addresses[index] ?? null,
        host: world.createHost({ index, disk, random: random.fork(), slowShare }),
        disk,
        random: random.fork(),
        skewMs: random.int(-skew, skew),
        life: null,
        engine: null,
      }
    })
  }

  isByzantine(index: number): boolean {
    return this.#options.byzantine?.has(index) === true
  }

  startAll(): void {
    for (const { index, life } of this.nodes) if (life === null) this.start(index)
  }

  /** Starts a node, or starts it again. */
  start(index: number): void {
    const node = this.nodes[index]!
    const life = new Life(this.clock, () => node.skewMs)
    node.life = life
    this.trace.add(this.clock.nowMs(), `start ${index}`)
    this.#launch(node, life).catch((error: unknown) => {
      if (!life.isAlive) return
      if (node.host.isExpectedFailure?.(error) === true) this.crashAndRestart(index, true)
      else this.fail(error)
    })
  }

  /** The process ends at once. With `power` the disk loses what was not synced. */
  crash(index: number, power: boolean): void {
    const node = this.nodes[index]!
    if (node.life === null) return
    this.trace.add(this.clock.nowMs(), `crash ${index} ${power}`)
    node.life.kill()
    node.life = null
    node.engine = null
    this.network.detach(index)
    if (power) node.disk.losePower()
    node.host.crash(power).catch((error: unknown) => this.fail(error))
    this.stats.crashes++
  }

  /** Ends the node in one of its next operations on the disk and starts it again some time later. */
  crashAtWrite(index: number, operations: number, at: CrashPoint, power: boolean): void {
    this.nodes[index]!.disk.crashAt({ operations, at }, () => this.crashAndRestart(index, power))
  }

  crashAndRestart(index: number, power: boolean): void {
    if (this.nodes[index]!.life === null) return
    this.crash(index, power)
    this.clock.after(this.random.int(...RESTART_MS), () => {
      if (this.nodes[index]!.life === null) this.start(index)
    })
  }

  /** From here on nothing fails any more; who is down comes back. */
  heal(): void {
    this.network.heal()
    this.network.options = CALM
    for (const node of this.nodes) {
      node.host.calm()
      node.skewMs = Math.sign(node.skewMs) * Math.min(Math.abs(node.skewMs), 200)
      node.disk.crashAt({ operations: Number.POSITIVE_INFINITY, at: 'before' }, () => undefined)
    }
    this.startAll()
  }

  /** Runs until `isDone` or until `limitMs` of fake time have passed; says whether it is done. */
  async runUntil(isDone: () => boolean, limitMs: number): Promise<boolean> {
    const untilMs = this.clock.nowMs() + limitMs
    await this.clock.settled()
    while (!isDone()) {
      const hasMore = await this.clock.advance(untilMs)
      if (this.#failure !== null) throw this.#failure
      if (!hasMore) return false
    }
    return true
  }

  heights(): number[] {
    return this.nodes.map(({ host }) => host.height)
  }

  fail(error: unknown): void {
    this.#failure ??= error instanceof Error ? error : new Error(String(error))
  }

  #createNetwork(random: Prng): SimNetwork {
    const observer = {
      onSend: (kind: string, from: number, to: number, bytes: Uint8Array) =>
        this.trace.add(this.clock.nowMs(), `${kind} ${from} ${to}`, bytes),
      onReport: (from: number, peer: number, reason: string) => {
        this.stats.reports++
        if (this.isByzantine(peer) || this.isByzantine(from)) return
        this.fail(new SimFailure(`Node ${from} blames the honest node ${peer}: ${reason}`))
      },
    }
    return new SimNetwork({ ...CALM, ...this.#options.network }, { clock: this.clock, random, observer })
  }

  async #launch(node: SimNode, life: Life): Promise<void> {
    const { index, privateKey, disk } = node
    const { domain } = this.world
    const files = disk.mount(life)
    const { app, onEvidence } = await node.host.open(life, () => this.crashAndRestart(index, true))
    const signer = privateKey === null ? null : await this.#openSigner(node, privateKey, files)
    const byzantine = this.#byzantineOf(node, life)
    let engine: ConsensusEngine | null = null
    const attached = this.network.attach(index, life, {
      onVote: (bytes) => {
        byzantine?.observe('vote', bytes)
        engine?.checkVoteMessage(bytes)
      },
      onProposal: (bytes, from) => {
        byzantine?.observe('proposal', bytes)
        engine?.checkProposalMessage(bytes, from)
      },
    })
    engine = new ConsensusEngine(
      { domain, timeouts: devnetTimeouts },
      {
        app: this.#watch(node, app),
        transport: byzantine?.wrap(attached) ?? attached,
        files,
        signer,
        clock: life,
        random: node.random.fork(),
        logger: silentLogger,
        listener: {
          onDecided: () => undefined,
          onBehind: () => undefined,
          onEvidence: (evidence: Evidence) => {
            this.stats.evidence++
            onEvidence(evidence)
          },
          onFatal: (error) => {
            if (life.isAlive) this.#onFatal(node, error)
          },
        },
      },
    )
    await engine.start()
    node.engine = engine
    if (engine.status().replayedRecords > 0) this.stats.replays++
  }

  /** A faulty node may come to nothing; an honest one may stop only because its disk failed, and starts again. */
  #onFatal(node: SimNode, error: unknown): void {
    if (node.host.isExpectedFailure?.(error) === true) this.crashAndRestart(node.index, true)
    else if (!this.isByzantine(node.index)) this.fail(error)
  }

  async #openSigner(
    { index }: SimNode,
    privateKey: Uint8Array,
    files: Parameters<typeof LocalSigner.open>[1]['files'],
  ): Promise<ConsensusSigner> {
    const { domain } = this.world
    const isForgetful = this.isByzantine(index) || this.#options.forgetfulSigners === true
    const signer = isForgetful
      ? carelessSigner(domain, privateKey)
      : await LocalSigner.open({ privateKey, domain, stateFile: 'signer.json' }, { files })
    return new WatchedSigner(signer, {
      onVote: (vote) => this.#guard(() => this.monitor.onVoteSigned(vote)),
      onProposal: (proposal) => this.#guard(() => this.monitor.onProposalSigned(proposal)),
      onRefused: (message, last) => this.#onRefused(index, message, last),
    })
  }

  /**
   * A restart that asks for another signature in place of one it made has lost what that one rested on. It does no harm
   * to safety, but who abstains counts as faulty in this round, and with f others the round may never end. A prevote
   * that was signed in one step with the precommit after it may be missing: a quorum of others was there already.
   */
  #onRefused(
    index: number,
    { height, round, ...message }: UnsignedVote | UnsignedProposal,
    last: unknown,
  ): void {
    this.stats.abstentions++
    const type = 'type' in message ? message.type : 'proposal'
    if (JSON.stringify(last) !== JSON.stringify({ height, round, type })) return
    this.fail(new SimFailure(`Node ${index} wants another ${type} in round ${round} of height ${height}.`))
  }

  #watch(node: SimNode, app: ConstructorParameters<typeof WatchedApp>[0]): WatchedApp {
    const { index } = node
    return new WatchedApp(app, {
      onHeight: ({ height, set }) => this.#guard(() => this.monitor.onHeight(index, height, set)),
      onCommit: (height, certificate) => {
        const { round, blockHash } = certificate
        this.trace.add(this.clock.nowMs(), `commit ${index} ${height} ${round} ${blockHash}`)
        if (!this.isByzantine(index)) this.#guard(() => this.monitor.onCommit(index, height, certificate))
        this.onCommit(index, height)
      },
    })
  }

  #byzantineOf(node: SimNode, life: Life): Byzantine | null {
    const { index, privateKey, address, host } = node
    const behaviours = this.#options.byzantine?.get(index)
    if (behaviours === undefined || privateKey === null || address === null) return null
    const random = node.random.fork()
    return new Byzantine(behaviours, {
      network: this.network,
      life,
      node: index,
      address,
      domain: this.world.domain,
      privateKey,
      random,
      onVoteSigned: (vote) => this.monitor.onVoteSigned(vote),
      shown: this.#shown,
      hashOf: (envelope) => this.world.hashOf(envelope),
      alternative: (envelope) => this.world.alternative(host, envelope),
      invalid: (envelope) => this.world.invalid(envelope, random),
    })
  }

  #guard(check: () => void): void {
    try {
      check()
    } catch (error) {
      this.fail(error)
    }
  }
}

const knownAddresses = new WeakMap<Uint8Array, Address>()
function addressOf(key: Uint8Array): Address {
  const address = knownAddresses.get(key) ?? privateKeyToAddress(key)
  knownAddresses.set(key, address)
  return address
}

/** A signer with no memory: it signs whatever it is asked to. */
export function carelessSigner(domain: SigningDomain, privateKey: Uint8Array): ConsensusSigner {
  const { sign } =
    domain.scheme === undefined ? secp256k1Scheme : { sign: domain.scheme.sign.bind(domain.scheme) }
  return {
    address: addressOf(privateKey),
    signVote: async (vote) => sign(voteDigest(domain, vote), privateKey),
    signProposal: async (proposal) => sign(proposalDigest(domain, proposal), privateKey),
  }
}
