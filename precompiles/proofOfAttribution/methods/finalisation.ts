import { invariant } from '../../../src/errors/errors.ts'
import { type Address, ZERO_ADDRESS } from '../../../src/primitives/hex.ts'
import { bounds } from '../../bounds.ts'
import { outcomeOf, paidSeats } from '../../shared/audit.ts'
import { writeBlob } from '../../shared/blobs.ts'
import type { Methods } from '../../shared/dispatch.ts'
import { bpsOf, minimum } from '../../shared/shares.ts'
import {
  type AttributionAbi,
  type AttributionCall,
  type BatchRef,
  batchAt,
  blockOf,
  checkCount,
  depositAt,
  emit,
  fail,
  type HostRef,
  hostById,
  type ReceiptFacts,
  type ReceiptRef,
  receiptAt,
  windowAt,
} from '../call.ts'
import { committeeOf, revealsClosed, seatsOf } from '../committee.ts'
import { drawAudit } from '../draw.ts'
import { digestOf } from '../facts.ts'
import {
  correctionBlobs,
  creditReason,
  type Finalisation,
  finalisation,
  receiptFlag,
  receiptStatus,
} from '../layout.ts'
import { payWork, splitFee } from '../split.ts'
import { encodeCorrections, type WeightedRow } from '../vectors.ts'

/** Rows to take out of one window, gathered over the receipts of a call. */
interface Correction {
  readonly adapterId: bigint
  readonly windowIndex: bigint
  readonly rows: WeightedRow[]
}

interface Session {
  readonly call: AttributionCall
  readonly corrections: Map<string, Correction>
}

/** A receipt whose time has come, with how it ends. */
interface Ending {
  readonly facts: ReceiptFacts
  readonly receipt: ReceiptRef
  readonly batch: BatchRef
  readonly host: HostRef
  readonly feeWei: bigint
  readonly outcome: 'final' | 'rejected' | 'refunded'
  /** Whether a committee found the receipt right. */
  readonly audited: boolean
  readonly paidAuditors: readonly Address[]
}

export const finalisationMethods: Methods<AttributionAbi, AttributionCall, 'finalize'> = {
  finalize: {
    gas: 0n,
    run(call, { facts, queryRows }) {
      checkCount(facts.length, bounds.receiptsPerCall)
      if (queryRows.length !== facts.length) fail('LengthMismatch')
      const session: Session = { call, corrections: new Map() }
      const codes = facts.map((item, index) => {
        const row = queryRows[index]
        invariant(row !== undefined, 'one row for each receipt')
        return finalizeOne(session, item, row)
      })
      for (const correction of session.corrections.values()) recordCorrection(call, correction)
      return codes
    },
  },
}

function finalizeOne(session: Session, facts: ReceiptFacts, queryRow: Uint8Array): Finalisation {
  const { call } = session
  const ending = endingOf(call, facts)
  if (typeof ending === 'number') return ending
  if (ending.outcome !== 'final' || isMarkedWrong(ending.receipt)) {
    if (call.host.keccak(queryRow) !== facts.queryRowHash) return finalisation.rowNeeded
    takeOut(session, ending, queryRow)
  }
  end(call, ending)
  switch (ending.outcome) {
    case 'final':
      payFinal(call, ending)
      return finalisation.finalized
    case 'rejected':
      reverse(call, ending, slash(call, ending))
      return finalisation.rejected
    case 'refunded':
      reverse(call, ending, 0n)
      return finalisation.refunded
  }
}

