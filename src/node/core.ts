import type { NodeConfig } from '../config/settings.ts'
import type { ChainView } from '../execution/chainView.ts'
import type { ExecutionPort } from '../execution/ports.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Random } from '../runtime/random.ts'
import type { LevelStore } from '../storage/levelStore.ts'
import type { EpochStore } from '../sync/epochs/epochStore.ts'
import type { Failure } from './failure.ts'
import type { HeadState } from './headState.ts'
import type { NodeMetrics } from './operator/nodeMetrics.ts'
import type { NodeKeys } from './validatorRole.ts'

/** The layers under everything else, once the data folder is open. */
export interface Core {
  readonly config: NodeConfig
  readonly kv: LevelStore
  readonly chain: ChainView
  readonly execution: ExecutionPort
  readonly head: HeadState
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly epochs: EpochStore
  readonly keys: NodeKeys
  readonly metrics: NodeMetrics
  readonly failure: Failure
}
