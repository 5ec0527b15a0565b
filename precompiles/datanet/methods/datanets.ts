import { ZERO_ADDRESS } from '../../../src/primitives/hex.ts'
import { bounds } from '../../bounds.ts'
import type { InputsOf } from '../../shared/abiTypes.ts'
import type { Methods } from '../../shared/dispatch.ts'
import { mappingSlot } from '../../shared/layout.ts'
import {
  checkAccount,
  checkText,
  type DatanetAbi,
  type DatanetCall,
  type DatanetRef,
  datanetAt,
  datanetWithRole,
  emit,
  existingDatanet,
  fail,
  ownedDatanet,
  rolesOf,
} from '../call.ts'
import { ALL_ROLES, POLICY_PRIVATE, role } from '../layout.ts'

type Terms = InputsOf<DatanetAbi, 'setTerms'>['terms']

const KINDS = 3

function checkTerms({ acceptThresholdBps }: Terms): void {
  if (acceptThresholdBps > 10_000) fail('InvalidThreshold', { acceptThresholdBps })
}

function describe(datanet: DatanetRef, licence: string, metadataCid: string): void {
  checkText(licence, bounds.licenceBytes)
  checkText(metadataCid, bounds.cidBytes, true)
  datanet.setText('licence', licence)
  datanet.setText('metadataCid', metadataCid)
}

export const datanetMethods: Methods<
  DatanetAbi,
  DatanetCall,
  | 'createDatanet'
  | 'updateDatanet'
  | 'setTerms'
  | 'transferOwnership'
  | 'acceptOwnership'
  | 'setRoles'
  | 'rolesOf'
> = {
  createDatanet: {
    gas: 1_000n,
    run(call, args) {
      const { name, kind, policy, licence, metadataCid, terms } = args
      checkText(name, bounds.nameBytes)
      if (kind >= KINDS) fail('InvalidKind', { kind })
      if (policy > POLICY_PRIVATE) fail('InvalidPolicy', { policy })
      checkTerms(terms)
      const datanetId = call.registry.get('datanetCount') + 1n
      call.registry.set('datanetCount', datanetId)
      const datanet = datanetAt(call, datanetId)
      const owner = call.host.caller
      datanet.update({ owner, kind, policy, ...terms })
      datanet.setText('name', name)
      describe(datanet, licence, metadataCid)
      emit(call.host, 'DatanetCreated', { datanetId, owner, ...args })
      return datanetId
    },
  },

  updateDatanet: {
    gas: 1_000n,
    run(call, { datanetId, licence, metadataCid }) {
      describe(datanetWithRole(call, datanetId, role.manager), licence, metadataCid)
      emit(call.host, 'DatanetUpdated', { datanetId, licence, metadataCid })
    },
  },

  setTerms: {
    gas: 0n,
    run(call, { datanetId, terms }) {
      const datanet = datanetWithRole(call, datanetId, role.manager)
      checkTerms(terms)
      datanet.update(terms)
      emit(call.host, 'TermsSet', { datanetId, terms })
    },
  },

  transferOwnership: {
    gas: 0n,
    run(call, { datanetId, newOwner }) {
      const datanet = ownedDatanet(call, datanetId)
      if (newOwner !== ZERO_ADDRESS) checkAccount(call, newOwner)
      datanet.set('pendingOwner', newOwner)
      emit(call.host, 'OwnershipOffered', { datanetId, owner: call.host.caller, newOwner })
    },
  },

  acceptOwnership: {
    gas: 0n,
    run(call, { datanetId }) {
      const datanet = existingDatanet(call, datanetId)
      const { caller } = call.host
      if (datanet.get('pendingOwner') !== caller) fail('NotPendingOwner', { caller })
      const previousOwner = datanet.get('owner')
      datanet.update({ owner: caller, pendingOwner: ZERO_ADDRESS })
      emit(call.host, 'OwnershipTransferred', { datanetId, previousOwner, owner: caller })
    },
  },

  setRoles: {
    gas: 0n,
    run(call, { datanetId, account, roles }) {
      const { host, store } = call
      const datanet = ownedDatanet(call, datanetId)
      checkAccount(call, account)
      if (roles > ALL_ROLES) fail('InvalidRoles', { roles })
      store.save(mappingSlot(store, datanet.at('roles'), account), BigInt(roles))
      emit(host, 'RolesSet', { datanetId, account, roles })
    },
  },

  rolesOf: {
    gas: 0n,
    run: (call, { datanetId, account }) => rolesOf(call, existingDatanet(call, datanetId), account),
  },
}
