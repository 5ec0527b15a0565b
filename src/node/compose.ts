import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Tracker } from '../ai/receipts/tracker.ts'
import { type ChainSpec, createChainSpec } from '../chainspec/chainSpec.ts'
import { limits } from '../config/limits.ts'
import type { NodeConfig } from '../config/settings.ts'
import { ConsensusEngine } from '../consensus/engine.ts'
import { DiskFiles } from '../consensus/files.ts'
import { ContentExchange } from '../content/contentExchange.ts'
import { ContentStore } from '../content/contentStore.ts'
import { NodeError } from '../errors/errors.ts'
import type { ChainView } from '../execution/chainView.ts'
import { heightOf } from '../ledger/block.ts'
import type { Network } from '../network/network.ts'
import { systemClock } from '../runtime/clock.ts'
import { type Service, ServiceGroup } from '../runtime/lifecycle.ts'
import type { Logger } from '../runtime/logger.ts'
import { systemRandom } from '../runtime/random.ts'
import type { StateKeeping } from '../state/pruneProgress.ts'
import { ensureLayout } from '../storage/layout.ts'
import { LevelStore } from '../storage/levelStore.ts'
import { EpochStore } from '../sync/epochs/epochStore.ts'
import { Syncer } from '../sync/syncer.ts'
import { hostRole } from './ai/hostRole.ts'
import { receiptContext } from './ai/receiptContext.ts'
import { createAiParts, receiptService, validatorRole } from './ai/receiptServices.ts'
import { ChainConsensusApp } from './consensusApp.ts'
import { consensusTransport, subscribeConsensus } from './consensusTransport.ts'
import type { Core } from './core.ts'
import { createNetwork, openNetwork } from './createNetwork.ts'
import { createRpc } from './createRpc.ts'
import { EvidenceGossip } from './evidenceGossip.ts'
import { EvidenceReporter } from './evidenceReporter.ts'
import { CallsThread } from './execution/callsThread.ts'
import { openExecutionThread } from './execution/executionThread.ts'
import { openLocalExecution } from './execution/localExecution.ts'
import { Failure } from './failure.ts'
import { readGenesisFile } from './genesisFile.ts'
import { HeadState } from './headState.ts'
import { InstantMiner } from './instantMiner.ts'
import { networkedOperator } from './operator/networkedOperator.ts'
import { NodeMetrics } from './operator/nodeMetrics.ts'
import { nodeReader } from './operator/nodeReader.ts'
import { operatorPort } from './operator/operatorPort.ts'
import { PoolExchange } from './poolExchange.ts'
import { precompilesOf } from './precompiles.ts'
import { RevealChain } from './revealChain.ts'
import { neverSyncing, rpcSync } from './rpcSync.ts'
import { epochServices } from './sync/epochServices.ts'
import { forgetSnapshot, joinBySnapshot } from './sync/snapshotJoin.ts'
import { syncApp } from './syncApp.ts'
import { TransactionPool } from './transactionPool.ts'
import { TransactionSender } from './transactionSender.ts'
import { openSigner, readNodeKeys } from './validatorRole.ts'
import { CLIENT_VERSION } from './version.ts'

const LOOPBACK = '127.0.0.1'

export interface OpenLedgerNode extends Service {
  readonly chain: ChainView
  /** Rejects when the node must end by itself: its log, its key, its disk or the chain failed. */
  readonly failure: Promise<never>
}

/**
 * The composition root: the only place that makes concrete parts. Refuses bad configuration and another chain's
 * folder before anything has started; `start` refuses ports in use.
 */
export async function createNode(config: NodeConfig, logger: Logger): Promise<OpenLedgerNode> {
  const { genesis } = await readGenesisFile(config.genesis)
  const spec = createChainSpec(genesis)
  const keys = await readNodeKeys(config)
  await mkdir(config.dataDir, { recursive: true })
  const kv = await LevelStore.open(join(config.dataDir, 'chain'))
  try {
    await ensureLayout(kv)
    const clock = systemClock
    const metrics = new NodeMetrics({ clock })
    if (config.sync === 'snapshot') await joinNetworkBySnapshot(config, spec, kv, { logger, metrics })
    else await forgetSnapshot(kv)
    const failure = new Failure()
    const options = { spec, precompiles: precompilesOf(spec), keeping: keepingOf(config) }
    const modules = { kv, clock, logger, onFailure: failure.fail }
    // alone there is no consensus that would have to go on beside a block
    const { chain, execution } = config.single
      ? await openLocalExecution(options, modules)
      : await openExecutionThread({ ...options, folder: kv.folder, logFile: config.logFile }, modules)
    const head = new HeadState({ chain, kv, clock })
    const epochs = await EpochStore.open(kv)
    metrics.watchChain(chain)
    const common = { clock, random: systemRandom, logger, failure }
    const core = { ...common, config, kv, chain, execution, head, keys, epochs, metrics }
    try {
      return config.single ? await composeSingle(core) : await composeNetworked(core)
    } catch (error) {
      await execution.close()
      throw error
    }
  } catch (error) {
    await kv.close()
    throw error
  }
}

