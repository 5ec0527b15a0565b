import { Auditor } from '../../src/ai/receipts/auditor.ts'
import { AuditorRecords } from '../../src/ai/receipts/auditorRecords.ts'
import { AuditorRegistration } from '../../src/ai/receipts/auditorRegistration.ts'
import { encodeReceipt } from '../../src/ai/receipts/codec.ts'
import { contentCommitment } from '../../src/ai/receipts/commitments.ts'
import { Keeper } from '../../src/ai/receipts/keeper.ts'
import { Outbox } from '../../src/ai/receipts/outbox.ts'
import { ReceiptPool } from '../../src/ai/receipts/pool.ts'
import {
  type AuditEngine,
  type BlockFollower,
  type DurableMap,
  type Evidence,
  type EvidenceSource,
  noReceiptMetrics,
  type Reexecution,
  type RowComparison,
  type StoreOp,
} from '../../src/ai/receipts/ports.ts'
import { ReceiptService } from '../../src/ai/receipts/receiptService.ts'
import { Settler } from '../../src/ai/receipts/settler.ts'
import { Tracker } from '../../src/ai/receipts/tracker.ts'
import { receiptIdOf, type SignedReceipt } from '../../src/ai/receipts/typedData.ts'
import { NodeError } from '../../src/errors/errors.ts'
import type { DevnetKey } from '../../src/node/devnet/keys.ts'
import type { Hash, Hex } from '../../src/primitives/hex.ts'
import { keccak256, keccakHex } from '../../src/primitives/keccak.ts'
import { silentLogger } from '../../src/runtime/logger.ts'
import type { Random } from '../../src/runtime/random.ts'
import type { ReceiptWorld } from './receiptWorld.ts'

/** A durable map whose contents outlive the object that uses it, as a disk would. */
export class MemoryMap implements DurableMap {
  readonly contents = new Map<string, Uint8Array>()

  get(key: string): Uint8Array | undefined {
    return this.contents.get(key)?.slice()
  }

  async *entries() {
    for (const [key, value] of [...this.contents]) yield { key, value: value.slice() }
  }

  async write(ops: readonly StoreOp[]): Promise<void> {
    for (const op of ops) {
      if (op.type === 'put') this.contents.set(op.key, op.value.slice())
      else this.contents.delete(op.key)
    }
  }
}

/** The same bytes in every run. */
export function seededRandom(seed: string): Random {
  let state = keccak256(new TextEncoder().encode(seed))
  return {
    bytes(length) {
      const bytes = new Uint8Array(length)
      for (let at = 0; at < length; at += 32) {
        state = keccak256(state)
        bytes.set(state.subarray(0, Math.min(32, length - at)), at)
      }
      return bytes
    },
  }
}

/** What the model of the tests answers: a pure function of the input. */
export function modelOf(input: Uint8Array, k: number) {
  const seed = keccak256(input)
  return {
    output: seed.subarray(0, 4),
    inputTokens: input.length,
    outputTokens: 0,
    queryRow: Uint8Array.from(Int8Array.from({ length: k }, (_, i) => ((seed[i % 32] ?? 0) % 101) - 50)),
  }
}

/** An engine that runs the model of the tests; `change` makes it differ. */
export function testEngine(k: number, change: (own: Reexecution) => Reexecution = (own) => own): AuditEngine {
  return {
    async reexecute({ input, output, auditSeed }) {
      const { queryRow, ...own } = modelOf(input, k)
      const digest = keccakHex(Buffer.concat([input, output, Buffer.from(auditSeed.slice(2), 'hex')]))
      return change({ ...own, queryRow, digest, isCloseCall: false })
    },
  }
}

/** Equal, one step apart in few places, or not. */
export const compareRows: RowComparison = (a, b) => {
  const differing = a.reduce((sum, value, i) => sum + (value === b[i] ? 0 : 1), 0)
  if (differing === 0) return 'ok'
  return differing <= 2 ? 'refund' : 'slash'
}

/** A host as auditors see it: gives the evidence of what it served, unless it refuses. */
export class TestHost implements EvidenceSource {
  readonly served = new Map<Hash, Evidence>()
  readonly asked: Hash[] = []
  isDown = false

  async fetch(_endpoint: string, receiptId: Hash): Promise<Evidence> {
    this.asked.push(receiptId)
    const evidence = this.served.get(receiptId)
    if (this.isDown || evidence === undefined) throw new NodeError('PEER_UNREACHABLE', 'no answer')
    return evidence
  }

  /** Serves one inference; `lie` changes what the receipt says. */
  serve(
    world: ReceiptWorld,
    text: string,
    lie: Partial<{ output: Uint8Array; queryRow: Uint8Array; inputTokens: number; auditClass: number }> = {},
  ): { receipt: SignedReceipt; receiptId: Hash } {
    const input = new TextEncoder().encode(text)
    const { output, ...answer } = { ...modelOf(input, world.k), ...lie }
    const inputSalt = keccak256(input)
    const outputSalt = keccak256(inputSalt)
    const receipt = world.receipt({
      request: { inputCommitment: contentCommitment(inputSalt, input), auditClass: lie.auditClass ?? 0 },
      outputCommitment: contentCommitment(outputSalt, output),
      inputTokens: answer.inputTokens,
      outputTokens: answer.outputTokens,
      queryRow: answer.queryRow,
    })
    const receiptId = receiptIdOf(world.domain, receipt.request)
    this.served.set(receiptId, { receipt, input, inputSalt, output, outputSalt })
    return { receipt, receiptId }
  }
}

