import { devnetTimeouts } from '../../../src/consensus/core/timeouts.ts'
import type { Evidence } from '../../../src/consensus/core/types.ts'
import { ConsensusEngine } from '../../../src/consensus/engine.ts'
import type {
  BuiltValue,
  ConsensusApp,
  ConsensusSigner,
  ConsensusTransport,
  DecidedBlock,
  HeightContext,
  PeerId,
  ValidationRequest,
} from '../../../src/consensus/ports.ts'
import { proposerAt } from '../../../src/consensus/proposer.ts'
import { LocalSigner } from '../../../src/consensus/signer.ts'
import { NodeError } from '../../../src/errors/errors.ts'
import { type Certificate, makeCertificate } from '../../../src/ledger/certificate.ts'
import { decodeEnvelope, encodeEnvelope } from '../../../src/ledger/envelope.ts'
import type { Vote } from '../../../src/ledger/vote.ts'
import { utf8ToBytes } from '../../../src/primitives/bytes.ts'
import type { Hash } from '../../../src/primitives/hex.ts'
import { keccakHex } from '../../../src/primitives/keccak.ts'
import { silentLogger } from '../../../src/runtime/logger.ts'
import { systemRandom } from '../../../src/runtime/random.ts'
import { quiet, SimClock } from '../../sim/lib/simClock.ts'
import { MemoryFiles } from './memoryFiles.ts'
import { addressOf, domain, HEIGHT, keyOf, makeSet, signedVote } from './support.ts'

export const START_MS = 1_000_000
export const set = makeSet(1, 1, 1, 1)
const PRIORITIES = [0n, 0n, 0n, 0n]

/** Index of the proposer of a round of any height. */
export const proposerIndex = (round: number): number =>
  set.indexOf(proposerAt(set, PRIORITIES, round)) ?? Number.NaN

/** A validator that does not propose in the first rounds, and the three others. */
export const SELF = proposerIndex(3)
export const OTHERS = [0, 1, 2, 3].filter((index) => index !== SELF)

export function makeValue(name: string, bytes = 0): BuiltValue {
  const block = new Uint8Array([...utf8ToBytes(name), ...new Uint8Array(bytes)])
  return { blockHash: keccakHex(block), envelope: encodeEnvelope({ block, parentCertificate: null }) }
}

export function precommits(value: BuiltValue, from: readonly number[], height = HEIGHT, round = 0): Vote[] {
  return from.map((index) =>
    signedVote(index, { type: 'precommit', height, round, blockHash: value.blockHash }),
  )
}

export function certificateOf(
  value: BuiltValue,
  from: readonly number[] = OTHERS,
  height = HEIGHT,
): Certificate {
  return makeCertificate(set, precommits(value, from, height))
}

interface Validation extends ValidationRequest {
  readonly envelope: Uint8Array
  readonly signal: AbortSignal
  readonly answer: (valid: boolean | Error) => void
}

interface Build {
  readonly height: number
  readonly round: number
  readonly parentCertificate: Certificate | null
  readonly signal: AbortSignal
  readonly answer: (value: BuiltValue | Error) => void
}

/** A chain whose answers the test gives by hand. */
export class ManualApp implements ConsensusApp {
  readonly validations: Validation[] = []
  readonly builds: Build[] = []
  readonly committed: { height: number; blockHash: Hash; certificate: Certificate }[] = []
  readonly blocks = new Map<number, DecidedBlock>()
  /** Answers every validation at once. */
  autoValid = true
  earliestStartMs = START_MS
  blockIntervalMs = 1_000
  failCommit = false
  #height = HEIGHT

  async context(): Promise<HeightContext> {
    return { height: this.#height, set, priorities: PRIORITIES, earliestStartMs: this.earliestStartMs }
  }

  blockHashOf(envelope: Uint8Array): Hash {
    return keccakHex(decodeEnvelope(envelope).block)
  }

  buildValue(
    height: number,
    round: number,
    parentCertificate: Certificate | null,
    signal: AbortSignal,
  ): Promise<BuiltValue> {
    return new Promise((resolve, reject) => {
      const answer = (value: BuiltValue | Error) => (value instanceof Error ? reject(value) : resolve(value))
      this.builds.push({ height, round, parentCertificate, signal, answer })
    })
  }

  validateValue(envelope: Uint8Array, request: ValidationRequest, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const answer = (valid: boolean | Error) => (valid instanceof Error ? reject(valid) : resolve(valid))
      this.validations.push({ ...request, envelope, signal, answer })
      if (this.autoValid) resolve(true)
    })
  }

  async commit(envelope: Uint8Array, certificate: Certificate): Promise<HeightContext> {
    if (this.failCommit) throw new Error('the disk is full')
    this.committed.push({ height: certificate.height, blockHash: this.blockHashOf(envelope), certificate })
    this.blocks.set(certificate.height, { envelope, certificate })
    this.#height = certificate.height + 1
    this.earliestStartMs += this.blockIntervalMs
    return this.context()
  }

  async decided(height: number): Promise<DecidedBlock | null> {
    return this.blocks.get(height) ?? null
  }
}

