import { ZERO_ADDRESS } from '../../../src/primitives/hex.ts'
import { bounds } from '../../bounds.ts'
import type { Methods } from '../../shared/dispatch.ts'
import { mappingSlot } from '../../shared/layout.ts'
import {
  type AdapterAbi,
  type AdapterCall,
  blockOf,
  checkText,
  emit,
  existingAdapter,
  fail,
  ownedAdapter,
} from '../call.ts'
import { ACCESS_LIST } from '../layout.ts'

export const ownershipMethods: Methods<
  AdapterAbi,
  AdapterCall,
  | 'setMetadata'
  | 'setAccessPolicy'
  | 'setAccess'
  | 'transferAdapter'
  | 'acceptAdapter'
  | 'mayUse'
  | 'accessUntil'
> = {
  setMetadata: {
    gas: 0n,
    run(call, { adapterId, licence, metadataCid }) {
      const adapter = ownedAdapter(call, adapterId)
      checkText(licence, bounds.licenceBytes)
      checkText(metadataCid, bounds.cidBytes, true)
      adapter.setText('licence', licence)
      adapter.setText('metadataCid', metadataCid)
      emit(call.host, 'MetadataSet', { adapterId, licence, metadataCid })
    },
  },

  setAccessPolicy: {
    gas: 0n,
    run(call, { adapterId, policy }) {
      const adapter = ownedAdapter(call, adapterId)
      if (policy > ACCESS_LIST) fail('InvalidPolicy', { policy })
      adapter.set('accessPolicy', policy)
      emit(call.host, 'AccessPolicySet', { adapterId, policy })
    },
  },

  setAccess: {
    gas: 0n,
    run(call, { adapterId, account, untilBlock }) {
      const adapter = ownedAdapter(call, adapterId)
      call.store.save(mappingSlot(call.store, adapter.at('access'), account), BigInt(untilBlock))
      emit(call.host, 'AccessSet', { adapterId, account, untilBlock })
    },
  },

  transferAdapter: {
    gas: 0n,
    run(call, { adapterId, newOwner }) {
      const adapter = ownedAdapter(call, adapterId)
      if (call.parameters.systemAccounts.includes(newOwner)) fail('InvalidOwner', { account: newOwner })
      adapter.set('pendingOwner', newOwner)
      emit(call.host, 'AdapterTransferStarted', { adapterId, newOwner })
    },
  },

  acceptAdapter: {
    gas: 0n,
    run(call, { adapterId }) {
      const { caller } = call.host
      const adapter = existingAdapter(call, adapterId)
      if (adapter.get('pendingOwner') !== caller) fail('NotPendingOwner', { caller })
      const from = adapter.get('owner')
      adapter.update({ owner: caller, pendingOwner: ZERO_ADDRESS })
      emit(call.host, 'AdapterTransferred', { adapterId, from, to: caller })
    },
  },

  mayUse: {
    gas: 0n,
    run: (call, { adapterId, account }) => call.reader.mayUse(adapterId, account, blockOf(call)),
  },

  accessUntil: {
    gas: 0n,
    run: (call, { adapterId, account }) => call.reader.accessUntil(existingAdapter(call, adapterId), account),
  },
}
