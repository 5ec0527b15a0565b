import { describe } from 'vitest'
import { testParameters } from '../../support/precompileWorld.ts'
import { compareWithReference, findsDeviation } from '../../support/reference/suite.ts'

compareWithReference('adapter')

describe('an adapter registry and a reference with other parameters', () => {
  findsDeviation({
    registry: 'adapter',
    parameter: 'adapterBondWei',
    value: testParameters.adapterBondWei + 1n,
    shownBy: ['createAdapter', 'newVersion'],
  })
  findsDeviation({
    registry: 'adapter',
    parameter: 'challengeWindowBlocks',
    value: testParameters.challengeWindowBlocks + 1,
    shownBy: ['publish'],
  })
})
