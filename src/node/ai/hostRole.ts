import { AuditDesk } from '../../ai/gateway/auditDesk.ts'
import { GatewayServer } from '../../ai/gateway/gatewayServer.ts'
import { HostRegistration } from '../../ai/gateway/hostRegistration.ts'
import { InferenceService } from '../../ai/gateway/inferenceService.ts'
import { ModelList } from '../../ai/gateway/modelList.ts'
import { ServedRecords } from '../../ai/gateway/servedRecords.ts'
import { Outbox } from '../../ai/receipts/outbox.ts'
import { signDigest } from '../../ai/receipts/typedData.ts'
import { parseCid } from '../../content/cid.ts'
import type { ContentStore } from '../../content/contentStore.ts'
import { WorkRecords } from '../../storage/workRecords.ts'
import type { TransactionSender } from '../transactionSender.ts'
import { HostedAdapters } from './hostedAdapters.ts'
import type { AiModules, AiParts, Role } from './receiptServices.ts'

export interface HostRoleOptions {
  readonly privateKey: Uint8Array
  readonly address: string
  readonly port: number
  readonly corsOrigins: readonly string[]
  readonly bondWei: bigint
  readonly mostBondWei: bigint
  /** What the host lets one requester owe beyond money that is reserved for it. */
  readonly riskLimitWei: bigint
}

/** Part of the price by which a request's maximum may fall short before it is refused: prices move between blocks. */
const FEE_MARGIN_BPS = 2_000
/** A request must leave this many blocks for settlement. */
const LEAST_DEADLINE_BLOCKS = 5
/** The deadline that the host proposes, below the delay of a price rise. */
const DEADLINE_BLOCKS = 60

/** Serves adapters over HTTP for signed, paid requests. */
export async function hostRole(
  options: HostRoleOptions,
  modules: AiModules & { parts: AiParts; sender: TransactionSender; store: ContentStore },
): Promise<Role> {
  const { context, parts, sender, store, kv, clock, random, logger } = modules
  const { domain, rules, views, head } = context
  const { engine, pool, receiptGossip } = parts
  const host = sender.address
  const records = await ServedRecords.open(new WorkRecords({ area: 'host' }, { kv }))
  const common = { views, head, records, engine, random, logger, metrics: modules.metrics }
  const inference = new InferenceService(
    {
      domain,
      rules,
      host,
      riskLimitWei: options.riskLimitWei,
      feeMarginBps: FEE_MARGIN_BPS,
      leastDeadlineBlocks: LEAST_DEADLINE_BLOCKS,
    },
    {
      ...common,
      pool,
      signer: { address: host, sign: (digest) => signDigest(digest, options.privateKey) },
      gossip: { publish: async (bytes) => receiptGossip.publish(bytes) },
      clock,
    },
  )
  const desk = new AuditDesk({ genesisHash: domain.genesisHash }, common)
  const server = new GatewayServer(
    {
      domain,
      host,
      deadlineBlocks: DEADLINE_BLOCKS,
      address: options.address,
      port: options.port,
      acceptsUploads: true,
      corsOrigins: options.corsOrigins,
    },
    { ...common, inference, models: new ModelList({ host, rules }, common), desk, content: store, parseCid },
  )
  const registration = new HostRegistration(
    {
      signer: host,
      endpoint: `http://${options.address}:${options.port}`,
      bondWei: options.bondWei,
      mostBondWei: options.mostBondWei,
      rules,
    },
    { views, head, outbox: new Outbox({ ...common, sender }), owedWei: () => inference.owedWei },
  )
  const adapters = new HostedAdapters({ views, head, engine, logger })
  return {
    followers: [inference, desk, registration, adapters],
    start: async () => {
      await inference.start()
      await server.start()
    },
    stop: async () => {
      await server.stop()
      await inference.stop()
      await adapters.stop()
    },
  }
}
