import { iProofOfAttributionAbi } from '../../contracts/generated/IProofOfAttribution.ts'
import { ATTRIBUTION_ADDRESS } from '../addresses.ts'
import type { NativePrecompile } from '../host.ts'
import { checkParameters, type PrecompileParameters } from '../parameters.ts'
import { definePrecompile } from '../shared/dispatch.ts'
import { claimMethods } from '../shared/money.ts'
import { openAttributionCall } from './call.ts'
import { appealMethods } from './methods/appeals.ts'
import { attributionViews } from './methods/attributions.ts'
import { auditorMethods } from './methods/auditors.ts'
import { auditMethods } from './methods/audits.ts'
import { challengeMethods } from './methods/challenges.ts'
import { depositMethods } from './methods/deposits.ts'
import { evidenceMethods } from './methods/evidence.ts'
import { finalisationMethods } from './methods/finalisation.ts'
import { governedMethods } from './methods/governed.ts'
import { grantMethods } from './methods/grants.ts'
import { hostMethods } from './methods/hosts.ts'
import { remainderMethods } from './methods/remainders.ts'
import { settlementMethods } from './methods/settlement.ts'
import { viewMethods } from './methods/views.ts'
import { windowMethods } from './methods/windows.ts'

/** IProofOfAttribution, version 1. */
export function proofOfAttribution(parameters: PrecompileParameters): NativePrecompile {
  const checked = checkParameters(parameters)
  return definePrecompile({
    name: 'proofOfAttribution',
    version: 1,
    address: ATTRIBUTION_ADDRESS,
    abi: iProofOfAttributionAbi,
    methods: {
      ...claimMethods,
      ...depositMethods,
      ...hostMethods,
      ...auditorMethods,
      ...grantMethods,
      ...settlementMethods,
      ...auditMethods,
      ...challengeMethods,
      ...appealMethods,
      ...finalisationMethods,
      ...windowMethods,
      ...remainderMethods,
      ...governedMethods,
      ...attributionViews,
      ...evidenceMethods,
      ...viewMethods,
    },
    open: (host) => openAttributionCall(host, checked),
  })
}
