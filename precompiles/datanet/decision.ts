/** What scorers' reports mean, without any state. */
export interface Report {
  readonly qualityBps: number
  /** Whether root, counts and signature that the scorer computed differ from what the contributor claims. */
  readonly differs: boolean
}

export type Decision =
  | { readonly outcome: 'returned' | 'refuted'; readonly qualityBps: 0 }
  | { readonly outcome: 'accepted' | 'rejected'; readonly qualityBps: number }

/** Reports that a decision needs: all three of an open Datanet; in a curated one as many as there are seats, up to three. */
export const QUORUM = 3

export function quorumOf(isOpen: boolean, seats: number): number {
  return isOpen ? QUORUM : Math.max(1, Math.min(QUORUM, seats))
}

export function decide(reports: readonly Report[], quorum: number, thresholdBps: number): Decision {
  if (reports.length < quorum) return { outcome: 'returned', qualityBps: 0 }
  const differing = reports.filter((report) => report.differs).length
  if (differing * 2 > reports.length) return { outcome: 'refuted', qualityBps: 0 }
  const qualityBps = lowerMedian(reports.map((report) => report.qualityBps))
  return { outcome: qualityBps >= thresholdBps ? 'accepted' : 'rejected', qualityBps }
}

/** The middle value, or the lower one of the two in the middle. */
export function lowerMedian(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0
}
