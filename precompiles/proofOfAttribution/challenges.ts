import type { Address, Hash } from '../../src/primitives/hex.ts'
import { divideLostBond } from './appeal.ts'
import { type AttributionCall, challengeAt, emit } from './call.ts'
import type { Ending } from './endings.ts'
import { creditReason } from './layout.ts'

/** Gives the bond of a challenge back, if that was not done. Returns it. */
export function returnChallengeBond(call: AttributionCall, receiptId: Hash): bigint {
  const challenge = challengeAt(call, receiptId)
  const { challenger, bondWei } = challenge.values()
  if (bondWei === 0n) return 0n
  challenge.set('bondWei', 0n)
  call.money.credit('bondsWei', challenger, creditReason.challengeReturned, receiptId, bondWei)
  return bondWei
}

/** There is nobody to audit the receipt. */
export function dropChallenge(call: AttributionCall, receiptId: Hash): void {
  const challenger = challengeAt(call, receiptId).get('challenger')
  const bondWei = returnChallengeBond(call, receiptId)
  emit(call.host, 'ChallengeDropped', { receiptId, challenger, bondWei })
}

/** What becomes of a challenger's bond when the receipt was right: auditors and host share it. */
export function divideChallengeBond(call: AttributionCall, ending: Ending): void {
  const { receiptId } = ending.facts
  const challenge = challengeAt(call, receiptId)
  const bondWei = challenge.get('bondWei')
  if (bondWei === 0n) return
  challenge.set('bondWei', 0n)
  const { eachWei, restWei } = divideLostBond(bondWei, ending.paidAuditors.length)
  const credit = (account: Address, reason: number, amountWei: bigint) =>
    call.money.credit('bondsWei', account, reason, receiptId, amountWei)
  for (const auditor of ending.paidAuditors) credit(auditor, creditReason.auditor, eachWei)
  credit(ending.host.get('account'), creditReason.challengeLost, restWei)
}
