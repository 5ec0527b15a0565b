import { limits } from '../config/limits.ts'
import type { Clock } from '../runtime/clock.ts'
import type { SyncPeer, SyncPeers } from './ports.ts'

interface History {
  /** Failures in a row. */
  readonly failures: number
  readonly restUntilMs: number
  /** Counts requests of all peers: the one asked longest ago comes next. */
  readonly askedAt: number
  /** Not to be asked earlier than this, or its quota is exceeded. */
  readonly nextAskMs: number
  /** It has no blocks below this height. */
  readonly firstHeight: number
}

/** A peer to ask, and how long to wait before. */
export interface Choice {
  readonly peer: SyncPeer
  readonly waitMs: number
}

const FRESH: History = { failures: 0, restUntilMs: 0, askedAt: 0, nextAskMs: 0, firstHeight: 0 }
/** Failures in a row from which on each one is reported. */
const TOLERATED_FAILURES = 2

/** Whom to ask: peers in turn, but not those that failed a moment ago. */
export class PeerPool {
  readonly #peers: SyncPeers
  readonly #clock: Clock
  readonly #paceMs: number
  readonly #histories = new Map<string, History>()
  #asked = 0

  /** `requestsPerSecond`: what a peer's own limit allows in the long run. */
  constructor(peers: SyncPeers, clock: Clock, requestsPerSecond: number = limits.syncRequestsPerSecond) {
    this.#peers = peers
    this.#clock = clock
    this.#paceMs = Math.ceil(1_000 / requestsPerSecond)
  }

  /** The highest head that a peer claims, of those that are not resting. */
  bestHeight(): number {
    return this.#available().reduce((best, peer) => Math.max(best, peer.head.height), 0)
  }

  /** A peer that says it has this height. */
  pick(height: number): Choice | undefined {
    let peer: SyncPeer | undefined
    for (const candidate of this.#available()) {
      if (candidate.head.height < height || this.#history(candidate).firstHeight > height) continue
      if (peer === undefined || this.#history(candidate).askedAt < this.#history(peer).askedAt)
        peer = candidate
    }
    if (peer === undefined) return undefined
    const history = this.#history(peer)
    const nowMs = this.#clock.nowMs()
    const atMs = Math.max(nowMs, history.nextAskMs)
    this.#asked += 1
    this.#histories.set(peer.id, { ...history, askedAt: this.#asked, nextAskMs: atMs + this.#paceMs })
    return { peer, waitMs: atMs - nowMs }
  }

  succeeded(peer: SyncPeer): void {
    this.#histories.set(peer.id, { ...this.#history(peer), failures: 0 })
  }

  /** It gave no answer, or none that helps: it rests, and is reported when that goes on. */
  failed(peer: SyncPeer, reason: string): void {
    const failures = this.#history(peer).failures + 1
    this.#rest(peer, failures)
    if (failures > TOLERATED_FAILURES) this.#peers.report(peer.id, 'unhelpful', reason)
  }

  /** It began with a snapshot, which is its right; it is not asked for what was before. */
  beginsAt(peer: SyncPeer, firstHeight: number): void {
    this.#histories.set(peer.id, { ...this.#history(peer), firstHeight })
  }

  /** It has no time for us now, which is its right; it rests and is not reported. */
  wasBusy(peer: SyncPeer): void {
    this.#rest(peer, this.#history(peer).failures + 1)
  }

  /** It said what cannot be true. */
  lied(peer: SyncPeer, reason: string): void {
    // the report cuts it off; until then it is not asked
    this.#rest(peer, 16)
    this.#peers.report(peer.id, 'misbehaved', reason)
  }

  forget(peer: string): void {
    this.#histories.delete(peer)
  }

  #rest(peer: SyncPeer, failures: number): void {
    const restMs = Math.min(limits.syncPeerRestLongestMs, limits.syncPeerRestFirstMs * 2 ** (failures - 1))
    const restUntilMs = this.#clock.nowMs() + restMs
    this.#histories.set(peer.id, { ...this.#history(peer), failures, restUntilMs })
  }

  #available(): readonly SyncPeer[] {
    const nowMs = this.#clock.nowMs()
    return this.#peers.list().filter((peer) => this.#history(peer).restUntilMs <= nowMs)
  }

  #history(peer: SyncPeer): History {
    return this.#histories.get(peer.id) ?? FRESH
  }
}
