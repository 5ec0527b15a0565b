import { iProofOfAttributionAbi } from '../../contracts/generated/IProofOfAttribution.ts'
import type { Address, Hash } from '../../src/primitives/hex.ts'
import { AdapterReader } from '../adapter/read.ts'
import { DatanetReader } from '../datanet/read.ts'
import type { PrecompileHost } from '../host.ts'
import type { PrecompileParameters } from '../parameters.ts'
import type { InputsOf } from '../shared/abiTypes.ts'
import { bindErrors, bindEvents, type Fail } from '../shared/binding.ts'
import { Governed } from '../shared/governed.ts'
import { mappingSlot, StructRef } from '../shared/layout.ts'
import { Money, type MoneyCall } from '../shared/money.ts'
import { ForeignStore, Store } from '../shared/store.ts'
import {
  adapterWindowsLayout,
  appealLayout,
  auditLayout,
  auditorLayout,
  batchLayout,
  challengeLayout,
  depositLayout,
  hostLayout,
  ROOT_SLOT,
  receiptLayout,
  rootLayout,
  windowLayout,
} from './layout.ts'

export type AttributionAbi = typeof iProofOfAttributionAbi
export const fail: Fail<AttributionAbi> = bindErrors(iProofOfAttributionAbi)
export const emit = bindEvents(iProofOfAttributionAbi)

export type ReceiptFacts = InputsOf<AttributionAbi, 'markWrong'>['facts']

export type HostRef = StructRef<typeof hostLayout.fields>
export type AuditorRef = StructRef<typeof auditorLayout.fields>
export type ReceiptRef = StructRef<typeof receiptLayout.fields>
export type BatchRef = StructRef<typeof batchLayout.fields>
export type AuditRef = StructRef<typeof auditLayout.fields>
export type ChallengeRef = StructRef<typeof challengeLayout.fields>
export type AppealRef = StructRef<typeof appealLayout.fields>
export type DepositRef = StructRef<typeof depositLayout.fields>
export type WindowRef = StructRef<typeof windowLayout.fields>
export type AdapterWindowsRef = StructRef<typeof adapterWindowsLayout.fields>

export interface AttributionCall extends MoneyCall {
  readonly parameters: PrecompileParameters
  /** Those of the parameters that governance may have changed: read them here. */
  readonly governed: Governed
  readonly root: StructRef<typeof rootLayout.fields>
  readonly adapters: AdapterReader
  readonly datanets: DatanetReader
  readonly staking: ForeignStore
}

export function openAttributionCall(host: PrecompileHost, parameters: PrecompileParameters): AttributionCall {
  const store = new Store(host)
  return {
    host,
    store,
    parameters,
    governed: new Governed(store, parameters, host.block.number),
    money: new Money(host, store, parameters),
    root: new StructRef(store, rootLayout, ROOT_SLOT),
    adapters: new AdapterReader(host),
    datanets: new DatanetReader(host),
    staking: new ForeignStore(host, parameters.stakingAddress),
  }
}

export function blockOf({ host }: AttributionCall): number {
  return Number(host.block.number)
}

export function depositAt({ store, root }: AttributionCall, requester: Address, host: Address): DepositRef {
  const ofRequester = mappingSlot(store, root.at('deposits'), requester)
  return new StructRef(store, depositLayout, mappingSlot(store, ofRequester, host))
}

export function hostIdSlot({ store, root }: AttributionCall, account: Address): bigint {
  return mappingSlot(store, root.at('hostIds'), account)
}

export function hostById({ store, root }: AttributionCall, hostId: number): HostRef {
  return new StructRef(store, hostLayout, mappingSlot(store, root.at('hosts'), hostId))
}

/** The account's newest registration; undefined when it never registered. */
export function hostOf(
  call: AttributionCall,
  account: Address,
): { readonly hostId: number; readonly host: HostRef } | undefined {
  const hostId = Number(call.store.load(hostIdSlot(call, account)))
  return hostId === 0 ? undefined : { hostId, host: hostById(call, hostId) }
}

export function auditorIdSlot(
  { store, root }: AttributionCall,
  account: Address,
  baseModelId: bigint,
): bigint {
  return mappingSlot(store, mappingSlot(store, root.at('auditorIds'), account), baseModelId)
}

export function auditorById({ store, root }: AttributionCall, auditorId: number): AuditorRef {
  return new StructRef(store, auditorLayout, mappingSlot(store, root.at('auditors'), auditorId))
}

export function auditorListSlot({ store, root }: AttributionCall, baseModelId: bigint): bigint {
  return mappingSlot(store, root.at('auditorsOf'), baseModelId)
}

export function receiptAt({ store, root }: AttributionCall, receiptId: Hash): ReceiptRef {
  return new StructRef(store, receiptLayout, mappingSlot(store, root.at('receipts'), receiptId))
}

export function existingReceipt(call: AttributionCall, receiptId: Hash): ReceiptRef {
  const receipt = receiptAt(call, receiptId)
  if (receipt.get('status') === 0) fail('UnknownReceipt', { receiptId })
  return receipt
}

export function batchAt({ store, root }: AttributionCall, batchId: bigint): BatchRef {
  return new StructRef(store, batchLayout, mappingSlot(store, root.at('batches'), batchId))
}

export function auditAt({ store, root }: AttributionCall, receiptId: Hash): AuditRef {
  return new StructRef(store, auditLayout, mappingSlot(store, root.at('audits'), receiptId))
}

export function challengeAt({ store, root }: AttributionCall, receiptId: Hash): ChallengeRef {
  return new StructRef(store, challengeLayout, mappingSlot(store, root.at('challenges'), receiptId))
}

export function appealAt({ store, root }: AttributionCall, receiptId: Hash): AppealRef {
  return new StructRef(store, appealLayout, mappingSlot(store, root.at('appeals'), receiptId))
}

export function adapterWindowsAt({ store, root }: AttributionCall, adapterId: bigint): AdapterWindowsRef {
  const slot = mappingSlot(store, root.at('adapterWindows'), adapterId)
  return new StructRef(store, adapterWindowsLayout, slot)
}

export function windowAt(
  { store, root }: AttributionCall,
  adapterId: bigint,
  windowIndex: bigint,
): WindowRef {
  const ofAdapter = mappingSlot(store, root.at('windows'), adapterId)
  return new StructRef(store, windowLayout, mappingSlot(store, ofAdapter, windowIndex))
}

/** Where the newest window of a version is noted once a window of another version has followed it. */
export function displacedWindowSlot(
  { store, root }: AttributionCall,
  adapterId: bigint,
  version: number,
): bigint {
  return mappingSlot(store, mappingSlot(store, root.at('displacedWindows'), adapterId), version)
}

/** First block in which a receipt can end, and can no longer be challenged or marked wrong. */
export function challengeEndBlock(call: AttributionCall, batch: BatchRef): number {
  return batch.get('settledBlock') + call.parameters.challengeWindowBlocks
}

export function requireInChallengeWindow(call: AttributionCall, receipt: ReceiptRef): void {
  const lastBlock = challengeEndBlock(call, batchAt(call, receipt.get('batchId'))) - 1
  if (blockOf(call) > lastBlock) fail('TooLate', { lastBlock: BigInt(lastBlock) })
}

/** A list or count from outside: at least one, at most `maximum`. */
export function checkCount(length: number, maximum: number): void {
  if (length === 0 || length > maximum) {
    fail('BoundExceeded', { length: BigInt(length), maximum: BigInt(maximum) })
  }
}
