import type { Address } from '../../src/primitives/hex.ts'
import { type Outcome, type Side, sideOf } from '../shared/audit.ts'
import { bpsOf } from '../shared/shares.ts'

/** Count, payees and bonds of an appeal, without any state. Amounts are wei. */

export interface Elector {
  readonly account: Address
  /** As of the opening. */
  readonly bondWei: bigint
  /** Zero until it is revealed. */
  readonly verdict: number
}

export interface Tally {
  readonly totalWei: bigint
  readonly okWei: bigint
  readonly againstWei: bigint
  /** A side has it with more than 2/3 of the total. */
  readonly outcome: Outcome
}

export function tallyOf(electors: readonly Elector[]): Tally {
  const sum = (list: readonly Elector[]) => list.reduce((wei, { bondWei }) => wei + bondWei, 0n)
  const totalWei = sum(electors)
  const okWei = sum(votersOf(electors, 'ok'))
  const againstWei = sum(votersOf(electors, 'against'))
  const decides = (wei: bigint) => wei * 3n > totalWei * 2n
  const outcome = decides(okWei) ? 'ok' : decides(againstWei) ? 'against' : 'noQuorum'
  return { totalWei, okWei, againstWei, outcome }
}

export function votersOf(electors: readonly Elector[], side: Side): readonly Elector[] {
  return electors.filter(({ verdict }) => sideOf(verdict) === side)
}

/** Seats first, then voters, in their orders: each account once, `maximum` at most. */
export function payeesOf(
  seats: readonly Address[],
  voters: readonly Address[],
  maximum: number,
): readonly Address[] {
  return [...new Set([...seats, ...voters])].slice(0, maximum)
}

export interface LostBond {
  /** For each of those who share in it. */
  readonly eachWei: bigint
  readonly restWei: bigint
}

/** A challenger's or an appellant's bond that is not given back: half of it in equal parts, and the rest. */
export function divideLostBond(bondWei: bigint, sharers: number): LostBond {
  const eachWei = sharers === 0 ? 0n : bondWei / 2n / BigInt(sharers)
  return { eachWei, restWei: bondWei - eachWei * BigInt(sharers) }
}

export interface SeatLoss {
  readonly missWei: bigint
  readonly overturnedWei: bigint
}

export interface SeatLossBps {
  readonly auditorMissBps: number
  readonly auditorSlashBps: number
}

/** What a seat with this verdict loses of its bond; `decided` is the outcome of an appeal, if there was one. */
export function seatLoss(
  bondWei: bigint,
  verdict: number,
  decided: Outcome | undefined,
  { auditorMissBps, auditorSlashBps }: SeatLossBps,
): SeatLoss {
  const side = sideOf(verdict)
  const isOverturned = side !== undefined && isSide(decided) && decided !== side
  return {
    missWei: verdict === 0 ? bpsOf(bondWei, auditorMissBps) : 0n,
    overturnedWei: isOverturned ? bpsOf(bondWei, auditorSlashBps) : 0n,
  }
}

function isSide(outcome: Outcome | undefined): outcome is Side {
  return outcome === 'ok' || outcome === 'against'
}
