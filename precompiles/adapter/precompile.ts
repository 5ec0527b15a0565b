import { iAdapterRegistryAbi } from '../../contracts/generated/IAdapterRegistry.ts'
import { ADAPTER_ADDRESS } from '../addresses.ts'
import type { NativePrecompile } from '../host.ts'
import { checkParameters, type PrecompileParameters } from '../parameters.ts'
import { definePrecompile } from '../shared/dispatch.ts'
import { claimMethods } from '../shared/money.ts'
import { openAdapterCall } from './call.ts'
import { baseModelMethods } from './methods/baseModels.ts'
import { challengeMethods } from './methods/challenges.ts'
import { draftMethods } from './methods/drafts.ts'
import { lifecycleMethods } from './methods/lifecycle.ts'
import { ownershipMethods } from './methods/ownership.ts'
import { rowAuditMethods } from './methods/rowAudits.ts'
import { rowMethods } from './methods/rows.ts'
import { viewMethods } from './methods/views.ts'

/** IAdapterRegistry, version 1. */
export function adapterRegistry(parameters: PrecompileParameters): NativePrecompile {
  const checked = checkParameters(parameters)
  return definePrecompile({
    name: 'adapterRegistry',
    version: 1,
    address: ADAPTER_ADDRESS,
    abi: iAdapterRegistryAbi,
    methods: {
      ...claimMethods,
      ...baseModelMethods,
      ...draftMethods,
      ...rowMethods,
      ...challengeMethods,
      ...rowAuditMethods,
      ...ownershipMethods,
      ...lifecycleMethods,
      ...viewMethods,
    },
    open: (host) => openAdapterCall(host, checked),
  })
}
