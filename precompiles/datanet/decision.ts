import { bounds } from '../bounds.ts'

/** What scorers' reports mean, without any state. */
export interface Report {
  readonly qualityBps: number
  /** Whether root, counts and signature that the scorer computed differ from what the contributor claims. */
  readonly differs: boolean
  /** Why the quality is low, by a code of the interface. */
  readonly reason: number
}

export interface WeighedReport extends Report {
  readonly seat: number
  readonly weight: number
}

export type Outcome = 'noQuorum' | 'refuted' | 'accepted' | 'rejected'

export interface Decision {
  readonly outcome: Outcome
  /** Zero without a median. */
  readonly qualityBps: number
  /** Of a rejection. */
  readonly reason: number
}

/** Codes of reasons, from 0 on. */
export const REASONS = 8

/** Reports that a decision needs: all three in an open Datanet; elsewhere as many as there are on the panel, up to that. */
export function quorumOf(isOpen: boolean, panelSize: number): number {
  const { scorerQuorum } = bounds
  return isOpen ? scorerQuorum : Math.max(1, Math.min(scorerQuorum, panelSize))
}

export function decide(reports: readonly WeighedReport[], quorum: number, thresholdBps: number): Decision {
  if (reports.length < quorum) return { outcome: 'noQuorum', qualityBps: 0, reason: 0 }
  if (weightOf(reports.filter((report) => report.differs)) * 2 > weightOf(reports)) {
    return { outcome: 'refuted', qualityBps: 0, reason: 0 }
  }
  const qualityBps = lowerMedian(reports)
  if (qualityBps >= thresholdBps) return { outcome: 'accepted', qualityBps, reason: 0 }
  const below = reports.filter((report) => report.qualityBps < thresholdBps)
  return { outcome: 'rejected', qualityBps, reason: heaviestReason(below) }
}

function weightOf(reports: readonly WeighedReport[]): number {
  return reports.reduce((sum, { weight }) => sum + weight, 0)
}

/** The smallest quality at which half of the weight, or more, is not above it. */
export function lowerMedian(reports: readonly WeighedReport[]): number {
  const total = weightOf(reports)
  let below = 0
  for (const { qualityBps, weight } of [...reports].sort((a, b) => a.qualityBps - b.qualityBps)) {
    below += weight
    if (below * 2 >= total) return qualityBps
  }
  return 0
}

/** The reason with the most weight, the lower code among equals. */
function heaviestReason(reports: readonly WeighedReport[]): number {
  const weights = Array.from({ length: REASONS }, (_, reason) =>
    weightOf(reports.filter((report) => report.reason === reason)),
  )
  return weights.indexOf(Math.max(...weights))
}

/** Whether a report is on the side that decided. */
export function isOnSide(report: Report, { outcome }: Decision, thresholdBps: number): boolean {
  if (outcome === 'refuted') return report.differs
  const isAbove = report.qualityBps >= thresholdBps
  return !report.differs && ((outcome === 'accepted' && isAbove) || (outcome === 'rejected' && !isAbove))
}

const DIFFERS = 1 << 14
const REASON_SHIFT = 15

/** A report as it is stored: quality in 14 bits, whether it differs in one, the reason in three. */
export function packReport({ qualityBps, differs, reason }: Report): bigint {
  return BigInt(qualityBps | (differs ? DIFFERS : 0) | (reason << REASON_SHIFT))
}

export function unpackReport(stored: bigint): Report {
  const bits = Number(stored)
  return {
    qualityBps: bits & (DIFFERS - 1),
    differs: (bits & DIFFERS) !== 0,
    reason: bits >> REASON_SHIFT,
  }
}
