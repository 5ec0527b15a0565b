import type { Methods } from '../../shared/dispatch.ts'
import { refOf } from '../../shared/money.ts'
import { activeAuditors, appendAuditor, leave } from '../auditorList.ts'
import {
  type AttributionAbi,
  type AttributionCall,
  type AuditorRef,
  auditorById,
  auditorIdSlot,
  blockOf,
  emit,
  fail,
} from '../call.ts'
import { auditorStatus, creditReason } from '../layout.ts'

function ownAuditor(
  call: AttributionCall,
  baseModelId: bigint,
): { readonly auditorId: number; readonly auditor: AuditorRef } {
  const auditorId = Number(call.store.load(auditorIdSlot(call, call.host.caller, baseModelId)))
  if (auditorId === 0) fail('NotRegistered', { account: call.host.caller })
  return { auditorId, auditor: auditorById(call, auditorId) }
}

function activeAuditor(call: AttributionCall, baseModelId: bigint): ReturnType<typeof ownAuditor> {
  const own = ownAuditor(call, baseModelId)
  if (own.auditor.get('status') !== auditorStatus.active) fail('NotRegistered', { account: call.host.caller })
  return own
}

export const auditorMethods: Methods<
  AttributionAbi,
  AttributionCall,
  | 'registerAuditor'
  | 'addAuditorBond'
  | 'deregisterAuditor'
  | 'withdrawAuditorBond'
  | 'auditorInfo'
  | 'auditorsOf'
> = {
  registerAuditor: {
    gas: 0n,
    run(call, { baseModelId }) {
      const { host, store, money, root, adapters, parameters } = call
      if (!adapters.hasBaseModel(baseModelId)) fail('UnknownBaseModel', { baseModelId })
      const idSlot = auditorIdSlot(call, host.caller, baseModelId)
      if (store.load(idSlot) !== 0n) fail('AlreadyRegistered', { account: host.caller })
      const bondWei = host.valueWei
      const minimumWei = parameters.auditorBondMinWei
      if (bondWei < minimumWei) fail('BondTooLow', { bondWei, minimumWei })
      const auditorId = root.get('auditorCount') + 1
      root.set('auditorCount', auditorId)
      store.save(idSlot, BigInt(auditorId))
      auditorById(call, auditorId).update({
        account: host.caller,
        bondWei,
        baseModelId,
        activeBlock: blockOf(call),
        listIndex: appendAuditor(call, baseModelId, auditorId),
        status: auditorStatus.active,
      })
      money.receive('bondsWei', bondWei)
      emit(host, 'AuditorRegistered', { auditor: host.caller, baseModelId, auditorId, bondWei })
      return auditorId
    },
  },

  addAuditorBond: {
    gas: 0n,
    run(call, { baseModelId }) {
      const { host, money } = call
      const amountWei = host.valueWei
      if (amountWei === 0n) fail('ZeroAmount')
      const { auditor } = activeAuditor(call, baseModelId)
      auditor.set('bondWei', auditor.get('bondWei') + amountWei)
      money.receive('bondsWei', amountWei)
      emit(host, 'AuditorBondAdded', { auditor: host.caller, baseModelId, amountWei })
    },
  },

  deregisterAuditor: {
    gas: 0n,
    run: (call, { baseModelId }) => leave(call, activeAuditor(call, baseModelId).auditor),
  },

  withdrawAuditorBond: {
    gas: 0n,
    run(call, { baseModelId }) {
      const { auditorId, auditor } = ownAuditor(call, baseModelId)
      const { status, withdrawableBlock, bondWei } = auditor.values()
      if (status !== auditorStatus.leaving || blockOf(call) < withdrawableBlock) {
        fail('BondLocked', { withdrawableBlock })
      }
      // the account stays, for views of committees that it sat in
      auditor.update({ status: auditorStatus.none, bondWei: 0n })
      call.store.save(auditorIdSlot(call, call.host.caller, baseModelId), 0n)
      call.money.credit('bondsWei', call.host.caller, creditReason.auditorBond, refOf(auditorId), bondWei)
      emit(call.host, 'AuditorLeft', { auditor: call.host.caller, baseModelId, bondWei })
      return bondWei
    },
  },

  auditorInfo: {
    gas: 0n,
    run(call, { account, baseModelId }) {
      const auditorId = Number(call.store.load(auditorIdSlot(call, account, baseModelId)))
      if (auditorId === 0) fail('NotRegistered', { account })
      return { auditorId, ...auditorById(call, auditorId).values() }
    },
  },

  auditorsOf: {
    gas: 0n,
    run: (call, { baseModelId }) =>
      activeAuditors(call, baseModelId).map((auditorId) => auditorById(call, auditorId).get('account')),
  },
}
