import { mappingSlot } from '../shared/layout.ts'
import { keepBond, returnBond } from './bonds.ts'
import {
  type ContributionRef,
  contributionAt,
  type DatanetCall,
  type DatanetRef,
  datanetAt,
  emit,
} from './call.ts'
import { type Decision, decide, isOnSide, type Outcome } from './decision.ts'
import { type ContributionStatus, contributionKind, contributionStatus, POLICY_OPEN } from './layout.ts'
import { beginRound, panelQuorum, reportsOf, round, seatsOfOthers } from './panel.ts'
import { payScorers } from './purse.ts'

const NO_QUORUM: Decision = { outcome: 'noQuorum', qualityBps: 0, reason: 0 }

/** Decides a round by its reports, with all that follows. */
export function decideRound(call: DatanetCall, contributionId: bigint, contribution: ContributionRef): void {
  const datanet = datanetAt(call, contribution.get('datanetId'))
  const reports = reportsOf(call, datanet, contribution)
  const thresholdBps = contribution.get('acceptThresholdBps')
  const decision = decide(reports, panelQuorum(datanet, contribution), thresholdBps)
  // what a redraw changes
  const ended = { round: contribution.get('round'), reveals: reports.length }
  const { outcome } = decision
  if (outcome === 'noQuorum') endWithoutQuorum(call, contributionId, contribution, datanet)
  else end(call, contributionId, contribution, outcome, decision)
  tell(call, contributionId, contribution, decision, ended)
  const paid = reports.filter((report) => isOnSide(report, decision, thresholdBps))
  payScorers(call, contributionId, datanet, contribution, paid)
}

/** Ends a round that nobody can score. */
export function endUnscored(call: DatanetCall, contributionId: bigint, contribution: ContributionRef): void {
  giveBack(call, contributionId, contribution)
  const ended = { round: contribution.get('round'), reveals: 0 }
  tell(call, contributionId, contribution, NO_QUORUM, ended)
}

function tell(
  { host }: DatanetCall,
  contributionId: bigint,
  contribution: ContributionRef,
  { qualityBps, reason }: Decision,
  ended: { readonly round: number; readonly reveals: number },
): void {
  const datanetId = contribution.get('datanetId')
  const status = contribution.get('status')
  emit(host, 'ContributionResolved', { contributionId, datanetId, status, qualityBps, reason, ...ended })
}

function endWithoutQuorum(
  call: DatanetCall,
  contributionId: bigint,
  contribution: ContributionRef,
  datanet: DatanetRef,
): void {
  const isOpen = datanet.get('policy') === POLICY_OPEN
  if (!isOpen || contribution.get('round') !== round.first) {
    giveBack(call, contributionId, contribution)
    return
  }
  beginRound(call, contribution, round.second, seatsOfOthers(call, datanet, contribution))
  contribution.set('status', contributionStatus.waiting)
}

function giveBack(call: DatanetCall, contributionId: bigint, contribution: ContributionRef): void {
  contribution.set('status', contributionStatus.returned)
  returnBond(call, contributionId, contribution)
  releaseRoot(call, contributionId, contribution)
}

type Ending = Exclude<Outcome, 'noQuorum'>
const statusOf: Readonly<Record<Ending, ContributionStatus>> = {
  accepted: contributionStatus.accepted,
  rejected: contributionStatus.rejected,
  refuted: contributionStatus.refuted,
}

function end(
  call: DatanetCall,
  contributionId: bigint,
  contribution: ContributionRef,
  outcome: Ending,
  { qualityBps, reason }: Decision,
): void {
  contribution.update({ status: statusOf[outcome], qualityBps, reason })
  if (outcome === 'accepted') supersedeTarget(call, contributionId, contribution)
  else releaseRoot(call, contributionId, contribution)
  if (outcome === 'refuted') keepBond(call, contributionId, contribution)
  else returnBond(call, contributionId, contribution)
}

/** Of several corrections of one target the first that is accepted stands for it. */
function supersedeTarget(call: DatanetCall, contributionId: bigint, contribution: ContributionRef): void {
  if (contribution.get('kind') !== contributionKind.correction) return
  const target = contributionAt(call, contribution.get('targetId'))
  if (target.get('supersededBy') === 0n) target.set('supersededBy', contributionId)
}

/** Content that was not accepted may be offered again. */
function releaseRoot(
  { store, registry }: DatanetCall,
  contributionId: bigint,
  contribution: ContributionRef,
): void {
  const slot = mappingSlot(store, registry.at('roots'), contribution.get('contentRoot'))
  if (store.load(slot) === contributionId) store.save(slot, 0n)
}
