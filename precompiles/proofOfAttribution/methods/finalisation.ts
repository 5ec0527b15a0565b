import { invariant } from '../../../src/errors/errors.ts'
import { type Address, ZERO_ADDRESS } from '../../../src/primitives/hex.ts'
import { bounds } from '../../bounds.ts'
import { writeBlob } from '../../shared/blobs.ts'
import type { Methods } from '../../shared/dispatch.ts'
import { bpsOf, minimum } from '../../shared/shares.ts'
import { endAppeal } from '../appeals.ts'
import {
  type AttributionAbi,
  type AttributionCall,
  challengeAt,
  checkCount,
  depositAt,
  emit,
  fail,
  type ReceiptFacts,
  type ReceiptRef,
  windowAt,
} from '../call.ts'
import { divideChallengeBond, returnChallengeBond } from '../challenges.ts'
import { type Ending, endingOf } from '../endings.ts'
import {
  correctionBlobs,
  creditReason,
  type Finalisation,
  finalisation,
  receiptFlag,
  receiptStatus,
} from '../layout.ts'
import { takeSeatLosses } from '../seatLosses.ts'
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
  takeSeatLosses(call, ending)
  endAppeal(call, ending, finalStatus[ending.outcome])
  switch (ending.outcome) {
    case 'final':
      payFinal(call, ending)
      if (isChallenged(ending.receipt)) divideChallengeBond(call, ending)
      return finalisation.finalized
    case 'rejected':
      reverse(call, ending, slash(call, ending))
      if (isChallenged(ending.receipt)) returnChallengeBond(call, facts.receiptId)
      return finalisation.rejected
    case 'refunded':
      reverse(call, ending, 0n)
      if (isChallenged(ending.receipt)) returnChallengeBond(call, facts.receiptId)
      return finalisation.refunded
  }
}

function isMarkedWrong(receipt: ReceiptRef): boolean {
  return (receipt.get('flags') & receiptFlag.markedWrong) !== 0
}

function isChallenged(receipt: ReceiptRef): boolean {
  return (receipt.get('flags') & receiptFlag.challenged) !== 0
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
  const challenger = isChallenged(ending.receipt) ? challengeAt(call, receiptId).get('challenger') : undefined
  const challengerWei = challenger === undefined ? 0n : minimum(slashedWei / 4n, slashedWei - compensationWei)
  const fundWei = slashedWei - compensationWei - challengerWei
  const work = payWork(fundWei, paidAuditors.length, host.block.baseFeeWei, rules)
  const credit = (account: Address, reason: number, amountWei: bigint) =>
    money.credit('bondsWei', account, reason, receiptId, amountWei)
  if (challenger !== undefined) credit(challenger, creditReason.challenger, challengerWei)
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
