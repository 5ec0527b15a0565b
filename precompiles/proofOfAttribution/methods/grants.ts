import type { Address } from '../../../src/primitives/hex.ts'
import { bounds } from '../../bounds.ts'
import type { Methods } from '../../shared/dispatch.ts'
import { type AttributionAbi, type AttributionCall, emit, fail } from '../call.ts'
import { grantedAuditors, newestGrantId, saveGrant } from '../grants.ts'

export const grantMethods: Methods<
  AttributionAbi,
  AttributionCall,
  'setGrantedAuditors' | 'grantOf' | 'grantedAuditors'
> = {
  setGrantedAuditors: {
    gas: 0n,
    run(call, { auditors }) {
      const { caller: requester } = call.host
      checkList(auditors, requester)
      const grantId = saveGrant(call, requester, auditors)
      emit(call.host, 'GrantedAuditorsSet', { requester, grantId, auditors })
      return grantId
    },
  },

  grantOf: {
    gas: 0n,
    run(call, { requester }) {
      const grantId = newestGrantId(call, requester)
      return { grantId, auditors: grantedAuditors(call, grantId) }
    },
  },

  grantedAuditors: {
    gas: 0n,
    run(call, { grantId }) {
      if (grantId === 0 || grantId > call.root.get('grantCount')) fail('UnknownGrant', { grantId })
      return grantedAuditors(call, grantId)
    },
  },
}

function checkList(auditors: readonly Address[], requester: Address): void {
  const maximum = bounds.grantedAuditors
  if (auditors.length > maximum) {
    fail('BoundExceeded', { length: BigInt(auditors.length), maximum: BigInt(maximum) })
  }
  let before = 0n
  for (const auditor of auditors) {
    const number = BigInt(auditor)
    if (number <= before || auditor === requester) fail('InvalidAuditors')
    before = number
  }
}
