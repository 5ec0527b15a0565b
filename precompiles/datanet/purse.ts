import { refOf } from '../shared/money.ts'
import { minimum } from '../shared/shares.ts'
import { type ContributionRef, type DatanetCall, type DatanetRef, scorerAt } from './call.ts'
import type { WeighedReport } from './decision.ts'
import { creditReason } from './layout.ts'
import { holdsSeat } from './panel.ts'
import { bountyOf, payOf, sharePurse } from './pay.ts'

/** Sets an accepted contribution's bounty aside, or what the purse has left of it. */
export function promiseBounty(datanet: DatanetRef, contribution: ContributionRef): void {
  const fullWei = bountyOf(
    contribution.get('bountyPerRecordWei'),
    contribution.get('recordCount'),
    contribution.get('noveltyBps'),
  )
  if (fullWei === 0n) return
  const purseWei = datanet.get('purseWei')
  const bountyWei = minimum(fullWei, purseWei)
  if (bountyWei === 0n) return
  datanet.update({ purseWei: purseWei - bountyWei, promisedWei: datanet.get('promisedWei') + bountyWei })
  contribution.set('bountyWei', bountyWei)
}

/** What was set aside for a contribution, which then has nothing set aside any more. */
function takeBounty(datanet: DatanetRef, contribution: ContributionRef): bigint {
  const bountyWei = contribution.get('bountyWei')
  if (bountyWei === 0n) return 0n
  contribution.set('bountyWei', 0n)
  datanet.set('promisedWei', datanet.get('promisedWei') - bountyWei)
  return bountyWei
}

/** The purse keeps a bounty that is not due after all. */
export function cancelBounty(datanet: DatanetRef, contribution: ContributionRef): void {
  const bountyWei = takeBounty(datanet, contribution)
  if (bountyWei > 0n) datanet.set('purseWei', datanet.get('purseWei') + bountyWei)
}

export function payBounty(
  call: DatanetCall,
  contributionId: bigint,
  datanet: DatanetRef,
  contribution: ContributionRef,
): bigint {
  const bountyWei = takeBounty(datanet, contribution)
  const contributor = contribution.get('contributor')
  call.money.credit('potsWei', contributor, creditReason.bounty, refOf(contributionId), bountyWei)
  return bountyWei
}

/** Pays the scorers of these reports out of the purse, as far as it goes. Who has left the seat is not paid. */
export function payScorers(
  call: DatanetCall,
  contributionId: bigint,
  datanet: DatanetRef,
  contribution: ContributionRef,
  reports: readonly WeighedReport[],
): void {
  const payWei = datanet.get('scorerPayWei')
  if (payWei === 0n) return
  const purseWei = datanet.get('purseWei')
  if (purseWei === 0n) return
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
