import { iDatanetRegistryAbi } from '../../contracts/generated/IDatanetRegistry.ts'
import { type Address, ZERO_ADDRESS } from '../../src/primitives/hex.ts'
import type { PrecompileHost } from '../host.ts'
import type { PrecompileParameters } from '../parameters.ts'
import { bindErrors, bindEvents, type Fail } from '../shared/binding.ts'
import { mappingSlot, StructRef } from '../shared/layout.ts'
import { Money, type MoneyCall } from '../shared/money.ts'
import { ForeignStore, Store } from '../shared/store.ts'
import { textProblem } from '../shared/text.ts'
import {
  ALL_ROLES,
  contributionLayout,
  DatanetSlots,
  datanetLayout,
  REGISTRY_SLOT,
  registryLayout,
  scorerLayout,
  versionLayout,
} from './layout.ts'

export type DatanetAbi = typeof iDatanetRegistryAbi
export const fail: Fail<DatanetAbi> = bindErrors(iDatanetRegistryAbi)
export const emit = bindEvents(iDatanetRegistryAbi)

export type DatanetRef = StructRef<typeof datanetLayout.fields>
export type ContributionRef = StructRef<typeof contributionLayout.fields>
export type ScorerRef = StructRef<typeof scorerLayout.fields>
export type VersionRef = StructRef<typeof versionLayout.fields>

export interface DatanetCall extends MoneyCall {
  readonly parameters: PrecompileParameters
  readonly slots: DatanetSlots
  readonly registry: StructRef<typeof registryLayout.fields>
  readonly staking: ForeignStore
}

export function openDatanetCall(host: PrecompileHost, parameters: PrecompileParameters): DatanetCall {
  const store = new Store(host)
  return {
    host,
    store,
    parameters,
    money: new Money(host, store, parameters),
    slots: new DatanetSlots(store),
    registry: new StructRef(store, registryLayout, REGISTRY_SLOT),
    staking: new ForeignStore(host, parameters.stakingAddress),
  }
}

export function blockOf({ host }: DatanetCall): number {
  return Number(host.block.number)
}

export function datanetAt({ store, slots }: DatanetCall, datanetId: bigint): DatanetRef {
  return new StructRef(store, datanetLayout, slots.datanet(datanetId))
}

export function existingDatanet(call: DatanetCall, datanetId: bigint): DatanetRef {
  if (datanetId === 0n || datanetId > call.registry.get('datanetCount')) fail('UnknownDatanet', { datanetId })
  return datanetAt(call, datanetId)
}

export function ownedDatanet(call: DatanetCall, datanetId: bigint): DatanetRef {
  const datanet = existingDatanet(call, datanetId)
  if (datanet.get('owner') !== call.host.caller) fail('NotOwner', { caller: call.host.caller })
  return datanet
}

/** The roles of an account; an owner has all. */
export function rolesOf({ store }: DatanetCall, datanet: DatanetRef, account: Address): number {
  if (datanet.get('owner') === account) return ALL_ROLES
  return Number(store.load(mappingSlot(store, datanet.at('roles'), account)))
}

/** A Datanet of which the caller has this role. */
export function datanetWithRole(call: DatanetCall, datanetId: bigint, needed: number): DatanetRef {
  const datanet = existingDatanet(call, datanetId)
  const { caller } = call.host
  if ((rolesOf(call, datanet, caller) & needed) === 0) fail('MissingRole', { caller, role: needed })
  return datanet
}

export function contributionAt({ store, slots }: DatanetCall, contributionId: bigint): ContributionRef {
  return new StructRef(store, contributionLayout, slots.contribution(contributionId))
}

export function existingContribution(call: DatanetCall, contributionId: bigint): ContributionRef {
  const contribution = contributionAt(call, contributionId)
  if (contribution.get('status') === 0) fail('UnknownContribution', { contributionId })
  return contribution
}

export function versionAt({ store, slots }: DatanetCall, datanetId: bigint, version: number): VersionRef {
  return new StructRef(store, versionLayout, slots.version(datanetId, version))
}

export function scorerAt({ store }: DatanetCall, datanet: DatanetRef, seat: number): ScorerRef {
  return new StructRef(store, scorerLayout, mappingSlot(store, datanet.at('scorers'), seat))
}

/** The account's seat, whether it scores now or waits for its bond. */
export function seatOf({ store }: DatanetCall, datanet: DatanetRef, account: Address): number | undefined {
  const stored = store.load(mappingSlot(store, datanet.at('seatOf'), account))
  return stored === 0n ? undefined : Number(stored) - 1
}

export function setSeat(
  { store }: DatanetCall,
  datanet: DatanetRef,
  account: Address,
  seat: number | undefined,
): void {
  store.save(mappingSlot(store, datanet.at('seatOf'), account), seat === undefined ? 0n : BigInt(seat + 1))
}

export function checkText(text: string, maxBytes: number, mayBeEmpty = false): void {
  const problem = textProblem(text, maxBytes, mayBeEmpty)
  if (problem?.kind === 'length')
    fail('BoundExceeded', { length: BigInt(problem.bytes), maximum: BigInt(maxBytes) })
  if (problem !== undefined) fail('InvalidText')
}

/** Neither zero nor an account of the system, which could never act. */
export function checkAccount({ parameters }: DatanetCall, account: Address): void {
  if (account === ZERO_ADDRESS || parameters.systemAccounts.includes(account)) {
    fail('InvalidAccount', { account })
  }
}

/** A list or count from outside: at least one, at most `maximum`. */
export function checkCount(length: number, maximum: number): void {
  if (length === 0 || length > maximum) {
    fail('BoundExceeded', { length: BigInt(length), maximum: BigInt(maximum) })
  }
}
