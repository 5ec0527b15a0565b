import { describe, expect, it } from 'vitest'
import { testParameters } from '../../support/precompileWorld.ts'
import { Comparison } from '../../support/reference/compare.ts'
import { compareWithReference, findsDeviation, RUNS } from '../../support/reference/suite.ts'

// calls take longer than an adapter's, for its queries are scored row by row
compareWithReference('attribution', Math.ceil(RUNS / 2))

describe('Proof of Attribution among references', () => {
  it('finds in them what it reads of its siblings', async () => {
    const comparison = await Comparison.of({
      registry: 'attribution',
      replaced: ['adapter', 'datanet', 'attribution'],
    })
    for (let seed = 1; seed <= Math.ceil(RUNS / 25); seed++) {
      const finding = await comparison.run(seed)
      if (finding !== undefined) expect.fail(comparison.describe(seed, finding))
    }
  })
})

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
