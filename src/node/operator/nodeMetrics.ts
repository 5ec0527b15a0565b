import type { ReceiptCounter, ReceiptMetrics } from '../../ai/receipts/ports.ts'
import type { ConsensusApp } from '../../consensus/ports.ts'
import type { ChainView, DecidedBlock } from '../../execution/chainView.ts'
import { hasSigned } from '../../ledger/certificate.ts'
import type { Mempool } from '../../mempool/mempool.ts'
import type { NetworkCounter, NetworkMetrics, PeersPort } from '../../network/ports.ts'
import type { CallObserver } from '../../rpc/dispatcher.ts'
import type { Clock } from '../../runtime/clock.ts'
import { type CounterMetric, type Labels, Metrics } from '../../runtime/metrics.ts'
import type { SyncStatus } from '../../sync/syncer.ts'
import { ConsensusMetrics } from './consensusMetrics.ts'

const NETWORK_COUNTERS: Readonly<Record<string, readonly string[]>> = {
  gossip_published: ['topic'],
  gossip_received: ['topic', 'verdict'],
  gossip_validation_timeouts: ['topic'],
  gossip_frames_refused: [],
  requests_sent: ['protocol'],
  requests_failed: ['protocol', 'code'],
  requests_served: ['protocol'],
  requests_refused: ['protocol'],
  peers_banned: ['offence'],
  handshakes_failed: ['reason'],
}
const RECEIPT_COUNTERS: Readonly<Record<string, readonly string[]>> = {
  receipts_accepted: [],
  receipts_ignored: [],
  receipts_rejected: [],
  receipts_evicted: [],
  receipts_untracked: [],
  transactions_sent: ['work'],
  transactions_refused: ['work'],
  audits_done: [],
  audits_failed: [],
}
/** From a call that reads one slot to one that may not run longer. */
const RPC_BUCKETS_SECONDS = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 30]
/** Around the budget of a builder, 0.3 s, and the propose timeout. */
const WORK_BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5]

/** Every figure that this node tells Prometheus, in the shape of the ports that bring them. */
export class NodeMetrics {
  readonly network: NetworkMetrics
  readonly receipts: ReceiptMetrics
  readonly rpc: CallObserver
  readonly consensus: ConsensusMetrics
  readonly #metrics = new Metrics()
  readonly #clock: Clock
  readonly #offers: CounterMetric

