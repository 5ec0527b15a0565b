import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AuditDesk } from '../../src/ai/gateway/auditDesk.ts'
import { GatewayServer } from '../../src/ai/gateway/gatewayServer.ts'
import { HostRegistration } from '../../src/ai/gateway/hostRegistration.ts'
import { InferenceService } from '../../src/ai/gateway/inferenceService.ts'
import { ModelList } from '../../src/ai/gateway/modelList.ts'
import type { Inference, InferenceEngine } from '../../src/ai/gateway/ports.ts'
import { ServedRecords } from '../../src/ai/gateway/servedRecords.ts'
import { Outbox } from '../../src/ai/receipts/outbox.ts'
import type { ReceiptPool } from '../../src/ai/receipts/pool.ts'
import { type BlockFollower, noReceiptMetrics } from '../../src/ai/receipts/ports.ts'
import { signDigest } from '../../src/ai/receipts/typedData.ts'
import { parseCid } from '../../src/content/cid.ts'
import { ContentStore } from '../../src/content/contentStore.ts'
import type { Clock } from '../../src/runtime/clock.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { silentLogger } from '../../src/runtime/logger.ts'
import { OPEN } from './precompileWorld.ts'
import { MemoryMap, modelOf, seededRandom } from './receiptServices.ts'
import { host, keyOf, PROFILE_HASH, type ReceiptWorld } from './receiptWorld.ts'

export interface TestGatewayOptions {
  readonly pool: ReceiptPool
  readonly disk?: MemoryMap
  readonly clock?: Clock
  readonly acceptsUploads?: boolean
  readonly corsOrigins?: readonly string[]
  readonly quotaBytes?: number
  readonly riskLimitWei?: bigint
  readonly bondWei?: bigint
  readonly mostBondWei?: bigint
  /** Versions of the adapter that the engine has loaded; the first unless they are given. */
  readonly versions?: readonly number[]
  /** What the engine does in place of the model of the tests. */
  readonly infer?: (inference: Inference, signal: AbortSignal) => Inference | Promise<Inference>
  /** Content folder; a new one when it is left out. */
  readonly folder?: string
}

/** A host over HTTP on a free port of the loopback, with the model of the tests behind it. */
export class TestGateway {
  readonly url: string
  readonly inference: InferenceService
  readonly records: ServedRecords
  readonly content: ContentStore
  readonly followers: readonly BlockFollower[]
  readonly published: Uint8Array[]
  /** Inputs that the engine was given. */
  readonly inferred: string[]
  /** And the versions that it ran them on. */
  readonly inferredBy: number[]
  readonly #stop: () => Promise<void>

  private constructor(parts: {
    url: string
    inference: InferenceService
    records: ServedRecords
    content: ContentStore
    followers: readonly BlockFollower[]
    published: Uint8Array[]
    inferred: string[]
    inferredBy: number[]
    stop: () => Promise<void>
  }) {
    this.url = parts.url
    this.inference = parts.inference
    this.records = parts.records
    this.content = parts.content
    this.followers = parts.followers
    this.published = parts.published
    this.inferred = parts.inferred
    this.inferredBy = parts.inferredBy
    this.#stop = parts.stop
  }

  static async start(world: ReceiptWorld, options: TestGatewayOptions): Promise<TestGateway> {
    const { views, head, domain, parameters: rules } = world
    const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'openledger-gateway-')))
    const content = await ContentStore.open(
      { folder, quotaBytes: options.quotaBytes ?? 1_000_000 },
      { logger: silentLogger },
    )
    const records = await ServedRecords.open(options.disk ?? new MemoryMap())
    const published: Uint8Array[] = []
    const inferred: string[] = []
    const inferredBy: number[] = []
    const engine: InferenceEngine = {
      models: () =>
        (options.versions ?? [1]).map((adapterVersion) => ({ adapterId: world.adapterId, adapterVersion })),
      quote: async (_model, input) => ({ inputTokens: input.length, maxOutputTokens: 0 }),
      infer: async ({ adapterVersion }, input, signal) => {
        inferred.push(new TextDecoder().decode(input))
        inferredBy.push(adapterVersion)
        const inference = {
          ...modelOf(input, world.k),
          predictions: [{ label: 'weakness', score: 0.75 }],
          profileHash: PROFILE_HASH,
        }
        return (await options.infer?.(inference, signal)) ?? inference
      },
    }
    const random = seededRandom('gateway')
    const common = { views, head, records, engine, random, logger: silentLogger, metrics: noReceiptMetrics }
    const inference = new InferenceService(
      {
        domain,
        rules,
        host: host.address,
        riskLimitWei: options.riskLimitWei ?? OPEN,
        feeMarginBps: 2000,
        leastDeadlineBlocks: 3,
      },
      {
        ...common,
        pool: options.pool,
        signer: { address: host.address, sign: (digest) => signDigest(digest, keyOf(host)) },
        gossip: {
          publish: async (bytes) => {
            published.push(bytes)
          },
        },
        clock: options.clock ?? systemClock,
      },
    )
    const desk = new AuditDesk({ genesisHash: domain.genesisHash }, common)
    const server = new GatewayServer(
      {
        domain,
        host: host.address,
        deadlineBlocks: 8,
        address: '127.0.0.1',
        port: 0,
        acceptsUploads: options.acceptsUploads ?? true,
        corsOrigins: options.corsOrigins ?? [],
      },
      {
        ...common,
        inference,
        models: new ModelList({ host: host.address, rules }, common),
        desk,
        content,
        parseCid,
      },
    )
    const url = `http://127.0.0.1:${await server.listen()}`
    const registration = new HostRegistration(
      {
        signer: host.address,
        endpoint: url,
        bondWei: options.bondWei ?? 100n * OPEN,
        mostBondWei: options.mostBondWei ?? 1_000n * OPEN,
        rules,
      },
      {
        ...common,
        outbox: new Outbox({ ...common, sender: world.senderOf(host) }),
        owedWei: () => inference.owedWei,
      },
    )
    await inference.start()
    return new TestGateway({
      url,
      inference,
      records,
      content,
      followers: [inference, desk, registration],
      published,
      inferred,
      inferredBy,
      stop: async () => {
        await server.stop()
        await inference.stop()
        if (options.folder === undefined) await rm(folder, { recursive: true, force: true })
      },
    })
  }

  stop(): Promise<void> {
    return this.#stop()
  }
}
