import { refOf } from '../shared/money.ts'
import { type ContributionRef, type DatanetCall, type DatanetRef, scorerAt } from './call.ts'
import { payOf, sharePurse, type WeighedReport } from './decision.ts'
import { creditReason } from './layout.ts'
import { holdsSeat } from './panel.ts'

/** Pays the scorers of these reports out of the purse, as far as it goes. Who has left the seat is not paid. */
export function payScorers(
  call: DatanetCall,
  contributionId: bigint,
  datanet: DatanetRef,
  contribution: ContributionRef,
  reports: readonly WeighedReport[],
): void {
  const payWei = datanet.get('scorerPayWei')
  const purseWei = datanet.get('purseWei')
  if (payWei === 0n || purseWei === 0n) return
  const seated = reports.filter(({ seat }) => holdsSeat(call, datanet, contribution, seat))
  const scorers = seated.map(({ seat }) => scorerAt(call, datanet, seat).values())
  const paysWei = sharePurse(
    scorers.map((scorer) => payOf(payWei, scorer)),
    purseWei,
  )
  datanet.set('purseWei', purseWei - paysWei.reduce((sum, pay) => sum + pay, 0n))
  scorers.forEach(({ account }, index) => {
    const amountWei = paysWei[index] ?? 0n
    call.money.credit('potsWei', account, creditReason.scorerPay, refOf(contributionId), amountWei)
  })
}
