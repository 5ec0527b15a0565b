import { describe } from 'vitest'
import { testParameters } from '../../support/precompileWorld.ts'
import { compareWithReference, findsDeviation, RUNS } from '../../support/reference/suite.ts'

// sequences are whole lives of Datanets, sixteen times as long as an adapter's
compareWithReference('datanet', Math.ceil(RUNS / 12))

describe('a Datanet registry and a reference with other parameters', () => {
  findsDeviation({
    registry: 'datanet',
    parameter: 'purseExitBlocks',
    value: testParameters.purseExitBlocks + 1,
    shownBy: ['requestPurse'],
  })
  findsDeviation({
    registry: 'datanet',
    parameter: 'scoreRevealBlocks',
    value: testParameters.scoreRevealBlocks + 1,
    shownBy: ['settleOrder', 'drawScorers', 'challengeContribution'],
  })
})
