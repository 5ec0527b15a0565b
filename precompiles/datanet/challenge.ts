import { bounds } from '../bounds.ts'
import { bitsIn, withoutBit } from '../shared/bits.ts'
import { refOf } from '../shared/money.ts'
import { blockOf, type ContributionRef, type DatanetCall, type DatanetRef, fail } from './call.ts'
import type { Decision } from './decision.ts'
import { turnDown } from './endings.ts'
import { contributionStatus, creditReason, POLICY_OPEN } from './layout.ts'
import { holdsSeat, seatsOfOthers } from './panel.ts'

/** Who may judge a challenge: rather those who did not decide before, never the challenger. */
export function challengeCandidates(
  call: DatanetCall,
  datanet: DatanetRef,
  contribution: ContributionRef,
): bigint {
  const needed = datanet.get('policy') === POLICY_OPEN ? bounds.scorerQuorum : 1
  const all = seatsOfOthers(call, datanet, contribution, call.host.caller)
  const eligible = bitsIn(all).length
  if (eligible < needed) fail('TooFewScorers', { eligible: BigInt(eligible) })
  // whoever took a seat over since has not decided anything
  const deciders = bitsIn(contribution.get('scorersRevealed')).filter((seat) =>
    holdsSeat(call, datanet, contribution, seat),
  )
  const others = deciders.reduce(withoutBit, all)
  return bitsIn(others).length >= needed ? others : all
}

/** What follows from the decision of a challenge. Without one the contribution stays accepted. */
export function endChallenge(
  call: DatanetCall,
  contributionId: bigint,
  contribution: ContributionRef,
  { outcome, qualityBps, reason }: Decision,
): void {
  contribution.set('challengeEndBlock', blockOf(call))
  switch (outcome) {
    case 'noQuorum':
      contribution.set('status', contributionStatus.accepted)
      returnChallengeBond(call, contributionId, contribution)
      return
    case 'accepted':
      contribution.update({ status: contributionStatus.accepted, qualityBps })
      loseChallengeBond(call, contributionId, contribution)
      return
    default:
      turnDown(call, contributionId, contribution, outcome, { qualityBps, reason })
      returnChallengeBond(call, contributionId, contribution)
      splitBond(call, contributionId, contribution)
  }
}

function takeChallengeBond(contribution: ContributionRef): bigint {
  const bondWei = contribution.get('challengeBondWei')
  contribution.set('challengeBondWei', 0n)
  return bondWei
}

function returnChallengeBond({ money }: DatanetCall, contributionId: bigint, contribution: ContributionRef) {
  const bondWei = takeChallengeBond(contribution)
  const challenger = contribution.get('challenger')
  money.credit('bondsWei', challenger, creditReason.challengeBond, refOf(contributionId), bondWei)
}

function loseChallengeBond({ money }: DatanetCall, contributionId: bigint, contribution: ContributionRef) {
  const bondWei = takeChallengeBond(contribution)
  const contributor = contribution.get('contributor')
  money.credit('bondsWei', contributor, creditReason.challengeLost, refOf(contributionId), bondWei)
}

/** Half of the contribution's bond for the challenger, floor; the rest for the treasury. */
function splitBond(
  { money, parameters }: DatanetCall,
  contributionId: bigint,
  contribution: ContributionRef,
): void {
  const bondWei = contribution.get('bondWei')
  contribution.set('bondWei', 0n)
  const wonWei = bondWei / 2n
  const ref = refOf(contributionId)
  money.credit('bondsWei', contribution.get('challenger'), creditReason.challengeWon, ref, wonWei)
  money.credit('bondsWei', parameters.treasuryAddress, creditReason.bondKept, ref, bondWei - wonWei)
}
