import { bounds } from '../../bounds.ts'
import type { Methods } from '../../shared/dispatch.ts'
import { arrayDataSlot, readPacked, writePacked } from '../../shared/layout.ts'
import { refOf } from '../../shared/money.ts'
import { AuditorReader } from '../auditorReader.ts'
import {
  type AttributionAbi,
  type AttributionCall,
  type AuditorRef,
  auditorById,
  auditorIdSlot,
  auditorListSlot,
  blockOf,
  emit,
  fail,
} from '../call.ts'
import { AUDITOR_ID_BITS, auditorStatus, creditReason } from '../layout.ts'

/** Ids of the active auditors of a base model, in the order that draws use. */
export function activeAuditors({ host, store }: AttributionCall, baseModelId: bigint): readonly number[] {
  return new AuditorReader(host, store).ids(baseModelId)
}

function appendAuditor(call: AttributionCall, baseModelId: bigint, auditorId: number): number {
  const { store } = call
  const list = auditorListSlot(call, baseModelId)
  const length = Number(store.load(list))
  if (length >= bounds.auditors) fail('TooManyAuditors', { maximum: BigInt(bounds.auditors) })
  store.save(list, BigInt(length + 1))
  writePacked(store, arrayDataSlot(store, list), length, AUDITOR_ID_BITS, BigInt(auditorId))
  return length
}

/** Takes an auditor off the list; the last one takes its place. */
function removeAuditor(call: AttributionCall, baseModelId: bigint, listIndex: number): void {
  const { store } = call
  const list = auditorListSlot(call, baseModelId)
  const data = arrayDataSlot(store, list)
  const last = Number(store.load(list)) - 1
  const moved = readPacked(store, data, last, AUDITOR_ID_BITS)
  writePacked(store, data, listIndex, AUDITOR_ID_BITS, moved)
  writePacked(store, data, last, AUDITOR_ID_BITS, 0n)
  store.save(list, BigInt(last))
  if (listIndex !== last) auditorById(call, Number(moved)).set('listIndex', listIndex)
}

function ownAuditor(
  call: AttributionCall,
  baseModelId: bigint,
): { readonly auditorId: number; readonly auditor: AuditorRef } {
  const auditorId = Number(call.store.load(auditorIdSlot(call, call.host.caller, baseModelId)))
  if (auditorId === 0) fail('NotRegistered', { account: call.host.caller })
  return { auditorId, auditor: auditorById(call, auditorId) }
}

export const auditorMethods: Methods<
  AttributionAbi,
  AttributionCall,
  'registerAuditor' | 'deregisterAuditor' | 'withdrawAuditorBond' | 'auditorInfo' | 'auditorsOf'
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

  deregisterAuditor: {
    gas: 0n,
    run(call, { baseModelId }) {
      const { auditor } = ownAuditor(call, baseModelId)
      if (auditor.get('status') !== auditorStatus.active) fail('NotRegistered', { account: call.host.caller })
      const withdrawableBlock = blockOf(call) + call.parameters.auditorExitBlocks
      removeAuditor(call, baseModelId, auditor.get('listIndex'))
      auditor.update({ status: auditorStatus.leaving, withdrawableBlock, listIndex: 0 })
      emit(call.host, 'AuditorLeaving', { auditor: call.host.caller, baseModelId, withdrawableBlock })
      return withdrawableBlock
    },
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
