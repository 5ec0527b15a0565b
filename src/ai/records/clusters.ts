import { equalValues, MINHASH_VALUES } from './minhash.ts'

/** Equal values from which on a contribution counts as a near-duplicate of a cluster's leader. */
export const NEAR_DUPLICATE_VALUES = 103
const FULL_NOVELTY_BPS = 10_000

export interface ClusterPlace {
  /** Place of the leader in commit order; its own for a leader. */
  readonly leader: number
  readonly noveltyBps: number
}

/**
 * Clusters of near-duplicates as the chain forms them, by signatures in commit order: each joins the earliest
 * leader that it is near to, else leads. Compares with every leader, where the chain looks in its index first.
 */
export function clusterPlaces(signatures: readonly Uint8Array[]): readonly ClusterPlace[] {
  const leaders: number[] = []
  return signatures.map((signature, place) => {
    for (const leader of leaders) {
      const equal = equalValues(signature, signatures[leader] ?? signature)
      if (equal < NEAR_DUPLICATE_VALUES) continue
      return {
        leader,
        noveltyBps: Math.floor(((MINHASH_VALUES - equal) * FULL_NOVELTY_BPS) / MINHASH_VALUES),
      }
    }
    leaders.push(place)
    return { leader: place, noveltyBps: FULL_NOVELTY_BPS }
  })
}
