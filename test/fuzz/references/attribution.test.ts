import { describe } from 'vitest'
import { testParameters } from '../../support/precompileWorld.ts'
import { compareWithReference, findsDeviation, RUNS } from '../../support/reference/suite.ts'

// calls take longer than an adapter's, for its queries are scored row by row
compareWithReference('attribution', Math.ceil(RUNS / 2))

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
