import type { Clock } from '../runtime/clock.ts'

/** So many at once, so many a second in the long run. Holds numbers only; never more than the burst. */
export class TokenBucket {
  readonly #burst: number
  readonly #perSecond: number
  readonly #clock: Clock
  #tokens: number
  #updatedMs: number

  constructor(options: { burst: number; perSecond: number }, clock: Clock) {
    this.#burst = options.burst
    this.#perSecond = options.perSecond
    this.#clock = clock
    this.#tokens = options.burst
    this.#updatedMs = clock.nowMs()
  }

  /** More than the burst can be taken at once; what follows then waits until all of it is made up for. */
  take(count = 1): boolean {
    this.#refill()
    if (this.#tokens < Math.min(count, this.#burst)) return false
    this.#tokens -= count
    return true
  }

  /** Milliseconds until so many can be taken; 0 when that is now. */
  waitMs(count = 1): number {
    this.#refill()
    const missing = Math.min(count, this.#burst) - this.#tokens
    return missing <= 0 ? 0 : Math.ceil((missing * 1_000) / this.#perSecond)
  }

  #refill(): void {
    const nowMs = this.#clock.nowMs()
    // a clock that was set back must not take tokens away
    const elapsedMs = Math.max(0, nowMs - this.#updatedMs)
    this.#tokens = Math.min(this.#burst, this.#tokens + (elapsedMs * this.#perSecond) / 1_000)
    this.#updatedMs = nowMs
  }
}

/** A map that holds `capacity` entries at most; the one set longest ago makes room. */
export class BoundedMap<K, V> {
  readonly #capacity: number
  readonly #entries = new Map<K, V>()

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get size(): number {
    return this.#entries.size
  }

  /** A copy, oldest first. */
  entries(): readonly (readonly [K, V])[] {
    return [...this.#entries]
  }

  get(key: K): V | undefined {
    return this.#entries.get(key)
  }

  has(key: K): boolean {
    return this.#entries.has(key)
  }

  set(key: K, value: V): void {
    this.#entries.delete(key)
    const [oldest] = this.#entries.size >= this.#capacity ? this.#entries.keys() : []
    if (oldest !== undefined) this.#entries.delete(oldest)
    this.#entries.set(key, value)
  }

  delete(key: K): void {
    this.#entries.delete(key)
  }
}
