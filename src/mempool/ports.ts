import type { StateReader } from '../state/types.ts'

/** What the next block will be built on. */
export interface PoolHead {
  /** Of the head block. */
  readonly number: bigint
  /** Of the head block, in seconds since the Unix epoch. */
  readonly timestamp: bigint
  /** Gas limit of the next block. */
  readonly gasLimit: bigint
  /** Base fee of the next block, per gas. */
  readonly nextBaseFeeWei: bigint
}

/** Accounts and codes as of the head. The pool keeps it until the next head, so it must not change underneath. */
export type PoolState = Pick<StateReader, 'account' | 'code'>
