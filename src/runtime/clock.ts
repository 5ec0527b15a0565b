/** Time, as the rest of the node may see it. Pure code gets readings as inputs, never a clock. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  nowMs(): number
  /** Runs `callback` once after `delayMs`; the returned function cancels it. */
  after(delayMs: number, callback: () => void): Cancel
}

export type Cancel = () => void

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, Math.max(0, delayMs))
    return () => clearTimeout(timer)
  },
}

/** Runs `callback` every `intervalMs` until cancelled. */
export function every(clock: Clock, intervalMs: number, callback: () => void): Cancel {
  let cancel = clock.after(intervalMs, tick)
  function tick() {
    cancel = clock.after(intervalMs, tick)
    callback()
  }
  return () => cancel()
}

/** Resolves after `delayMs`, or at once when `signal` aborts. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const cancel = clock.after(delayMs, done)
    function done() {
      signal?.removeEventListener('abort', stop)
      resolve()
    }
    function stop() {
      cancel()
      resolve()
    }
    signal?.addEventListener('abort', stop, { once: true })
  })
}

/** A moment in UTC, for people. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString()
}
