import { iDatanetRegistryAbi } from '../../contracts/generated/IDatanetRegistry.ts'
import { DATANET_ADDRESS } from '../addresses.ts'
import type { NativePrecompile } from '../host.ts'
import { checkParameters, type PrecompileParameters } from '../parameters.ts'
import { definePrecompile } from '../shared/dispatch.ts'
import { claimMethods } from '../shared/money.ts'
import { openDatanetCall } from './call.ts'
import { accessMethods } from './methods/access.ts'
import { contributionMethods } from './methods/contributions.ts'
import { datanetMethods } from './methods/datanets.ts'
import { decisionMethods } from './methods/decisions.ts'
import { knownAnswerMethods } from './methods/knownAnswers.ts'
import { orderingMethods } from './methods/ordering.ts'
import { purseMethods } from './methods/purse.ts'
import { scorerMethods } from './methods/scorers.ts'
import { scoringMethods } from './methods/scoring.ts'
import { tombstoneMethods } from './methods/tombstones.ts'
import { versionMethods } from './methods/versions.ts'
import { viewMethods } from './methods/views.ts'

/** IDatanetRegistry, version 1. */
export function datanetRegistry(parameters: PrecompileParameters): NativePrecompile {
  const checked = checkParameters(parameters)
  return definePrecompile({
    name: 'datanetRegistry',
    version: 1,
    address: DATANET_ADDRESS,
    abi: iDatanetRegistryAbi,
    methods: {
      ...claimMethods,
      ...datanetMethods,
      ...purseMethods,
      ...scorerMethods,
      ...contributionMethods,
      ...orderingMethods,
      ...scoringMethods,
      ...decisionMethods,
      ...knownAnswerMethods,
      ...versionMethods,
      ...tombstoneMethods,
      ...accessMethods,
      ...viewMethods,
    },
    open: (host) => openDatanetCall(host, checked),
  })
}
