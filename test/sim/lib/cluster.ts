import { devnetTimeouts } from '../../../src/consensus/core/timeouts.ts'
import { ConsensusEngine } from '../../../src/consensus/engine.ts'
import { LocalSigner } from '../../../src/consensus/signer.ts'
import type { Certificate } from '../../../src/ledger/certificate.ts'
import { decodeEnvelope, encodeEnvelope } from '../../../src/ledger/envelope.ts'
import type { SigningDomain } from '../../../src/ledger/vote.ts'
import { utf8ToBytes } from '../../../src/primitives/bytes.ts'
import type { Address, Hash } from '../../../src/primitives/hex.ts'
import { keccak256, keccakHex } from '../../../src/primitives/keccak.ts'
import { privateKeyToAddress } from '../../../src/primitives/secp256k1.ts'
import { silentLogger } from '../../../src/runtime/logger.ts'
import { carelessSigner, equivocating } from './byzantine.ts'
import { Prng } from './prng.ts'
import { SafetyMonitor, SimFailure, Trace } from './safety.ts'
import { CertificateChecker, decodeBlock, encodeBlock, nextState, SimApp, SimChain } from './simApp.ts'
import { Life, SimClock } from './simClock.ts'
import { SimDisk } from './simDisk.ts'
import { type NetworkOptions, SimNetwork } from './simNetwork.ts'

export interface ClusterOptions {
  readonly seed: number
  readonly validators: number
  /** Nodes beyond the validators, without a key. */
  readonly observers?: number
  /** Validators from index 0 on that equivocate. */
  readonly byzantine?: number
  readonly network?: Partial<NetworkOptions>
  readonly slowShare?: number
  readonly maxSkewMs?: number
}

export interface ClusterStats {
  crashes: number
  replays: number
  abstentions: number
  lockChanges: number
  evidence: number
  fatal: number
  reports: number
}

/** One node across its lives. */
export interface SimNode {
  readonly index: number
  readonly privateKey: Uint8Array | null
  readonly chain: SimChain
  readonly disk: SimDisk
  readonly skewMs: number
  readonly random: Prng
  life: Life | null
  engine: ConsensusEngine | null
  lastLock: { height: number; round: number }
}

const START_MS = 1_700_000_000_000
export const CALM: NetworkOptions = { loss: 0, duplication: 0, minDelayMs: 2, maxDelayMs: 30 }

/** A cluster in one process on fake time: the real engine, core, log and signer over a simulated rest. */
export class Cluster {
  readonly clock = new SimClock(START_MS)
  readonly trace = new Trace()
  readonly network: SimNetwork
  readonly nodes: readonly SimNode[]
  readonly monitor: SafetyMonitor
  readonly domain: SigningDomain
  readonly addresses: readonly Address[]
  readonly stats: ClusterStats = {
    crashes: 0,
    replays: 0,
    abstentions: 0,
    lockChanges: 0,
    evidence: 0,
    fatal: 0,
    reports: 0,
  }
  onCommit: (node: number, height: number) => void = () => undefined
  readonly #options: ClusterOptions
  #failure: Error | null = null

  constructor(options: ClusterOptions) {
    this.#options = options
    const random = new Prng(options.seed)
    const keys = Array.from({ length: options.validators }, (_, index) =>
      keccak256(utf8ToBytes(`validator ${index}`)),
    )
    this.addresses = keys.map(privateKeyToAddress)
    this.domain = { genesisHash: keccakHex(utf8ToBytes('simulated genesis')), chainId: 161_212n }
    const honest = new Set(this.addresses.slice(options.byzantine ?? 0))
    this.monitor = new SafetyMonitor(this.domain, this.addresses, (address) => honest.has(address))
    this.network = new SimNetwork(
      { ...CALM, ...options.network },
      {
        clock: this.clock,
        random: random.fork(),
        observer: {
          onSend: (kind, from, to, bytes) => {
            this.trace.add(this.clock.nowMs(), `${kind} ${from} ${to}`, bytes)
            this.#guard(() => this.monitor.onSend(kind, bytes))
          },
          onReport: (from, peer, reason) => {
            this.stats.reports++
            if (peer < (options.byzantine ?? 0)) return
            this.#fail(new SimFailure(`Node ${from} blames the honest node ${peer}: ${reason}`))
          },
        },
      },
    )
    const certificates = new CertificateChecker(this.domain, this.addresses)
    const skew = options.maxSkewMs ?? 0
    this.nodes = Array.from({ length: options.validators + (options.observers ?? 0) }, (_, index) => ({
      index,
      privateKey: keys[index] ?? null,
      chain: new SimChain(this.addresses, this.domain.genesisHash, START_MS, certificates),
      disk: new SimDisk(random.fork()),
      skewMs: random.int(-skew, skew),
      random: random.fork(),
      life: null,
      engine: null,
      lastLock: { height: 0, round: -1 },
    }))
  }

