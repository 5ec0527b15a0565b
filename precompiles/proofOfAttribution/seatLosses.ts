import type { Hash } from '../../src/primitives/hex.ts'
import { type Outcome, verdict as verdicts } from '../shared/audit.ts'
import { seatLoss } from './appeal.ts'
import { leave } from './auditorList.ts'
import { type AttributionCall, type AuditorRef, auditAt, auditorById, emit } from './call.ts'
import type { Ending } from './endings.ts'
import { AUDITOR_FIELDS, auditorStatus, creditReason, type SlashCause, slashCause } from './layout.ts'

/** Takes what seats of an audit lose for silence, and for verdicts that an appeal overturned. */
export function takeSeatLosses(call: AttributionCall, { facts, seats, appeal }: Ending): void {
  const { receiptId } = facts
  seats.forEach(({ verdict }, seat) => {
    const field = AUDITOR_FIELDS[seat]
    const mayLose = verdict === verdicts.none || appeal !== undefined
    if (field === undefined || !mayLose) return
    const auditor = auditorById(call, auditAt(call, receiptId).get(field))
    takeLoss(call, receiptId, auditor, verdict, appeal?.tally.outcome)
  })
}

function takeLoss(
  call: AttributionCall,
  receiptId: Hash,
  auditor: AuditorRef,
  verdict: number,
  decided: Outcome | undefined,
): void {
  const { missWei, overturnedWei } = seatLoss(auditor.get('bondWei'), verdict, decided, call.parameters)
  if (missWei > 0n) slash(call, receiptId, auditor, slashCause.silent, missWei)
  if (overturnedWei > 0n) slash(call, receiptId, auditor, slashCause.overturned, overturnedWei)
}

function slash(
  call: AttributionCall,
  receiptId: Hash,
  auditor: AuditorRef,
  cause: SlashCause,
  amountWei: bigint,
): void {
  const { host, money, parameters } = call
  const { account, baseModelId, bondWei, status } = auditor.values()
  auditor.set('bondWei', bondWei - amountWei)
  money.credit('bondsWei', parameters.treasuryAddress, creditReason.slashed, receiptId, amountWei)
  emit(host, 'AuditorSlashed', { auditor: account, baseModelId, receiptId, cause, amountWei })
  const isTooLow = bondWei - amountWei < parameters.auditorBondMinWei
  if (isTooLow && status === auditorStatus.active) leave(call, auditor)
}
