import { keepBond, returnBond } from './bonds.ts'
import {
  blockOf,
  type ContributionRef,
  contributionAt,
  type DatanetCall,
  type DatanetRef,
  datanetAt,
  emit,
} from './call.ts'
import { endChallenge } from './challenge.ts'
import { type Decision, decide, isOnSide } from './decision.ts'
import { giveBack, turnDown } from './endings.ts'
import { contributionKind, contributionStatus, POLICY_OPEN } from './layout.ts'
import { beginRound, panelQuorum, reportsOf, round, seatsOfOthers } from './panel.ts'
import { payScorers, promiseBounty } from './purse.ts'

const NO_QUORUM: Decision = { outcome: 'noQuorum', qualityBps: 0, reason: 0 }

/** Decides a round by its reports, with all that follows. */
export function decideRound(call: DatanetCall, contributionId: bigint, contribution: ContributionRef): void {
  const datanet = datanetAt(call, contribution.get('datanetId'))
  const reports = reportsOf(call, datanet, contribution)
  const thresholdBps = contribution.get('acceptThresholdBps')
  const decision = decide(reports, panelQuorum(datanet, contribution), thresholdBps)
  // read before a redraw changes it
  const ended = { round: contribution.get('round'), reveals: reports.length }
  apply(call, contributionId, contribution, datanet, decision)
  tell(call, contributionId, contribution, decision, ended)
  const paid = reports.filter((report) => isOnSide(report, decision, thresholdBps))
  payScorers(call, contributionId, datanet, contribution, paid)
}

/** Ends a round that nobody can score. */
export function endUnscored(call: DatanetCall, contributionId: bigint, contribution: ContributionRef): void {
  const ended = { round: contribution.get('round'), reveals: 0 }
  if (ended.round === round.challenge) endChallenge(call, contributionId, contribution, NO_QUORUM)
  else giveBack(call, contributionId, contribution)
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

function apply(
  call: DatanetCall,
  contributionId: bigint,
  contribution: ContributionRef,
  datanet: DatanetRef,
  decision: Decision,
): void {
  if (contribution.get('round') === round.challenge) {
    endChallenge(call, contributionId, contribution, decision)
    return
  }
  const { outcome, qualityBps, reason } = decision
  switch (outcome) {
    case 'noQuorum':
      endWithoutQuorum(call, contributionId, contribution, datanet)
      return
    case 'accepted':
      accept(call, contributionId, contribution, datanet, qualityBps)
      return
    default:
      turnDown(call, contributionId, contribution, outcome, { qualityBps, reason })
      if (outcome === 'refuted') keepBond(call, contributionId, contribution)
      else returnBond(call, contributionId, contribution)
  }
}

/** A first round of an open Datanet is drawn again; otherwise the contribution goes back. */
function endWithoutQuorum(
  call: DatanetCall,
  contributionId: bigint,
  contribution: ContributionRef,
  datanet: DatanetRef,
): void {
  if (datanet.get('policy') !== POLICY_OPEN || contribution.get('round') !== round.first) {
    giveBack(call, contributionId, contribution)
    return
  }
  beginRound(call, contribution, round.second, seatsOfOthers(call, datanet, contribution))
  contribution.set('status', contributionStatus.waiting)
}

/** Bond and bounty stay until the challenge period is over. */
function accept(
  call: DatanetCall,
  contributionId: bigint,
  contribution: ContributionRef,
  datanet: DatanetRef,
  qualityBps: number,
): void {
  const challengeEndBlock = blockOf(call) + call.parameters.contributionChallengeBlocks
  contribution.update({ status: contributionStatus.accepted, qualityBps, challengeEndBlock })
  promiseBounty(datanet, contribution)
  if (contribution.get('kind') !== contributionKind.correction) return
  // of several corrections of one target the first that is accepted stands for it
  const target = contributionAt(call, contribution.get('targetId'))
  if (target.get('supersededBy') === 0n) target.set('supersededBy', contributionId)
}