  constructor(modules: { clock: Clock }) {
    this.#clock = modules.clock
    const network = countersOf<NetworkCounter>(this.#metrics, 'network', NETWORK_COUNTERS)
    this.network = { count: network }
    const receipts = countersOf<ReceiptCounter>(this.#metrics, 'ai', RECEIPT_COUNTERS)
    this.receipts = { count: receipts }
    this.consensus = new ConsensusMetrics(this.#metrics, modules)
    this.rpc = this.#rpcObserver()
    this.#offers = this.#metrics.counter(
      'mempool_offers_total',
      'Transactions offered to the pool, by what came of it: admitted, or the code of the refusal',
      ['outcome'],
    )
  }

  /** Told of each transaction that is offered to the pool. */
  readonly onOffer = (outcome: string): void => this.#offers.inc({ outcome })

  get contentType(): string {
    return this.#metrics.contentType
  }

  text(): Promise<string> {
    return this.#metrics.text()
  }

  addProcess(): void {
    this.#metrics.addProcess()
  }

  /** The same application; how long it takes is measured. */
  measured(app: ConsensusApp): ConsensusApp {
    const seconds = this.#metrics.histogram(
      'execution_seconds',
      'Time of building, judging and committing a block, waiting for a turn included',
      WORK_BUCKETS_SECONDS,
      ['work'],
    )
    const refused = this.#metrics.counter(
      'consensus_proposals_refused_total',
      'Proposed blocks that this node found invalid',
    )
    const timed = async <T>(work: string, run: () => Promise<T>): Promise<T> => {
      const startMs = this.#clock.nowMs()
      try {
        return await run()
      } finally {
        seconds.observe((this.#clock.nowMs() - startMs) / 1_000, { work })
      }
    }
    return {
      context: () => app.context(),
      blockHashOf: (envelope) => app.blockHashOf(envelope),
      buildValue: (...args) => timed('build', () => app.buildValue(...args)),
      validateValue: async (...args) => {
        const isValid = await timed('validate', () => app.validateValue(...args))
        if (!isValid) refused.inc()
        return isValid
      },
      commit: (...args) => timed('commit', () => app.commit(...args)),
      decided: (height) => app.decided(height),
    }
  }

  watchChain(chain: ChainView): void {
    const gas = this.#metrics.counter('chain_gas_used_total', 'Gas of decided blocks')
    const transactions = this.#metrics.counter('chain_transactions_total', 'Transactions in decided blocks')
    const missing = this.#metrics.counter(
      'consensus_votes_missing_total',
      'Validators whose precommit is not in the certificate that this node decided by',
    )
    let set = chain.head.nextSet
    chain.onDecided(({ block, certificate }: DecidedBlock) => {
      gas.inc({}, Number(block.header.gasUsed))
      transactions.inc({}, block.transactions.length)
      const present = set.validators.filter((_, index) => hasSigned(certificate.signers, index)).length
      missing.inc({}, set.size - present)
      set = chain.head.nextSet
    })
    this.#metrics.gauge('chain_height', 'Height of the head', () => chain.head.height)
    this.#metrics.gauge('chain_head_timestamp_seconds', 'Timestamp of the head', () =>
      Number(chain.head.block.header.timestamp),
    )
    this.#metrics.gauge('chain_base_fee_wei', 'Base fee of the head, in wei', () =>
      Number(chain.head.block.header.baseFeePerGas ?? 0n),
    )
    this.#metrics.gauge('consensus_validators', 'Validators of the next block', () => chain.head.nextSet.size)
    this.#metrics.gauge(
      'state_kept_from_height',
      'From this height on the state of every block is kept',
      () => chain.statesFrom,
    )
  }

  watchPool(mempool: Mempool): void {
    const dropped = this.#metrics.counter('mempool_dropped_total', 'Transactions that left the pool', [
      'reason',
    ])
    mempool.subscribe((event) => {
      if (event.type === 'dropped') dropped.inc({ reason: event.reason })
    })
    const status = () => mempool.status()
    this.#metrics.gauges('mempool_transactions', 'Transactions in the pool', 'state', () => {
      const { pending, queued } = status()
      return new Map([
        ['pending', pending],
        ['queued', queued],
      ])
    })
    this.#metrics.gauge('mempool_slots', 'Slots taken in the pool', () => status().slots)
  }

  watchPeers(peers: PeersPort): void {
    this.#metrics.gauges('network_peers', 'Connected peers', 'direction', () => {
      const all = peers.list()
      const outbound = all.filter(({ direction }) => direction === 'outbound').length
      return new Map([
        ['inbound', all.length - outbound],
        ['outbound', outbound],
      ])
    })
  }

  watchSync(status: () => SyncStatus): void {
    this.#metrics.gauge('sync_running', '1 while this node catches up', () => (status().syncing ? 1 : 0))
    this.#metrics.gauge(
      'sync_target_height',
      'The highest head that a peer claims',
      () => status().highestHeight,
    )
    this.#metrics.gauge('sync_blocks_behind', 'Blocks to that head', () => {
      const { currentHeight, highestHeight } = status()
      return highestHeight - currentHeight
    })
  }

  watchSigner(isConnected: () => boolean): void {
    this.#metrics.gauge('consensus_signer_connected', '1 while the remote signer is there', () =>
      isConnected() ? 1 : 0,
    )
  }

  #rpcObserver(): CallObserver {
    const requests = this.#metrics.counter('rpc_requests_total', 'JSON-RPC requests', ['method', 'outcome'])
    const seconds = this.#metrics.histogram('rpc_request_seconds', 'Time of a request', RPC_BUCKETS_SECONDS)
    return ({ method, errorCode, durationMs }) => {
      requests.inc({ method, outcome: errorCode === undefined ? 'ok' : String(errorCode) })
      seconds.observe(durationMs / 1_000)
    }
  }
}

/** A port that counts by name. Names that the table does not have come with the labels of their first count. */
function countersOf<N extends string>(
  metrics: Metrics,
  subsystem: string,
  table: Readonly<Record<string, readonly string[]>>,
): (name: N, labels?: Labels) => void {
  const counters = new Map<string, CounterMetric>()
  const make = (name: string, labelNames: readonly string[]): CounterMetric => {
    const text = `${name.replaceAll('_', ' ')}, as counted by this node`
    const counter = metrics.counter(`${subsystem}_${name}_total`, text, labelNames)
    counters.set(name, counter)
    return counter
  }
  for (const [name, labelNames] of Object.entries(table)) make(name, labelNames)
  return (name, labels = {}) => {
    const counter = counters.get(name) ?? make(name, Object.keys(labels))
    counter.inc(labels)
  }
}
