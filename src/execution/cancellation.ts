import { NodeError } from '../errors/errors.ts'

/**
 * Asked again and again while something runs; an `AbortSignal` is one, and so is a flag that another thread sets.
 * Once true it stays so.
 */
export interface Cancellation {
  readonly aborted: boolean
}

/** Throws CANCELLED once the work is no longer wanted. */
export function throwIfCancelled(signal: Cancellation | undefined): void {
  if (signal?.aborted) throw new NodeError('CANCELLED', 'The execution was cancelled.')
}