/** Before the chain is opened, with a network of its own. */
async function joinNetworkBySnapshot(
  config: NodeConfig,
  spec: ChainSpec,
  kv: LevelStore,
  modules: Pick<Core, 'logger' | 'metrics'>,
): Promise<void> {
  const runtime = { config, clock: systemClock, random: systemRandom, ...modules }
  await joinBySnapshot(
    { spec, trustedHash: config.trustedHash },
    {
      ...runtime,
      kv,
      network: async (chain) => {
        const network = await openNetwork(runtime, chain, () => ({ height: 0, hash: chain.genesisHash }))
        const { peers, requests } = network
        return { peers, requests, start: () => network.start(), stop: () => network.stop() }
      },
    },
    new AbortController().signal,
  )
}

function keepingOf({ state, stateBlocks }: NodeConfig): Partial<StateKeeping> {
  return {
    ...(state === undefined ? {} : { mode: state }),
    ...(stateBlocks === undefined ? {} : { blocks: stateBlocks }),
  }
}

/** One validator that decides alone, without a network. */
async function composeSingle(core: Core): Promise<OpenLedgerNode> {
  const { chain, logger } = core
  const { validator } = core.keys
  if (validator === undefined || chain.head.nextSet.size !== 1) {
    throw new NodeError('BAD_CONFIG', '--single needs a validator key and a network of one validator.')
  }
  const pool = createPool(core, undefined)
  followHead(core, pool, undefined)
  const app = core.metrics.measured(createConsensusApp(core, { transactions: pool, mostTransactions: 1 }))
  const { signer } = await openSigner(validator, { ...core, domain: chain.signingDomain })
  const miner = new InstantMiner({ app, signer, mempool: pool.mempool, logger })
  const { mempool } = pool
  const node = nodeReader({ clientVersion: CLIENT_VERSION, chain, mempool, validator })
  const rpc = createRpc(core, pool, { sync: neverSyncing, peerCount: () => 0, node })
  const operator = operatorPort({ ...core, sources: {}, peers: () => [] })
  return assemble(core, [epochServices(core), pool, miner, rpc, ...operator])
}

/** A node of a network: a validator when it has a key that is in the set, a follower else. */
async function composeNetworked(core: Core): Promise<OpenLedgerNode> {
  const { chain, clock, random, logger } = core
  const { validator, hostKey, accountKey } = core.keys
  const network = await createNetwork(core)
  const { gossip, requests, peers } = network
  const pool = createPool(core, network)
  followHead(core, pool, network)

  const sender =
    accountKey && new TransactionSender({ privateKey: accountKey }, { chain, mempool: pool.mempool })
  const reporter = validator && sender && new EvidenceReporter({ sender, logger })
  const app = createConsensusApp(core, { transactions: pool })
  const evidence = new EvidenceGossip({
    gossip,
    domain: chain.signingDomain,
    chain: {
      height: () => chain.head.height,
      set: () => chain.head.nextSet,
      onDecided: (listener) => chain.onDecided(listener),
    },
    report: (found) => reporter?.report(found),
    isOurTurn: () => validator !== undefined && app.nextProposer() === validator.address,
    logger,
  })
  const held = validator && (await openSigner(validator, { ...core, domain: chain.signingDomain }))
  const engine = new ConsensusEngine(
    { domain: chain.signingDomain, timeouts: chain.spec.genesis.consensus.timeouts },
    {
      app: core.metrics.measured(app),
      observer: core.metrics.consensus,
      transport: consensusTransport({ gossip, requests, peers, logger }),
      files: new DiskFiles(join(core.config.dataDir, 'consensus')),
      signer: held?.signer ?? null,
      listener: {
        onDecided: () => undefined,
        onBehind: (height, peer) => logger.debug({ height, peer }, 'others have decided this height already'),
        onEvidence: (found) => evidence.found(found),
        onFatal: core.failure.fail,
      },
      clock,
      random,
      logger,
    },
  )
  subscribeConsensus(gossip, engine)
  evidence.start()
  const syncer = new Syncer({ app: syncApp(chain, engine), peers, requests, clock, logger })
  const operator = networkedOperator({
    ...{ ...core, clientVersion: CLIENT_VERSION, mempool: pool.mempool, network, engine, syncer },
    ...{ signer: held, failure: () => core.failure.message },
  })
  const peerCount = () => peers.list().length
  const calls = new CallsThread({ folder: core.kv.folder, genesis: chain.spec.genesis }, core)
  const status = { sync: rpcSync(syncer, clock), peerCount, node: operator.node }
  const rpc = createRpc(core, pool, status, calls)
  const receipts = await createReceipts(core, { network, pool, sender, hostKey, app, syncer })
  const exchange = new PoolExchange({ mempool: pool.mempool, requests, peers, clock, logger })
  const talking = [epochServices(core, requests), pool, exchange, network, ...(held?.services ?? [])]
  return assemble(core, [...talking, engine, syncer, receipts, calls, rpc, ...operator.services])
}

