import { bigIntToBytes } from '../../src/primitives/bytes.ts'
import { type Address, bytesToHex } from '../../src/primitives/hex.ts'
import { arrayDataSlot, mappingSlot } from '../shared/layout.ts'
import type { AttributionCall } from './call.ts'

/** Lists of auditors that requesters name for receipts of audit class 1. A list never changes; a new one gets a new id. */

/** Zero where the requester has no list. */
export function newestGrantId(call: AttributionCall, requester: Address): number {
  return Number(call.store.load(newestSlot(call, requester)))
}

/** Makes the list the requester's newest; an empty one leaves it without. */
export function saveGrant(call: AttributionCall, requester: Address, auditors: readonly Address[]): number {
  const { store, root } = call
  const grantId = auditors.length === 0 ? 0 : root.get('grantCount') + 1
  store.save(newestSlot(call, requester), BigInt(grantId))
  if (grantId === 0) return 0
  root.set('grantCount', grantId)
  const list = listSlot(call, grantId)
  const data = arrayDataSlot(store, list)
  store.save(list, BigInt(auditors.length))
  auditors.forEach((auditor, index) => {
    store.save(data + BigInt(index), BigInt(auditor))
  })
  return grantId
}

export function grantedAuditors(call: AttributionCall, grantId: number): readonly Address[] {
  if (grantId === 0) return []
  const { store } = call
  const list = listSlot(call, grantId)
  const length = Number(store.load(list))
  const data = arrayDataSlot(store, list)
  return Array.from({ length }, (_, index) => bytesToHex(bigIntToBytes(store.load(data + BigInt(index)), 20)))
}

function newestSlot({ store, root }: AttributionCall, requester: Address): bigint {
  return mappingSlot(store, root.at('grantIds'), requester)
}

function listSlot({ store, root }: AttributionCall, grantId: number): bigint {
  return mappingSlot(store, root.at('grants'), grantId)
}
