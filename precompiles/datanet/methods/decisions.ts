import { bounds } from '../../bounds.ts'
import type { Methods } from '../../shared/dispatch.ts'
import { checkCount, type DatanetAbi, type DatanetCall, existingContribution } from '../call.ts'
import { contributionStatus } from '../layout.ts'
import { decideRound, endUnscored } from '../outcome.ts'
import { drawPanel, isDecidable } from '../panel.ts'

export const decisionMethods: Methods<DatanetAbi, DatanetCall, 'drawScorers' | 'resolve'> = {
  drawScorers: {
    gas: 0n,
    run(call, { contributionIds }) {
      checkCount(contributionIds.length, bounds.scoresPerCall)
      return contributionIds.map((contributionId) => {
        const contribution = existingContribution(call, contributionId)
        if (contribution.get('status') === contributionStatus.waiting) {
          const draw = drawPanel(call, contributionId, contribution)
          if (draw === 'drawn') contribution.set('status', contributionStatus.scoring)
          if (draw === 'tooFew') endUnscored(call, contributionId, contribution)
        }
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
        const isScoring = contribution.get('status') === contributionStatus.scoring
        if (isScoring && isDecidable(call, contribution)) decideRound(call, contributionId, contribution)
        return contribution.get('status')
      })
    },
  },
}
