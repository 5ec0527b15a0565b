import { iAdapterRegistryAbi } from '../../contracts/generated/IAdapterRegistry.ts'
import type { PrecompileHost } from '../host.ts'
import type { PrecompileParameters } from '../parameters.ts'
import { AuditorReader } from '../proofOfAttribution/auditorReader.ts'
import { bindErrors, bindEvents, type Fail } from '../shared/binding.ts'
import { StructRef } from '../shared/layout.ts'
import { Money, type MoneyCall } from '../shared/money.ts'
import { ForeignStore, Store } from '../shared/store.ts'
import { textProblem } from '../shared/text.ts'
import {
  AdapterSlots,
  adapterLayout,
  adapterStatus,
  challengeStatus,
  REGISTRY_SLOT,
  registryLayout,
  rowChallengeLayout,
  type VersionStatus,
  versionLayout,
} from './layout.ts'
import { AdapterReader, versionStatusAt } from './read.ts'

export type AdapterAbi = typeof iAdapterRegistryAbi
export const fail: Fail<AdapterAbi> = bindErrors(iAdapterRegistryAbi)
export const emit = bindEvents(iAdapterRegistryAbi)

export type AdapterRef = StructRef<typeof adapterLayout.fields>
export type ChallengeRef = StructRef<typeof rowChallengeLayout.fields>
export type VersionRef = StructRef<typeof versionLayout.fields>

export interface AdapterCall extends MoneyCall {
  readonly parameters: PrecompileParameters
  readonly slots: AdapterSlots
  readonly registry: StructRef<typeof registryLayout.fields>
  readonly reader: AdapterReader
  readonly auditors: AuditorReader
  readonly staking: ForeignStore
}

export function openAdapterCall(host: PrecompileHost, parameters: PrecompileParameters): AdapterCall {
  const store = new Store(host)
  return {
    host,
    store,
    parameters,
    money: new Money(host, store, parameters),
    slots: new AdapterSlots(store),
    registry: new StructRef(store, registryLayout, REGISTRY_SLOT),
    reader: new AdapterReader(host, store),
    auditors: new AuditorReader(host),
    staking: new ForeignStore(host, parameters.stakingAddress),
  }
}

export function blockOf({ host }: AdapterCall): number {
  return Number(host.block.number)
}

export function adapterAt({ store, slots }: AdapterCall, adapterId: bigint): AdapterRef {
  return new StructRef(store, adapterLayout, slots.adapter(adapterId))
}

export function existingAdapter(call: AdapterCall, adapterId: bigint): AdapterRef {
  const adapter = adapterAt(call, adapterId)
  if (adapter.get('status') === adapterStatus.none) fail('UnknownAdapter', { adapterId })
  return adapter
}

export function ownedAdapter(call: AdapterCall, adapterId: bigint): AdapterRef {
  const adapter = existingAdapter(call, adapterId)
  if (adapter.get('owner') !== call.host.caller) fail('NotOwner', { caller: call.host.caller })
  return adapter
}

export function versionAt({ store, slots }: AdapterCall, adapter: AdapterRef, version: number): VersionRef {
  return new StructRef(store, versionLayout, slots.version(adapter, version))
}

export function existingVersion(call: AdapterCall, adapterId: bigint, version: number): VersionRef {
  const adapter = existingAdapter(call, adapterId)
  if (call.reader.version(adapter, version) === undefined) {
    fail('UnknownAdapterVersion', { adapterId, version })
  }
  return versionAt(call, adapter, version)
}

/** The newest version of an adapter that is not at its end, which must have this status now. */
export function newestVersion(
  call: AdapterCall,
  adapter: AdapterRef,
  wanted: VersionStatus,
): { readonly version: number; readonly view: VersionRef } {
  requireLiving(adapter)
  const version = adapter.get('newestVersion')
  const view = versionAt(call, adapter, version)
  const status = versionStatusAt(view, blockOf(call))
  if (status !== wanted) fail('WrongStatus', { status })
  return { version, view }
}

/** Refuses an adapter that has ended. */
export function requireLiving(adapter: AdapterRef): void {
  const status = adapter.get('status')
  if (status === adapterStatus.deprecated || status === adapterStatus.refuted) fail('WrongStatus', { status })
}

/** The newest challenge of an adapter's rows; its status is none when there never was one. */
export function challengeAt({ store, slots }: AdapterCall, adapterId: bigint): ChallengeRef {
  return new StructRef(store, rowChallengeLayout, slots.rowChallenge(adapterId))
}

/** Refuses an adapter whose rows are being judged. */
export function requireUnchallenged(call: AdapterCall, adapterId: bigint): void {
  const status = challengeAt(call, adapterId).get('status')
  const isOpen = status === challengeStatus.waiting || status === challengeStatus.audit
  if (isOpen) fail('WrongChallengeStatus', { adapterId, status })
}

export function checkText(text: string, maxBytes: number, mayBeEmpty = false): void {
  const problem = textProblem(text, maxBytes, mayBeEmpty)
  if (problem?.kind === 'length')
    fail('BoundExceeded', { length: BigInt(problem.bytes), maximum: BigInt(maxBytes) })
  if (problem !== undefined) fail('InvalidText')
}

export function checkCount(length: number, minimum: number, maximum: number): void {
  if (length < minimum || length > maximum) {
    fail('BoundExceeded', { length: BigInt(length), maximum: BigInt(maximum) })
  }
}
