import { mappingSlot } from '../shared/layout.ts'
import { returnBond } from './bonds.ts'
import { type ContributionRef, contributionAt, type DatanetCall, datanetAt } from './call.ts'
import { type ContributionStatus, contributionKind, contributionStatus } from './layout.ts'
import { cancelBounty } from './purse.ts'

/** Takes back what a contribution that is not, or no more, accepted holds: its content root, its target, its bounty. */
export function letGo(call: DatanetCall, contributionId: bigint, contribution: ContributionRef): void {
  const { store, registry } = call
  // content that was not accepted may be offered again
  const root = mappingSlot(store, registry.at('roots'), contribution.get('contentRoot'))
  if (store.load(root) === contributionId) store.save(root, 0n)
  if (contribution.get('kind') === contributionKind.correction) {
    const target = contributionAt(call, contribution.get('targetId'))
    if (target.get('supersededBy') === contributionId) target.set('supersededBy', 0n)
  }
  cancelBounty(datanetAt(call, contribution.get('datanetId')), contribution)
}

const statusOf = {
  rejected: contributionStatus.rejected,
  refuted: contributionStatus.refuted,
} as const satisfies Record<string, ContributionStatus>
export type Refusal = keyof typeof statusOf

/** What scorers do not accept; the bond is another matter. */
export function turnDown(
  call: DatanetCall,
  contributionId: bigint,
  contribution: ContributionRef,
  outcome: Refusal,
  found: { readonly qualityBps: number; readonly reason: number },
): void {
  contribution.update({ status: statusOf[outcome], ...found })
  letGo(call, contributionId, contribution)
}

export function giveBack(call: DatanetCall, contributionId: bigint, contribution: ContributionRef): void {
  contribution.set('status', contributionStatus.returned)
  letGo(call, contributionId, contribution)
  returnBond(call, contributionId, contribution)
}
