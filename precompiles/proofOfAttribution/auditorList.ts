import { bounds } from '../bounds.ts'
import { arrayDataSlot, readPacked, writePacked } from '../shared/layout.ts'
import { AuditorReader } from './auditorReader.ts'
import {
  type AttributionCall,
  type AuditorRef,
  auditorById,
  auditorListSlot,
  blockOf,
  emit,
  fail,
} from './call.ts'
import { AUDITOR_ID_BITS, auditorStatus } from './layout.ts'

/** Ids of the active auditors of a base model, in the order that draws use. */
export function activeAuditors({ host, store }: AttributionCall, baseModelId: bigint): readonly number[] {
  return new AuditorReader(host, store).ids(baseModelId)
}

/** Returns the new auditor's place. */
export function appendAuditor(call: AttributionCall, baseModelId: bigint, auditorId: number): number {
  const { store } = call
  const list = auditorListSlot(call, baseModelId)
  const length = Number(store.load(list))
  if (length >= bounds.auditors) fail('TooManyAuditors', { maximum: BigInt(bounds.auditors) })
  store.save(list, BigInt(length + 1))
  writePacked(store, arrayDataSlot(store, list), length, AUDITOR_ID_BITS, BigInt(auditorId))
  return length
}

/** Ends an active auditor's service: no new committee or appeal has it. Returns when its bond is free. */
export function leave(call: AttributionCall, auditor: AuditorRef): number {
  const baseModelId = auditor.get('baseModelId')
  const withdrawableBlock = blockOf(call) + call.parameters.auditorExitBlocks
  removeAuditor(call, baseModelId, auditor.get('listIndex'))
  auditor.update({ status: auditorStatus.leaving, withdrawableBlock, listIndex: 0 })
  emit(call.host, 'AuditorLeaving', { auditor: auditor.get('account'), baseModelId, withdrawableBlock })
  return withdrawableBlock
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
