import * as access from './access.ts'
import type { OwnTest } from './ownTest.ts'
import * as precompiles from './precompiles.ts'
import * as state from './state.ts'
import * as transactions from './transactions.ts'

/** State tests of our own, by name. Their roots and hashes are for a second implementation to say. */
export const ownTests: Readonly<Record<string, OwnTest>> = {
  ...state,
  ...access,
  precompileCalls: precompiles.precompileCalls,
  precompileLengths: precompiles.precompileLengths,
  pointEvaluations: precompiles.pointEvaluations,
  falsePointEvaluations: precompiles.falsePointEvaluations,
  ...transactions,
}
