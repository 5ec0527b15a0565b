import { NodeError } from '../errors/errors.ts'
import type { Cancel, Clock } from './clock.ts'

export interface Deadline {
  /** Aborts with a NodeError: TIMEOUT, or CANCELLED when a parent aborted. */
  readonly signal: AbortSignal
  readonly cancel: Cancel
}

/** Ends after `timeoutMs` or with one of the parents; cancel it when the work is done. */
export function deadline(
  clock: Clock,
  timeoutMs: number,
  ...parents: readonly (AbortSignal | undefined)[]
): Deadline {
  const controller = new AbortController()
  const cancelTimer = clock.after(timeoutMs, () => {
    controller.abort(new NodeError('TIMEOUT', `No answer within ${timeoutMs} ms.`, { timeoutMs }))
  })
  const onParent = () => controller.abort(new NodeError('CANCELLED', 'Cancelled.'))
  for (const parent of parents) {
    if (parent?.aborted) onParent()
    parent?.addEventListener('abort', onParent, { once: true })
  }
  return {
    signal: controller.signal,
    cancel: () => {
      cancelTimer()
      for (const parent of parents) parent?.removeEventListener('abort', onParent)
    },
  }
}

/** The promise's outcome, or the signal's reason if that comes first. */
export function raceSignal<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason as Error)
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
