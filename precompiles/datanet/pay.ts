import { bounds } from '../bounds.ts'
import { FULL_NOVELTY_BPS } from './novelty.ts'

/** What a purse owes, without any state. */

/** The bounty of an accepted contribution: for each record, by its novelty; floor. */
export function bountyOf(perRecordWei: bigint, recordCount: number, noveltyBps: number): bigint {
  return (perRecordWei * BigInt(recordCount) * BigInt(noveltyBps)) / BigInt(FULL_NOVELTY_BPS)
}

/** Full pay, scaled by how far a scorer's accuracy is above one half, which is chance; floor. */
export function payOf(payWei: bigint, { tests, hits }: { tests: number; hits: number }): bigint {
  if (tests < bounds.testsThatCount) return payWei
  const above = 2 * hits - tests
  return above <= 0 ? 0n : (payWei * BigInt(above)) / BigInt(tests)
}

/** What each gets of its pay: all of it, or when the purse is short at most an equal part of that; floor. */
export function sharePurse(paysWei: readonly bigint[], purseWei: bigint): readonly bigint[] {
  const total = paysWei.reduce((sum, pay) => sum + pay, 0n)
  if (total <= purseWei) return paysWei
  const part = purseWei / BigInt(paysWei.filter((pay) => pay > 0n).length)
  return paysWei.map((pay) => (pay < part ? pay : part))
}
