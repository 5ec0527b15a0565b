import type { Address } from '../../../src/primitives/hex.ts'
import { bounds } from '../../bounds.ts'
import type { Methods } from '../../shared/dispatch.ts'
import { mappingSlot, StructRef } from '../../shared/layout.ts'
import {
  blockOf,
  checkAccount,
  checkText,
  type DatanetAbi,
  type DatanetCall,
  type DatanetRef,
  datanetWithRole,
  emit,
  existingDatanet,
  fail,
} from '../call.ts'
import { accessLayout, accessStatus, POLICY_PRIVATE, role } from '../layout.ts'
import { DatanetReader } from '../read.ts'

export const accessMethods: Methods<
  DatanetAbi,
  DatanetCall,
  'requestAccess' | 'grantAccess' | 'revokeAccess' | 'hasAccess' | 'accessOf'
> = {
  requestAccess: {
    gas: 1_000n,
    run(call, { datanetId, publicKey, purposeCid }) {
      const { host } = call
      const datanet = existingDatanet(call, datanetId)
      requirePrivate(datanet)
      if (!isPublicKey(publicKey)) fail('InvalidPublicKey')
      checkText(purposeCid, bounds.cidBytes, true)
      const access = accessAt(call, datanet, host.caller)
      // whoever has access may ask for a new key without losing it
      if (statusOf(call, access) !== accessStatus.granted) {
        access.update({ status: accessStatus.requested, untilBlock: 0 })
      }
      access.set('requestedBlock', blockOf(call))
      emit(host, 'AccessRequested', { datanetId, account: host.caller, publicKey, purposeCid })
    },
  },

  grantAccess: {
    gas: 0n,
    run(call, { datanetId, account, untilBlock, wrappedKey }) {
      const datanet = datanetWithRole(call, datanetId, role.accessManager)
      requirePrivate(datanet)
      checkAccount(call, account)
      if (untilBlock < blockOf(call)) fail('InvalidExpiry', { untilBlock })
      if (wrappedKey.length > bounds.wrappedKeyBytes) {
        const maximum = BigInt(bounds.wrappedKeyBytes)
        fail('BoundExceeded', { length: BigInt(wrappedKey.length), maximum })
      }
      accessAt(call, datanet, account).update({ status: accessStatus.granted, untilBlock })
      const keyEpoch = datanet.get('keyEpoch')
      emit(call.host, 'AccessGranted', { datanetId, account, untilBlock, keyEpoch, wrappedKey })
    },
  },

  revokeAccess: {
    gas: 0n,
    run(call, { datanetId, account }) {
      const datanet = datanetWithRole(call, datanetId, role.accessManager)
      const access = accessAt(call, datanet, account)
      if (access.get('status') !== accessStatus.granted) fail('NoGrant', { account })
      const keyEpoch = datanet.get('keyEpoch') + 1
      access.update({ status: accessStatus.revoked, untilBlock: 0 })
      datanet.set('keyEpoch', keyEpoch)
      emit(call.host, 'AccessRevoked', { datanetId, account, keyEpoch })
    },
  },

  hasAccess: {
    gas: 0n,
    run(call, { datanetId, account }) {
      existingDatanet(call, datanetId)
      return new DatanetReader(call.host, call.store).hasAccess(datanetId, account)
    },
  },

  accessOf: {
    gas: 0n,
    run(call, { datanetId, account }) {
      const access = accessAt(call, existingDatanet(call, datanetId), account)
      const { requestedBlock, untilBlock } = access.values()
      return { status: statusOf(call, access), requestedBlock, untilBlock }
    },
  },
}

type AccessRef = StructRef<typeof accessLayout.fields>

function accessAt({ store }: DatanetCall, datanet: DatanetRef, account: Address): AccessRef {
  return new StructRef(store, accessLayout, mappingSlot(store, datanet.at('access'), account))
}

/** The status in this block: a grant ends without anyone's transaction. */
function statusOf(call: DatanetCall, access: AccessRef): number {
  const status = access.get('status')
  const isOver = status === accessStatus.granted && blockOf(call) > access.get('untilBlock')
  return isOver ? accessStatus.expired : status
}

function requirePrivate(datanet: DatanetRef): void {
  const policy = datanet.get('policy')
  if (policy !== POLICY_PRIVATE) fail('WrongPolicy', { policy })
}

/** A point of secp256k1 as SEC 1 encodes it, by its length and first byte. */
function isPublicKey(bytes: Uint8Array): boolean {
  const [first] = bytes
  if (bytes.length === 33) return first === 2 || first === 3
  return bytes.length === 65 && first === 4
}
