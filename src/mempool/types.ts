import type { Common } from '@ethereumjs/common'
import { limits } from '../config/limits.ts'
import type { ErrorCode } from '../errors/errors.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Logger } from '../runtime/logger.ts'
import type { PoolHead, PoolState } from './ports.ts'
import type { PriceRules } from './rules.ts'
import type { PooledTransaction } from './transaction.ts'

export interface MempoolBounds {
  readonly slots: number
  readonly gapped: number
  readonly perAccount: number
  readonly gappedPerAccount: number
  readonly gappedLifetimeMs: number
}

export const DEFAULT_BOUNDS: MempoolBounds = {
  slots: limits.mempoolSlots,
  gapped: limits.mempoolGapped,
  perAccount: limits.mempoolPerAccount,
  gappedPerAccount: limits.mempoolGappedPerAccount,
  gappedLifetimeMs: limits.mempoolGappedLifetimeMs,
}

export interface MempoolOptions extends PriceRules {
  /** Names the chain; its `customCrypto` recovers signers. The pool follows its fork schedule by itself. */
  readonly common: Common
  readonly bounds?: Partial<MempoolBounds>
}

export interface MempoolModules {
  readonly clock: Clock
  readonly logger: Logger
  readonly head: PoolHead
  readonly state: PoolState
  /** Told what came of each transaction that is offered, for metrics. */
  readonly observe?: (outcome: 'admitted' | ErrorCode) => void
}

export type DropReason =
  | 'nonceUsed'
  | 'replaced'
  | 'evicted'
  | 'expired'
  | 'unaffordable'
  | 'overGasLimit'
  | 'tooManyGapped'
  | 'refused'
  | 'forkRules'

export type MempoolEvent =
  | { readonly type: 'pending'; readonly transactions: readonly PooledTransaction[] }
  | { readonly type: 'dropped'; readonly transaction: PooledTransaction; readonly reason: DropReason }

export interface AccountContent {
  /** Executable, in nonce order. */
  readonly pending: readonly PooledTransaction[]
  /** Gapped, in nonce order. */
  readonly queued: readonly PooledTransaction[]
}