/** How the receipt ends, or a code for why it does not end now. */
function endingOf(call: AttributionCall, facts: ReceiptFacts): Finalisation | Ending {
  const { receiptId } = facts
  const receipt = receiptAt(call, receiptId)
  const status = receipt.get('status')
  if (status === receiptStatus.none) return finalisation.unknownReceipt
  if (status !== receiptStatus.settled && status !== receiptStatus.auditOpen) return finalisation.alreadyFinal
  if (receipt.get('digest') !== digestOf(call, facts)) return finalisation.factsMismatch
  const batch = batchAt(call, receipt.get('batchId'))
  const host = hostById(call, receipt.get('hostId'))
  const known = { facts, receipt, batch, host, feeWei: receipt.get('feeWei') }
  const isOld = blockOf(call) >= batch.get('settledBlock') + call.parameters.challengeWindowBlocks

  if (status === receiptStatus.settled) {
    const draw = drawAudit(call, receiptId, receipt)
    if (draw === 'opened') return finalisation.auditOpened
    if (draw === 'notYet' || !isOld) return finalisation.notYet
    return { ...known, outcome: 'final', audited: false, paidAuditors: [] }
  }
  const committee = committeeOf(call, receiptId)
  if (!isOld || !revealsClosed(call, committee)) return finalisation.notYet
  const seats = seatsOf(call, committee)
  const paidAuditors = paidSeats(seats).map((seat) => committee.accounts[seat] ?? ZERO_ADDRESS)
  switch (outcomeOf(seats)) {
    case 'ok':
      return { ...known, outcome: 'final', audited: true, paidAuditors }
    case 'against':
      return { ...known, outcome: 'rejected', audited: false, paidAuditors }
    case 'noQuorum':
      return { ...known, outcome: 'refunded', audited: false, paidAuditors }
  }
}

function isMarkedWrong(receipt: ReceiptRef): boolean {
  return (receipt.get('flags') & receiptFlag.markedWrong) !== 0
}

function takeOut({ corrections }: Session, { receipt, batch }: Ending, queryRow: Uint8Array): void {
  const { adapterId, windowIndex } = batch.values()
  const key = `${adapterId}/${windowIndex}`
  const correction = corrections.get(key) ?? { adapterId, windowIndex, rows: [] }
  corrections.set(key, correction)
  const row = new Int8Array(queryRow.buffer, queryRow.byteOffset, queryRow.length)
  correction.rows.push({ weight: receipt.get('weight'), row })
}

function recordCorrection(call: AttributionCall, { adapterId, windowIndex, rows }: Correction): void {
  const window = windowAt(call, adapterId, windowIndex)
  const perBlob = Math.floor(bounds.blobBytes / (2 + (rows[0]?.row.length ?? 0)))
  for (let from = 0; from < rows.length; from += perBlob) {
    const index = window.get('corrections')
    const bytes = encodeCorrections(rows.slice(from, from + perBlob))
    writeBlob(call.host, correctionBlobs, bytes, adapterId, windowIndex, index)
    window.set('corrections', index + 1)
  }
}

const finalStatus = {
  final: receiptStatus.final,
  rejected: receiptStatus.rejected,
  refunded: receiptStatus.refunded,
} as const

/** What every ending does: the receipt is no longer open for host and window. */
function end(call: AttributionCall, { receipt, batch, host, feeWei, outcome, audited }: Ending): void {
  receipt.set('status', finalStatus[outcome])
  if (audited) receipt.set('flags', receipt.get('flags') | receiptFlag.audited)
  host.set('openFeesWei', host.get('openFeesWei') - feeWei)
  const window = windowAt(call, batch.get('adapterId'), batch.get('windowIndex'))
  window.set('finished', window.get('finished') + 1)
}

