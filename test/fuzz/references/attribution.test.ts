import { describe } from 'vitest'
import { testParameters } from '../../support/precompileWorld.ts'
import { compareWithReference, findsDeviation, RUNS } from '../../support/reference/suite.ts'

// a start with all that can be going on, so that a sequence takes as long as three of an adapter's
compareWithReference('attribution', Math.ceil(RUNS / 3))

describe('Proof of Attribution and a reference with other parameters', () => {
  findsDeviation({
    registry: 'attribution',
    parameter: 'appealBlocks',
    value: testParameters.appealBlocks + 1,
    shownBy: ['getAudit', 'finalize', 'appealReceipt'],
  })
  findsDeviation({
    registry: 'attribution',
    parameter: 'auditorSlashBps',
    value: testParameters.auditorSlashBps + 1,
    shownBy: ['finalize'],
  })
  findsDeviation({
    registry: 'attribution',
    parameter: 'closeGasPerRow',
    value: testParameters.closeGasPerRow - 1n,
    shownBy: ['closeWindow', 'closeWindows'],
  })
})
