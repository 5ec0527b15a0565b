import type { PrecompileParameters, SplitBps } from '../parameters.ts'
import { bpsOf, minimum } from '../shared/shares.ts'

/** How a fee is divided, without any state. Amounts are wei. */

/** What the settler gets out of a fee: the gas price of the block for the published gas, capped. */
export function settlerPay(
  feeWei: bigint,
  baseFeeWei: bigint,
  { settlementGas, settlerCapBps }: Pick<PrecompileParameters, 'settlementGas' | 'settlerCapBps'>,
): bigint {
  return minimum(baseFeeWei * settlementGas, bpsOf(feeWei, settlerCapBps))
}

export interface FeeParts {
  readonly contributorsWei: bigint
  readonly ownerWei: bigint
  readonly hostWei: bigint
  readonly stakersWei: bigint
  readonly applicationWei: bigint
  /** With the dust, and the application's part where there is none. */
  readonly treasuryWei: bigint
}

/** The parts of a fee after the settler's pay; they add up to it. */
export function splitFee(netWei: bigint, split: SplitBps, hasApplication: boolean): FeeParts {
  const contributorsWei = bpsOf(netWei, split.contributors)
  const ownerWei = bpsOf(netWei, split.owner)
  const hostWei = bpsOf(netWei, split.host)
  const stakersWei = bpsOf(netWei, split.stakers)
  const applicationWei = hasApplication ? bpsOf(netWei, split.application) : 0n
  const treasuryWei = netWei - contributorsWei - ownerWei - hostWei - stakersWei - applicationWei
  return { contributorsWei, ownerWei, hostWei, stakersWei, applicationWei, treasuryWei }
}

export interface WorkParts {
  /** For each auditor that is paid. */
  readonly auditorWei: bigint
  readonly auditorsWei: bigint
  readonly finalizerWei: bigint
  readonly restWei: bigint
}

/** Pays auditors and finalizer out of the treasury's part or a slashed bond. */
export function payWork(
  fundWei: bigint,
  paidAuditors: number,
  baseFeeWei: bigint,
  { auditorPayBps, finalizerCapBps, finalizeGas }: PrecompileParameters,
): WorkParts {
  const auditorWei = paidAuditors === 0 ? 0n : bpsOf(fundWei, auditorPayBps) / BigInt(paidAuditors)
  const auditorsWei = auditorWei * BigInt(paidAuditors)
  const finalizerWei = minimum(baseFeeWei * finalizeGas, bpsOf(fundWei, finalizerCapBps))
  return { auditorWei, auditorsWei, finalizerWei, restWei: fundWei - auditorsWei - finalizerWei }
}

/** 1 to 4,095; 256 is a fee of exactly the adapter's base price. */
export function queryWeight(feeWei: bigint, baseWei: bigint): number {
  const weight = (feeWei * 256n) / baseWei
  if (weight < 1n) return 1
  return weight > 4095n ? 4095 : Number(weight)
}