export interface ServicesOptions {
  /** Does what anyone may do, at its turn. */
  readonly worker: DevnetKey
  readonly auditors: readonly DevnetKey[]
  readonly evidence: EvidenceSource | ((auditor: DevnetKey) => EvidenceSource)
  readonly engine?: (auditor: DevnetKey) => AuditEngine
  /** The bond that auditors want; the least unless it is given. */
  readonly bondWei?: bigint
  /** What the auditors have on disk, by address. */
  readonly disks?: Map<Hex, MemoryMap>
  readonly isOurTurn?: () => boolean
  /** Receipts that the tracker follows at a time. */
  readonly maxReceipts?: number
  /** Further parts, which may stand on the pool. */
  readonly more?: (pool: ReceiptPool) => Promise<readonly BlockFollower[]>
}

/** Everything that works on receipts, wired as a node does it. */
export class TestServices {
  readonly world: ReceiptWorld
  readonly pool: ReceiptPool
  readonly tracker: Tracker
  readonly disks: Map<Hex, MemoryMap>
  readonly #service: ReceiptService
  readonly #auditors: readonly Auditor[]
  #tell: () => void = () => undefined

  private constructor(
    world: ReceiptWorld,
    parts: {
      pool: ReceiptPool
      tracker: Tracker
      auditors: readonly Auditor[]
      disks: Map<Hex, MemoryMap>
      followers: ConstructorParameters<typeof ReceiptService>[0]['followers']
    },
  ) {
    this.world = world
    this.pool = parts.pool
    this.tracker = parts.tracker
    this.disks = parts.disks
    this.#auditors = parts.auditors
    this.#service = new ReceiptService({
      tracker: parts.tracker,
      followers: parts.followers,
      blocks: world.blocks,
      head: world.head,
      onDecided: (listener) => {
        this.#tell = listener
        return () => {
          this.#tell = () => undefined
        }
      },
      isSynced: () => true,
      logger: silentLogger,
    })
  }

  static async start(world: ReceiptWorld, options: ServicesOptions): Promise<TestServices> {
    const { views, head, blocks, domain, parameters: rules } = world
    const common = { views, head, metrics: noReceiptMetrics, logger: silentLogger }
    const turn = { isOurs: options.isOurTurn ?? (() => true) }
    const { maxReceipts } = options
    const tracker = new Tracker(maxReceipts === undefined ? {} : { maxReceipts }, { ...common, blocks })
    const pool = new ReceiptPool({ domain, rules }, common)
    const outboxOf = (key: DevnetKey) => new Outbox({ ...common, sender: world.senderOf(key) })
    const outbox = outboxOf(options.worker)
    const settler = new Settler({ domain }, { pool, outbox, turn, head })
    const keeper = new Keeper({ rules }, { ...common, tracker, blocks, outbox, turn })
    const disks = options.disks ?? new Map<Hex, MemoryMap>()
    const auditors: Auditor[] = []
    const registrations: AuditorRegistration[] = []
    for (const key of options.auditors) {
      const disk = disks.get(key.address) ?? new MemoryMap()
      disks.set(key.address, disk)
      const models = () => [
        { baseModelId: world.baseModelId, bondWei: options.bondWei ?? rules.auditorBondMinWei },
      ]
      registrations.push(new AuditorRegistration({ models, rules }, { ...common, outbox: outboxOf(key) }))
      auditors.push(
        new Auditor(
          { domain },
          {
            ...common,
            tracker,
            records: await AuditorRecords.open(key.address, disk),
            evidence: typeof options.evidence === 'function' ? options.evidence(key) : options.evidence,
            engine: options.engine?.(key) ?? testEngine(world.k),
            compareRows,
            outbox: outboxOf(key),
            random: seededRandom(key.address),
          },
        ),
      )
    }
    const more = (await options.more?.(pool)) ?? []
    const followers = [pool, ...more, settler, keeper, ...registrations, ...auditors]
    const services = new TestServices(world, { pool, tracker, auditors, disks, followers })
    await services.#service.start()
    for (const auditor of auditors) await auditor.start()
    await services.idle()
    return services
  }

  /** Mines a block of what was sent, and lets everybody work on it until nothing is left to do. */
  async mine(options: { allowFailures?: boolean } = {}): Promise<void> {
    await this.world.mine(options)
    this.#tell()
    await this.idle()
  }

  /** Works on a block that somebody else has mined, or once more on the same one. */
  async follow(): Promise<void> {
    this.#tell()
    await this.idle()
  }

  async mineUntil(isDone: () => boolean, atMost = 60): Promise<void> {
    for (let n = 0; n < atMost; n++) {
      if (isDone()) return
      await this.mine()
    }
    throw new Error(`not done after ${atMost} blocks`)
  }

  async idle(): Promise<void> {
    await this.#service.idle()
    for (const auditor of this.#auditors) await auditor.idle()
  }

  offer(receipt: SignedReceipt) {
    return this.pool.offer(encodeReceipt(receipt))
  }

  async stop(): Promise<void> {
    await this.#service.stop()
    for (const auditor of this.#auditors) await auditor.stop()
  }
}
