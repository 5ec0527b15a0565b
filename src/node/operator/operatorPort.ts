import type { NodeConfig } from '../../config/settings.ts'
import { utf8ToBytes } from '../../primitives/bytes.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { Service } from '../../runtime/lifecycle.ts'
import type { Logger } from '../../runtime/logger.ts'
import { metadataKey } from '../../storage/keys.ts'
import type { KvStore } from '../../storage/kv.ts'
import { HealthMonitor, type HealthSources } from './health.ts'
import type { NodeMetrics } from './nodeMetrics.ts'
import { OperatorServer } from './operatorServer.ts'

export interface OperatorPortModules {
  readonly config: NodeConfig
  readonly kv: KvStore
  readonly metrics: NodeMetrics
  readonly sources: Omit<HealthSources, 'probeWrite' | 'busySinceMs'>
  /** With their addresses. */
  readonly peers: () => readonly object[]
  readonly clock: Clock
  readonly logger: Logger
}

const PROBE_KEY = metadataKey('health probe')
const PROBE_VALUE = utf8ToBytes('written to see whether writes succeed')

/** Metrics, health and peers on the operator port; nothing unless the configuration names one. */
export function operatorPort(modules: OperatorPortModules): readonly Service[] {
  const { config, kv, metrics, clock, logger } = modules
  if (config.metricsPort === undefined) return []
  metrics.addProcess()
  const health = new HealthMonitor(
    {
      ...modules.sources,
      busySinceMs: () => metrics.consensus.busySinceMs,
      probeWrite: () => kv.write([{ type: 'put', key: PROBE_KEY, value: PROBE_VALUE }], { sync: true }),
    },
    { clock },
  )
  const server = new OperatorServer(
    { host: config.metricsHost, port: config.metricsPort },
    { metrics, health, peers: modules.peers, logger },
  )
  return [health, server]
}
