import { type Address, ZERO_ADDRESS } from '../../src/primitives/hex.ts'
import { refOf } from '../shared/money.ts'
import { type ContributionRef, type DatanetCall, emit } from './call.ts'
import { contributionStatus, creditReason } from './layout.ts'

/** Who paid a contribution's bond and gets it back. */
export function bondOwner(contribution: ContributionRef): Address {
  const sponsor = contribution.get('sponsor')
  return sponsor === ZERO_ADDRESS ? contribution.get('contributor') : sponsor
}

export function returnBond(call: DatanetCall, contributionId: bigint, contribution: ContributionRef): void {
  const bondWei = contribution.get('bondWei')
  contribution.set('bondWei', 0n)
  const owner = bondOwner(contribution)
  call.money.credit('bondsWei', owner, creditReason.bondReturned, refOf(contributionId), bondWei)
}

/** The treasury gets the bond. */
export function keepBond(call: DatanetCall, contributionId: bigint, contribution: ContributionRef): void {
  const { money, parameters } = call
  const bondWei = contribution.get('bondWei')
  contribution.set('bondWei', 0n)
  money.credit('bondsWei', parameters.treasuryAddress, creditReason.bondKept, refOf(contributionId), bondWei)
}

type Refusal = 'duplicate' | 'expired' | 'returned'

/** Ends a contribution that does not come to be scored. */
export function refuse(
  call: DatanetCall,
  contributionId: bigint,
  contribution: ContributionRef,
  why: Refusal,
  duplicateOf = 0n,
): void {
  const status = contributionStatus[why]
  contribution.set('status', status)
  if (why === 'expired') keepBond(call, contributionId, contribution)
  else returnBond(call, contributionId, contribution)
  const datanetId = contribution.get('datanetId')
  emit(call.host, 'ContributionRefused', { contributionId, datanetId, status, duplicateOf })
}
