import { limits } from '../config/limits.ts'
import type { Clock } from '../runtime/clock.ts'
import type { PeerId } from './ports.ts'
import { BoundedMap } from './quota.ts'

/** Points of one offence; a peer is cut off at 100. */
const POINTS = {
  misbehaved: 100,
  unhelpful: 20,
  /** A gossip message that was rejected. */
  badGossip: 10,
  /** A request that could not be parsed. */
  badRequest: 10,
  /** A request beyond the quota: a busy honest peer may do that now and then. */
  overQuota: 2,
} as const

export type ScoredOffence = keyof typeof POINTS

const CUT_OFF_POINTS = 100
/** Points forgiven a minute. */
const FORGIVEN_PER_MINUTE = 10

interface History {
  readonly points: number
  readonly updatedMs: number
  readonly bans: number
  readonly bannedUntilMs: number
}

/** What peers did wrong. Points fade with time; each ban lasts twice as long as the one before. */
export class PeerScores {
  readonly #clock: Clock
  readonly #records = new BoundedMap<PeerId, History>(limits.scoredPeers)

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** True when this offence leads to a ban. */
  record(peer: PeerId, offence: ScoredOffence): boolean {
    const nowMs = this.#clock.nowMs()
    const before = this.#records.get(peer) ?? { points: 0, updatedMs: nowMs, bans: 0, bannedUntilMs: 0 }
    if (nowMs < before.bannedUntilMs) return false
    const forgiven = ((nowMs - before.updatedMs) * FORGIVEN_PER_MINUTE) / 60_000
    const points = Math.max(0, before.points - Math.max(0, forgiven)) + POINTS[offence]
    if (points < CUT_OFF_POINTS) {
      this.#records.set(peer, { ...before, points, updatedMs: nowMs })
      return false
    }
    const banMs = Math.min(limits.banLongestMs, limits.banFirstMs * 2 ** before.bans)
    this.#records.set(peer, {
      points: 0,
      updatedMs: nowMs,
      bans: before.bans + 1,
      bannedUntilMs: nowMs + banMs,
    })
    return true
  }

  isBanned(peer: PeerId): boolean {
    const record = this.#records.get(peer)
    return record !== undefined && this.#clock.nowMs() < record.bannedUntilMs
  }
}