interface ReceiptParts {
  readonly network: Network
  readonly pool: TransactionPool
  readonly sender: TransactionSender | undefined
  readonly hostKey: Uint8Array | undefined
  readonly app: ChainConsensusApp
  readonly syncer: Syncer
}

/** Receipts, audits and, in a host, the inference API. */
async function createReceipts(core: Core, parts: ReceiptParts): Promise<Service> {
  const { config, chain, head, kv, clock, random, logger } = core
  const { validator } = core.keys
  const { network, sender, hostKey, app, syncer } = parts
  const store = await ContentStore.open(
    { folder: join(config.dataDir, 'content'), quotaBytes: config.contentQuotaMb * 1024 * 1024 },
    { logger },
  )
  const { requests, peers } = network
  const content = new ContentExchange({ store, requests, peers, logger })
  const context = receiptContext({ chain, head, mempool: parts.pool.mempool })
  const isSynced = () => !syncer.status().syncing
  const { receipts: metrics } = core.metrics
  const modules = { context, chain, kv, network, content, sender, isSynced, metrics, clock, random, logger }
  const ai = createAiParts({ modelDir: config.modelDir }, modules)
  const { views, blocks } = context
  const tracker = new Tracker({}, { views, blocks, head: context.head, metrics, logger })
  const all = { ...modules, parts: ai, tracker }
  if (sender === undefined) return receiptService(undefined, all)
  if (hostKey !== undefined) {
    const options = {
      privateKey: hostKey,
      address: config.hostAddress,
      port: config.hostPort,
      corsOrigins: config.hostCors,
      bondWei: config.hostBond,
      mostBondWei: config.hostMostBond,
      riskLimitWei: config.hostRisk,
    }
    return receiptService(await hostRole(options, { ...all, sender, store }), all)
  }
  // audits and settlement are done with the consensus key itself, which a signer does not lend
  if (validator?.privateKey === undefined) return receiptService(undefined, all)
  const options = {
    privateKey: validator.privateKey,
    turn: { isOurs: () => app.nextProposer() === validator.address },
    audits: config.audit === 'on',
    allowPrivateHosts: config.p2pHost === LOOPBACK,
  }
  return receiptService(await validatorRole(options, { ...all, sender }), all)
}

function assemble(core: Core, services: readonly Service[]): OpenLedgerNode {
  const group = new ServiceGroup('node', services, core.logger)
  return {
    name: 'node',
    chain: core.chain,
    failure: core.failure.promise,
    start: () => group.start(),
    stop: async () => {
      const cancelGrace = core.clock.after(limits.stopGraceMs, () => core.execution.interrupt())
      await group.stop()
      cancelGrace()
      await core.execution.close()
      await core.head.close()
      await core.kv.close()
    },
  }
}

/** What must move with the head, in this order, before anything else hears of a decided block. */
function followHead(core: Core, pool: TransactionPool, network: Network | undefined): void {
  core.chain.onDecided(({ block }) => {
    core.head.advance(heightOf(block))
    pool.advance()
    network?.peers.headChanged()
  })
}

function createPool(core: Core, network: Network | undefined): TransactionPool {
  const { config, chain, head, clock, logger } = core
  const pool = new TransactionPool(
    {
      journalPath: join(config.dataDir, 'transactions.rlp'),
      // alone nobody waits for a block but the sender
      ...(config.single ? {} : { transactionMs: chain.spec.genesis.builderBudgetMs }),
    },
    { chain, head, clock, logger, gossip: network?.gossip, observe: core.metrics.onOffer },
  )
  core.metrics.watchPool(pool.mempool)
  return pool
}

function createConsensusApp(
  core: Core,
  building: { transactions: TransactionPool; mostTransactions?: number },
): ChainConsensusApp {
  const { chain, execution, kv, clock, logger } = core
  const { transactions, mostTransactions } = building
  const { validator } = core.keys
  const builder = validator && {
    validator: validator.address,
    operator: validator.operator,
    reveals: new RevealChain(validator.revealSeed, { length: validator.revealLength, logger }),
  }
  return new ChainConsensusApp(
    { builder, mostTransactions },
    { chain, execution, kv, clock, logger, transactions },
  )
}