  startAll(): void {
    for (const { index } of this.nodes) this.start(index)
  }

  /** Starts a node, or starts it again. */
  start(index: number): void {
    const node = this.nodes[index]!
    const life = new Life(this.clock, node.skewMs)
    node.life = life
    this.trace.add(this.clock.nowMs(), `start ${index}`)
    this.#launch(node, life).catch((error: unknown) => this.#fail(error))
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
    this.stats.crashes++
  }

  /** Runs until `isDone` or until `limitMs` of fake time have passed; says whether it is done. */
  async runUntil(isDone: () => boolean, limitMs: number): Promise<boolean> {
    const untilMs = this.clock.nowMs() + limitMs
    while (!isDone()) {
      const hasMore = await this.clock.advance(untilMs)
      if (this.#failure !== null) throw this.#failure
      if (!hasMore) return false
      this.#countLocks()
    }
    return true
  }

  heights(): number[] {
    return this.nodes.map(({ chain }) => chain.height)
  }

  async #launch(node: SimNode, life: Life): Promise<void> {
    const files = node.disk.mount(life)
    const { index, privateKey, chain } = node
    const isByzantine = index < (this.#options.byzantine ?? 0)
    const signer =
      privateKey === null
        ? null
        : isByzantine
          ? carelessSigner(this.domain, privateKey)
          : await LocalSigner.open({ privateKey, domain: this.domain, stateFile: 'signer.json' }, { files })
    const self = signer?.address ?? this.addresses[0]!
    const app = new SimApp(
      { self, slowShare: this.#options.slowShare ?? 0 },
      { chain, life, random: node.random.fork() },
      (height, envelope, certificate) => this.#onCommit(index, height, envelope, certificate),
    )
    let engine: ConsensusEngine | null = null
    const attached = this.network.attach(index, life, {
      onVote: (bytes) => engine?.checkVoteMessage(bytes),
      onProposal: (bytes, from) => engine?.checkProposalMessage(bytes, from),
    })
    const transport =
      isByzantine && privateKey !== null
        ? equivocating(attached, {
            network: this.network,
            node: index,
            domain: this.domain,
            privateKey,
            random: node.random.fork(),
            alternative: (envelope) => alternative(envelope, chain.head.stateHash),
          })
        : attached
    engine = new ConsensusEngine(
      { domain: this.domain, timeouts: devnetTimeouts },
      {
        app,
        transport,
        files,
        signer,
        clock: life,
        random: node.random.fork(),
        logger: silentLogger,
        listener: {
          onDecided: () => undefined,
          onBehind: () => undefined,
          onEvidence: () => {
            this.stats.evidence++
          },
          onFatal: (error) => {
            this.stats.fatal++
            this.#fail(error)
          },
        },
      },
    )
    await engine.start()
    node.engine = engine
    if (engine.status().replayedRecords > 0) this.stats.replays++
  }

  #onCommit(index: number, height: number, envelope: Uint8Array, certificate: Certificate): void {
    this.trace.add(
      this.clock.nowMs(),
      `commit ${index} ${height} ${certificate.round} ${certificate.blockHash}`,
    )
    this.#guard(() => this.monitor.onCommit(index, height, envelope, certificate))
    this.onCommit(index, height)
  }

  /** Counts how often a node's lock moved to a later round of one height. */
  #countLocks(): void {
    for (const node of this.nodes) {
      if (node.engine === null) continue
      const { height, lockedRound } = node.engine.status()
      if (lockedRound < 0) continue
      if (node.lastLock.height === height && node.lastLock.round < lockedRound) this.stats.lockChanges++
      node.lastLock = { height, round: lockedRound }
    }
  }

  #guard(check: () => void): void {
    try {
      check()
    } catch (error) {
      this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= error instanceof Error ? error : new Error(String(error))
  }
}

/** The same block a millisecond later: as valid, but another one. */
function alternative(envelope: Uint8Array, parentState: Hash): Uint8Array {
  const block = decodeBlock(envelope)
  const { parentCertificate } = decodeEnvelope(envelope)
  const timeMs = block.timeMs + 1
  const other = encodeBlock({ ...block, timeMs, stateHash: nextState(parentState, block.builder, timeMs) })
  return encodeEnvelope({ block: other, parentCertificate })
}
