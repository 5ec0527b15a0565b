import { bounds } from '../../bounds.ts'
import type { Methods } from '../../shared/dispatch.ts'
import { returnBond } from '../bonds.ts'
import {
  blockOf,
  type ContributionRef,
  checkCount,
  checkText,
  type DatanetAbi,
  type DatanetCall,
  datanetAt,
  emit,
  existingContribution,
  fail,
} from '../call.ts'
import { challengeCandidates } from '../challenge.ts'
import { REASONS } from '../decision.ts'
import { contributionStatus } from '../layout.ts'
import { decideRound, endUnscored } from '../outcome.ts'
import { beginRound, drawPanel, isDecidable, isScored, round } from '../panel.ts'
import { payBounty } from '../purse.ts'

export const decisionMethods: Methods<
  DatanetAbi,
  DatanetCall,
  'drawScorers' | 'resolve' | 'challengeContribution' | 'releaseContributions'
> = {
  drawScorers: {
    gas: 0n,
    run(call, { contributionIds }) {
      checkCount(contributionIds.length, bounds.scoresPerCall)
      return contributionIds.map((contributionId) => {
        const contribution = existingContribution(call, contributionId)
        if (isAwaitingDraw(contribution)) draw(call, contributionId, contribution)
        return contribution.get('status')
      })
    },
  },

  resolve: {
    gas: 0n,
    run(call, { contributionIds }) {
      checkCount(contributionIds.length, bounds.scoresPerCall)
      return contributionIds.map((contributionId) => {
        const contribution = existingContribution(call, contributionId)
        const status = contribution.get('status')
        const isOpen = status === contributionStatus.scoring || status === contributionStatus.challenged
        if (isOpen && isDecidable(call, contribution)) decideRound(call, contributionId, contribution)
        return contribution.get('status')
      })
    },
  },

  challengeContribution: {
    gas: 1_000n,
    run(call, { contributionId, reason, evidenceCid }) {
      const { host, money, parameters } = call
      const neededWei = parameters.contributionChallengeBondWei
      if (host.valueWei !== neededWei) fail('WrongBond', { bondWei: host.valueWei, neededWei })
      if (reason >= REASONS) fail('InvalidReason', { reason })
      checkText(evidenceCid, bounds.cidBytes, true)
      const contribution = existingContribution(call, contributionId)
      checkChallengeable(call, contributionId, contribution)
      const datanetId = contribution.get('datanetId')
      const candidates = challengeCandidates(call, datanetAt(call, datanetId), contribution)
      const challenger = host.caller
      contribution.update({
        status: contributionStatus.challenged,
        challenger,
        challengeBondWei: neededWei,
      })
      beginRound(call, contribution, round.challenge, candidates)
      money.receive('bondsWei', neededWei)
      emit(host, 'ContributionChallenged', {
        contributionId,
        datanetId,
        challenger,
        reason,
        evidenceCid,
        scoreCommitEndBlock: contribution.get('scoreCommitEndBlock'),
        scoreRevealEndBlock: contribution.get('scoreRevealEndBlock'),
      })
    },
  },

  releaseContributions: {
    gas: 0n,
    run(call, { contributionIds }) {
      checkCount(contributionIds.length, bounds.scoresPerCall)
      return contributionIds.filter((contributionId) =>
        release(call, contributionId, existingContribution(call, contributionId)),
      ).length
    },
  },
}

function isAwaitingDraw(contribution: ContributionRef): boolean {
  const status = contribution.get('status')
  if (status === contributionStatus.waiting) return true
  return status === contributionStatus.challenged && !isScored(contribution)
}

function draw(call: DatanetCall, contributionId: bigint, contribution: ContributionRef): void {
  const drawn = drawPanel(call, contributionId, contribution)
  if (drawn === 'tooFew') endUnscored(call, contributionId, contribution)
  if (drawn === 'drawn' && contribution.get('status') === contributionStatus.waiting) {
    contribution.set('status', contributionStatus.scoring)
  }
}

function checkChallengeable(call: DatanetCall, contributionId: bigint, contribution: ContributionRef): void {
  const status = contribution.get('status')
  if (contribution.get('round') === round.challenge) fail('AlreadyChallenged', { contributionId })
  if (status !== contributionStatus.accepted) fail('WrongStatus', { contributionId, status })
  const lastBlock = contribution.get('challengeEndBlock')
  if (blockOf(call) > lastBlock) fail('TooLate', { lastBlock: BigInt(lastBlock) })
  if (contribution.get('contributor') === call.host.caller) fail('OwnContribution', { contributionId })
}

/** Bond and bounty of an accepted contribution that cannot be challenged any more; false when there is nothing to do. */
function release(call: DatanetCall, contributionId: bigint, contribution: ContributionRef): boolean {
  if (contribution.get('status') !== contributionStatus.accepted) return false
  if (blockOf(call) <= contribution.get('challengeEndBlock')) return false
  const bondWei = contribution.get('bondWei')
  if (bondWei === 0n && contribution.get('bountyWei') === 0n) return false
  returnBond(call, contributionId, contribution)
  const datanetId = contribution.get('datanetId')
  const bountyWei = payBounty(call, contributionId, datanetAt(call, datanetId), contribution)
  emit(call.host, 'ContributionReleased', { contributionId, datanetId, bondWei, bountyWei })
  return true
}
