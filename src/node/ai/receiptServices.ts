import { compareQueryRows } from '../../ai/attribution/audit.ts'
import { BASE_MODEL, defaultModelFolder } from '../../ai/models/modelFolder.ts'
import { RUNTIME_PROFILE_HASH } from '../../ai/models/profile.ts'
import { Auditor } from '../../ai/receipts/auditor.ts'
import { AuditorRecords } from '../../ai/receipts/auditorRecords.ts'
import { AuditorRegistration } from '../../ai/receipts/auditorRegistration.ts'
import { EvidenceClient } from '../../ai/receipts/evidenceClient.ts'
import { Keeper } from '../../ai/receipts/keeper.ts'
import { Outbox } from '../../ai/receipts/outbox.ts'
import { ReceiptPool } from '../../ai/receipts/pool.ts'
import type { BlockFollower, ReceiptMetrics, Turn } from '../../ai/receipts/ports.ts'
import { ReceiptService } from '../../ai/receipts/receiptService.ts'
import { Settler } from '../../ai/receipts/settler.ts'
import type { Tracker } from '../../ai/receipts/tracker.ts'
import type { ContentExchange } from '../../content/contentExchange.ts'
import { NodeError } from '../../errors/errors.ts'
import type { ChainView } from '../../execution/chainView.ts'
import type { Network } from '../../network/network.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { Service } from '../../runtime/lifecycle.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { Random } from '../../runtime/random.ts'
import type { KvStore } from '../../storage/kv.ts'
import { WorkRecords } from '../../storage/workRecords.ts'
import { ReceiptGossip } from '../receiptGossip.ts'
import type { TransactionSender } from '../transactionSender.ts'
import { AdapterEngine } from './adapterEngine.ts'
import { fetchAdapterFiles } from './adapterFiles.ts'
import { LazyEncoder } from './lazyEncoder.ts'
import type { ReceiptContext } from './receiptContext.ts'

export interface AiModules {
  readonly context: ReceiptContext
  readonly chain: ChainView
  readonly kv: KvStore
  readonly network: Network
  readonly content: ContentExchange
  /** Of the validator's or the host's own account; absent in a node that only follows. */
  readonly sender: TransactionSender | undefined
  readonly isSynced: () => boolean
  readonly metrics: ReceiptMetrics
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

/** What works on receipts in every node of a network, and what a role adds to it. */
export interface AiParts {
  readonly pool: ReceiptPool
  readonly receiptGossip: ReceiptGossip
  readonly engine: AdapterEngine
  readonly encoder: LazyEncoder
}

export function createAiParts(options: { modelDir: string | undefined }, modules: AiModules): AiParts {
  const { context, content, clock, network, logger } = modules
  const { domain, rules, views, head } = context
  const pool = new ReceiptPool({ domain, rules }, { views, head, metrics: modules.metrics })
  const receiptGossip = new ReceiptGossip({
    gossip: network.gossip,
    check: (receipt) => pool.check(receipt),
    clock,
    logger,
  })
  const encoder = new LazyEncoder({ modelFolder: options.modelDir ?? defaultModelFolder() }, { clock })
  const engine = new AdapterEngine({
    encoder: () => encoder.get(),
    adapterRecord: ({ adapterId, adapterVersion }) => views.adapterVersion(adapterId, adapterVersion),
    files: async ({ adapterId, adapterVersion }, signal) => {
      const version = views.adapterVersion(adapterId, adapterVersion)
      if (version === undefined) {
        throw new NodeError('NOT_FOUND', `There is no version ${adapterVersion} of adapter ${adapterId}.`)
      }
      return fetchAdapterFiles(version, (cid, fetchSignal) => content.fetch(cid, fetchSignal), signal)
    },
  })
  return { pool, receiptGossip, engine, encoder }
}

/** A part of a role: it follows blocks, and is started and stopped with the receipts. */
export interface Role {
  readonly followers: readonly BlockFollower[]
  start(): Promise<void>
  stop(): Promise<void>
}

export interface ValidatorRoleOptions {
  readonly privateKey: Uint8Array
  readonly turn: Turn
  readonly audits: boolean
  /** Takes hosts on this machine's own networks, as a devnet needs it. */
  readonly allowPrivateHosts: boolean
}

/** Settles, keeps and audits: what a validator does beside deciding blocks. */
export async function validatorRole(
  options: ValidatorRoleOptions,
  modules: AiModules & { parts: AiParts; tracker: Tracker; sender: TransactionSender },
): Promise<Role> {
  const { context, parts, tracker, sender, kv, clock, random, logger } = modules
  const { domain, rules, views, head, blocks } = context
  const common = { views, head, metrics: modules.metrics, logger }
  const outbox = new Outbox({ ...common, sender })
  const { turn } = options
  const settler = new Settler({ domain }, { pool: parts.pool, outbox, turn, head })
  const keeper = new Keeper({ rules }, { ...common, tracker, blocks, outbox, turn })
  if (!options.audits) {
    return { followers: [settler, keeper], start: async () => undefined, stop: async () => undefined }
  }
  const registration = new AuditorRegistration(
    { rules, models: () => auditedModels(context) },
    { views, outbox, head },
  )
  const auditor = new Auditor(
    { domain },
    {
      ...common,
      tracker,
      records: await AuditorRecords.open(sender.address, new WorkRecords({ area: 'auditor' }, { kv })),
      evidence: new EvidenceClient(
        {
          genesisHash: domain.genesisHash,
          auditorKey: options.privateKey,
          allowPrivate: options.allowPrivateHosts,
        },
        { clock },
      ),
      engine: parts.engine,
      compareRows: compareQueryRows,
      outbox,
      random,
    },
  )
  return {
    followers: [settler, keeper, registration, auditor],
    start: () => auditor.start(),
    stop: () => auditor.stop(),
  }
}

/** The one base model that this program can run, once the chain has it. */
function auditedModels({ views, rules }: ReceiptContext) {
  const { onnxHash, tokenizerHash } = BASE_MODEL
  const baseModelId = views.baseModelId({ onnxHash, tokenizerHash, profileHash: RUNTIME_PROFILE_HASH })
  // more than the least, because a loss that goes below it ends the service
  const bondWei = (rules.auditorBondMinWei * 11n) / 10n
  return baseModelId === undefined ? [] : [{ baseModelId, bondWei }]
}

/** Everything that works on receipts, as one service. */
export function receiptService(
  role: Role | undefined,
  modules: AiModules & { parts: AiParts; tracker: Tracker },
): Service {
  const { context, chain, parts, tracker, content, isSynced, logger } = modules
  const service = new ReceiptService({
    tracker,
    followers: [parts.pool, ...(role?.followers ?? [])],
    blocks: context.blocks,
    head: context.head,
    onDecided: (listener) => chain.onDecided(() => listener()),
    isSynced,
    logger,
  })
  return {
    name: 'receipts',
    start: async () => {
      await content.start()
      await service.start()
      await role?.start()
    },
    stop: async () => {
      await service.stop()
      await role?.stop()
      await content.stop()
      await parts.encoder.close()
    },
  }
}
