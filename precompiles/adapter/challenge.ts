/** How a challenge's money is divided, without any state. Amounts are wei; parts add up to what is divided. */

export interface SlashedBond {
  readonly challengerWei: bigint
  /** For each auditor that found against the rows. */
  readonly auditorWei: bigint
  readonly treasuryWei: bigint
}

/** An adapter's bond when its rows are refuted: half, a quarter, the rest. */
export function divideSlashed(bondWei: bigint, auditors: number): SlashedBond {
  const challengerWei = bondWei / 2n
  const auditorWei = shareOf(bondWei / 4n, auditors)
  return { challengerWei, auditorWei, treasuryWei: bondWei - challengerWei - auditorWei * BigInt(auditors) }
}

export interface LostBond {
  /** For each auditor that found the rows right. */
  readonly auditorWei: bigint
  readonly ownerWei: bigint
}

/** A challenger's bond when the rows are right: half of it to the auditors, the rest to the adapter's owner. */
export function divideLost(bondWei: bigint, auditors: number): LostBond {
  const auditorWei = shareOf(bondWei / 2n, auditors)
  return { auditorWei, ownerWei: bondWei - auditorWei * BigInt(auditors) }
}

function shareOf(fundWei: bigint, auditors: number): bigint {
  return auditors === 0 ? 0n : fundWei / BigInt(auditors)
}