/** A network whose peers are the test. */
export class ManualTransport implements ConsensusTransport {
  readonly votes: Uint8Array[] = []
  readonly proposals: Uint8Array[] = []
  readonly requests: { peer: PeerId; bytes: Uint8Array; atMs: number }[] = []
  readonly reports: { peer: PeerId; reason: string }[] = []
  connected: PeerId[] = []
  /** How peers answer exchanges; by default the stream breaks. */
  answer: (peer: PeerId, request: Uint8Array) => Uint8Array | Promise<Uint8Array> = () => {
    throw new NodeError('PEER_UNREACHABLE', 'The stream broke.')
  }
  handler: (peer: PeerId, request: Uint8Array) => Promise<Uint8Array> = () =>
    Promise.reject(new Error('none'))
  connect: (peer: PeerId) => void = () => undefined
  readonly #done: string[]
  readonly #clock: SimClock

  constructor(done: string[], clock: SimClock) {
    this.#done = done
    this.#clock = clock
  }

  broadcastProposal(message: Uint8Array): void {
    this.#done.push('send')
    this.proposals.push(message)
  }

  broadcastVote(message: Uint8Array): void {
    this.#done.push('send')
    this.votes.push(message)
  }

  async exchange(peer: PeerId, request: Uint8Array): Promise<Uint8Array> {
    this.requests.push({ peer, bytes: request, atMs: this.#clock.nowMs() })
    return this.answer(peer, request)
  }

  onExchange(handler: (peer: PeerId, request: Uint8Array) => Promise<Uint8Array>): void {
    this.handler = handler
  }

  peers(): readonly PeerId[] {
    return this.connected
  }

  onPeer(listener: (peer: PeerId) => void): void {
    this.connect = listener
  }

  reportPeer(peer: PeerId, reason: string): void {
    this.reports.push({ peer, reason })
  }
}

/** One engine with the real core, log and signer; the test is the chain, the network and the clock. */
export class EngineBench {
  readonly clock = new SimClock(START_MS)
  readonly files: MemoryFiles
  readonly app = new ManualApp()
  readonly transport: ManualTransport
  readonly evidence: Evidence[] = []
  readonly behind: { height: number; peer: PeerId | null }[] = []
  readonly fatal: unknown[] = []
  engine!: ConsensusEngine

  constructor(files = new MemoryFiles()) {
    this.files = files
    this.transport = new ManualTransport(files.done, this.clock)
  }

  /** `self`: index of the own validator, or null to observe. */
  async start(self: number | null = SELF, given?: ConsensusSigner): Promise<this> {
    const signerOptions = { domain, stateFile: 'signer.json' }
    const signer =
      given ??
      (self === null
        ? null
        : await LocalSigner.open({ ...signerOptions, privateKey: keyOf(self) }, { files: this.files }))
    this.engine = new ConsensusEngine(
      { domain, timeouts: devnetTimeouts },
      {
        app: this.app,
        transport: this.transport,
        files: this.files,
        signer,
        clock: this.clock,
        random: systemRandom,
        logger: silentLogger,
        listener: {
          onDecided: () => undefined,
          onBehind: (height, peer) => this.behind.push({ height, peer }),
          onEvidence: (evidence) => this.evidence.push(evidence),
          onFatal: (error) => this.fatal.push(error),
        },
      },
    )
    await this.engine.start()
    await this.pass(0)
    return this
  }

  /** Lets so much time pass, and all that follows from it. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.clock.nowMs() + ms
    await quiet()
    while (await this.clock.advance(untilMs));
    this.clock.after(untilMs - this.clock.nowMs(), () => undefined)
    await this.clock.advance(untilMs)
  }
}

export { addressOf }