function payFinal(call: AttributionCall, ending: Ending): void {
  const { host, money, parameters } = call
  const { facts, receipt, batch, feeWei, paidAuditors } = ending
  const { receiptId, application, settlerWei } = facts
  const netWei = feeWei - settlerWei
  const isPaid = application !== ZERO_ADDRESS && !parameters.systemAccounts.includes(application)
  const rules = { ...parameters, ...call.governed.ending() }
  const parts = splitFee(netWei, rules.split, isPaid)
  const work = payWork(parts.treasuryWei, paidAuditors.length, host.block.baseFeeWei, rules)
  const credit = (account: Address, reason: number, amountWei: bigint) =>
    money.credit('pendingWei', account, reason, receiptId, amountWei)

  const window = windowAt(call, batch.get('adapterId'), batch.get('windowIndex'))
  window.set('potWei', window.get('potWei') + parts.contributorsWei)
  money.move('pendingWei', 'potsWei', parts.contributorsWei)
  payOwners(call, batch.get('adapterId'), parts.ownerWei, credit)
  credit(ending.host.get('account'), creditReason.host, parts.hostWei)
  credit(parameters.stakingAddress, creditReason.stakers, parts.stakersWei)
  credit(application, creditReason.application, parts.applicationWei)
  for (const auditor of paidAuditors) credit(auditor, creditReason.auditor, work.auditorWei)
  credit(host.caller, creditReason.finalizer, work.finalizerWei)
  credit(parameters.treasuryAddress, creditReason.treasury, work.restWei)
  emit(host, 'ReceiptFinalized', {
    receiptId,
    flags: receipt.get('flags'),
    shares: { ...parts, ...work, treasuryWei: work.restWei },
  })
}

/** The owner's part, less what its parents' owners get. */
function payOwners(
  { adapters }: AttributionCall,
  adapterId: bigint,
  ownerWei: bigint,
  credit: (account: Address, reason: number, amountWei: bigint) => void,
): void {
  const adapter = adapters.adapter(adapterId)
  invariant(adapter !== undefined, `adapter ${adapterId} exists`)
  let restWei = ownerWei
  for (const parent of adapters.parents(adapter)) {
    const royaltyWei = bpsOf(ownerWei, parent.royaltyBps)
    restWei -= royaltyWei
    credit(adapters.ownerOf(parent.adapterId), creditReason.royalty, royaltyWei)
  }
  credit(adapter.get('owner'), creditReason.owner, restWei)
}

/** Takes the part of the bond that stands behind the receipt. Returns what of it goes to the requester. */
function slash(call: AttributionCall, ending: Ending): bigint {
  const { host, money, parameters } = call
  const { facts, feeWei, paidAuditors } = ending
  const { receiptId } = facts
  const rules = { ...parameters, ...call.governed.ending() }
  const bondWei = ending.host.get('bondWei')
  const behindWei = feeWei * BigInt(parameters.hostBondMultiple)
  const slashedWei = minimum(bondWei, bpsOf(behindWei, rules.hostSlashBps))
  ending.host.set('bondWei', bondWei - slashedWei)
  const compensationWei = minimum(facts.settlerWei, slashedWei)
  const work = payWork(slashedWei - compensationWei, paidAuditors.length, host.block.baseFeeWei, rules)
  const credit = (account: Address, reason: number, amountWei: bigint) =>
    money.credit('bondsWei', account, reason, receiptId, amountWei)
  for (const auditor of paidAuditors) credit(auditor, creditReason.auditor, work.auditorWei)
  credit(host.caller, creditReason.finalizer, work.finalizerWei)
  credit(parameters.treasuryAddress, creditReason.slashed, work.restWei)
  emit(host, 'HostSlashed', { host: ending.host.get('account'), receiptId, amountWei: slashedWei })
  return compensationWei
}

/** Gives the fee back to the requester's free deposit. */
function reverse(call: AttributionCall, { facts, feeWei, outcome }: Ending, compensationWei: bigint): void {
  const { host, money } = call
  const { receiptId, requester, settlerWei } = facts
  const netWei = feeWei - settlerWei
  const refundWei = netWei + compensationWei
  money.move('pendingWei', 'depositsWei', netWei)
  money.move('bondsWei', 'depositsWei', compensationWei)
  const deposit = depositAt(call, requester, ZERO_ADDRESS)
  deposit.set('balanceWei', deposit.get('balanceWei') + refundWei)
  emit(host, 'ReceiptReversed', {
    receiptId,
    requester,
    status: finalStatus[outcome],
    refundWei,
    compensationWei,
  })
}
