import { limits } from '../../config/limits.ts'
import { messageOf } from '../../errors/errors.ts'
import { type Cancel, type Clock, every } from '../../runtime/clock.ts'
import type { Service } from '../../runtime/lifecycle.ts'

export interface Check {
  readonly name: string
  readonly ok: boolean
  /** For people: what was found. */
  readonly detail: string
}

export interface HealthReport {
  readonly ok: boolean
  readonly checks: readonly Check[]
}

/** What health is judged by; parts that a node does not have are left out. */
export interface HealthSources {
  /** Since when consensus works on one event. */
  readonly busySinceMs?: () => number | undefined
  /** Why the node is about to end; undefined while it is well. */
  readonly failure?: () => string | undefined
  readonly sync?: () => {
    readonly syncing: boolean
    readonly currentHeight: number
    readonly highestHeight: number
  }
  readonly isBehind?: () => boolean
  /** Peers, where the chain needs any. */
  readonly peerCount?: () => number
  readonly isSignerConnected?: () => boolean
  /** Writes something of no meaning to the store, durably. */
  readonly probeWrite: () => Promise<void>
}

/** Tells supervisors whether the node is alive (`health`) and whether it is of use (`ready`), with reasons. */
export class HealthMonitor implements Service {
  readonly name = 'health'
  readonly #sources: HealthSources
  readonly #clock: Clock
  #cancel: Cancel | undefined
  #beatMs: number
  #lagMs = 0
  #write: { readonly atMs: number; readonly outcome: Promise<Check> } | undefined

  constructor(sources: HealthSources, modules: { clock: Clock }) {
    this.#sources = sources
    this.#clock = modules.clock
    this.#beatMs = modules.clock.nowMs()
  }

  async start(): Promise<void> {
    this.#beatMs = this.#clock.nowMs()
    this.#cancel = every(this.#clock, limits.healthBeatMs, () => this.#beat())
  }

  async stop(): Promise<void> {
    this.#cancel?.()
  }

  health(): HealthReport {
    return report([this.#eventLoop(), this.#consensus()])
  }

  async ready(): Promise<HealthReport> {
    const { sync, isBehind, peerCount, isSignerConnected } = this.#sources
    const checks = [this.#eventLoop(), this.#consensus()]
    if (sync !== undefined) {
      const { syncing, currentHeight, highestHeight } = sync()
      const ok = !syncing && isBehind?.() !== true
      checks.push({ name: 'sync', ok, detail: `height ${currentHeight} of ${highestHeight}` })
    }
    if (peerCount !== undefined) {
      const count = peerCount()
      checks.push({ name: 'peers', ok: count > 0, detail: `${count} connected` })
    }
    if (isSignerConnected !== undefined) {
      const ok = isSignerConnected()
      checks.push({ name: 'signer', ok, detail: ok ? 'connected' : 'away: this validator does not vote' })
    }
    checks.push(await this.#storage())
    return report(checks)
  }

  #beat(): void {
    const nowMs = this.#clock.nowMs()
    const lagMs = Math.max(0, nowMs - this.#beatMs - limits.healthBeatMs)
    this.#beatMs = nowMs
    // the worst of late, fading, so that a node which hangs again and again does not look well in between
    this.#lagMs = Math.max(lagMs, Math.floor(this.#lagMs / 2))
  }

  #eventLoop(): Check {
    return {
      name: 'eventLoop',
      ok: this.#lagMs < limits.healthEventLoopLagMs,
      detail: `late by ${this.#lagMs} ms`,
    }
  }

  #consensus(): Check {
    const failure = this.#sources.failure?.()
    if (failure !== undefined) return { name: 'consensus', ok: false, detail: failure }
    const sinceMs = this.#sources.busySinceMs?.()
    const busyMs = sinceMs === undefined ? 0 : this.#clock.nowMs() - sinceMs
    return {
      name: 'consensus',
      ok: busyMs < limits.healthConsensusStuckMs,
      detail: busyMs === 0 ? 'waiting for events' : `on one event for ${busyMs} ms`,
    }
  }

  /** At most one write in a while, however often it is asked. */
  #storage(): Promise<Check> {
    const nowMs = this.#clock.nowMs()
    if (this.#write === undefined || nowMs - this.#write.atMs >= limits.healthWriteMs) {
      const outcome = this.#sources.probeWrite().then(
        () => ({ name: 'storage', ok: true, detail: 'writes succeed' }),
        (error: unknown) => ({ name: 'storage', ok: false, detail: messageOf(error) }),
      )
      this.#write = { atMs: nowMs, outcome }
    }
    return this.#write.outcome
  }
}

const report = (checks: readonly Check[]): HealthReport => ({ ok: checks.every(({ ok }) => ok), checks })
