import { receiptFlag, receiptStatus } from '../../../precompiles/proofOfAttribution/layout.ts'
import { bytesToHex, type Hash } from '../../primitives/hex.ts'
import type { SignedReceipt } from '../receipts/typedData.ts'
import type { AuditView, ReceiptView } from '../receipts/views.ts'
import type { ServedEntry, ServedRecord } from './servedRecords.ts'

/** JSON of answers. Integers above 32 bits are decimal strings, bytes are hex. */

export function receiptJson(receipt: SignedReceipt): object {
  const { request } = receipt
  return {
    request: {
      ...request,
      adapterId: String(request.adapterId),
      maxFeeWei: String(request.maxFeeWei),
      nonce: String(request.nonce),
      deadlineBlock: String(request.deadlineBlock),
    },
    outputCommitment: receipt.outputCommitment,
    inputTokens: receipt.inputTokens,
    outputTokens: receipt.outputTokens,
    method: receipt.method,
    profileHash: receipt.profileHash,
    queryRow: bytesToHex(receipt.queryRow),
    requesterSignature: bytesToHex(receipt.requesterSignature),
    hostSignature: bytesToHex(receipt.hostSignature),
  }
}

export function predictionJson(record: ServedRecord): object {
  const { receipt, receiptId, predictions, output, outputSalt, feeWei } = record
  return {
    model: String(receipt.request.adapterId),
    predictions,
    receiptId,
    feeWei: String(feeWei),
    output: bytesToHex(output),
    outputSalt: bytesToHex(outputSalt),
    receipt: receiptJson(receipt),
  }
}

const STATUS_NAMES = new Map<number, string>([
  [receiptStatus.settled, 'settled'],
  [receiptStatus.auditOpen, 'audit open'],
  [receiptStatus.appealed, 'appealed'],
  [receiptStatus.final, 'final'],
  [receiptStatus.rejected, 'rejected'],
  [receiptStatus.refunded, 'refunded'],
])

/** What chain and host know of a receipt. */
export function receiptStatusJson(
  receiptId: Hash,
  view: ReceiptView | undefined,
  audit: AuditView | undefined,
  entry: ServedEntry | undefined,
): object {
  if (view === undefined) {
    return {
      receiptId,
      status: 'unsettled',
      deadlineBlock: entry?.deadlineBlock,
      feeWei: String(entry?.feeWei),
    }
  }
  const has = (flag: number) => (view.flags & flag) !== 0
  return {
    receiptId,
    status: STATUS_NAMES.get(view.status) ?? 'unknown',
    host: view.host,
    adapterId: String(view.adapterId),
    windowIndex: String(view.windowIndex),
    settledBlock: view.settledBlock,
    feeWei: String(view.feeWei),
    weight: view.weight,
    isAudited: has(receiptFlag.audited),
    isUnaudited: has(receiptFlag.unaudited),
    isNotDrawn: has(receiptFlag.notDrawn),
    isMarkedWrong: has(receiptFlag.markedWrong),
    isChallenged: has(receiptFlag.challenged),
    isAppealed: has(receiptFlag.appealed),
    audit: audit && {
      committee: audit.committee,
      commitEndBlock: audit.commitEndBlock,
      revealEndBlock: audit.revealEndBlock,
      verdicts: audit.verdicts,
    },
  }
}
