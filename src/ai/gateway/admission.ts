import { feeOf } from '../../../precompiles/adapter/price.ts'
import { NodeError } from '../../errors/errors.ts'
import { type AdapterTerms, leastFeeWei, settlesIn, takesReceipts } from '../receipts/judge.ts'
import type { ReceiptRules } from '../receipts/ports.ts'
import type { InferenceRequest } from '../receipts/typedData.ts'
import type { DepositView, HostView } from '../receipts/views.ts'
import type { Quote } from './ports.ts'

/** Whether a signed request is worth serving: what the chain would say of its receipt, and the host's own risk. */

export interface RiskOptions {
  /** What one requester may owe beyond what it has reserved for this host: a free deposit may pay others first. */
  readonly riskLimitWei: bigint
  /** How much more than settlement costs now a fee must be, because the base fee may rise: in basis points. */
  readonly feeMarginBps: number
  /** A request must leave at least this many blocks for settlement. */
  readonly leastDeadlineBlocks: number
}

export interface AdmissionContext {
  readonly nextBlock: number
  readonly nextBaseFeeWei: bigint
  /** Of the version that the request is for. */
  readonly terms: AdapterTerms | undefined
  /** Last block in which the requester may use the adapter. */
  readonly accessUntil: number
  /** Auditors of the base model that the requester names, in audit class 1. */
  readonly auditors: number | undefined
  readonly host: HostView | undefined
  /** Free, and reserved for this host. */
  readonly freeDeposit: DepositView
  readonly reservedDeposit: DepositView
  /** What this requester owes this host already. */
  readonly owedWei: bigint
  /** What all requesters owe it. */
  readonly allOwedWei: bigint
  readonly isSettled: boolean
}

/** The fee for so many tokens, checked to be worth its settlement. FEE_TOO_LOW when the adapter's price is not. */
export function quoteFee(
  terms: AdapterTerms,
  quote: Quote,
  context: Pick<AdmissionContext, 'nextBaseFeeWei'>,
  options: RiskOptions,
  rules: ReceiptRules,
): bigint {
  const feeWei = feeOf(terms.price, quote.inputTokens, quote.maxOutputTokens)
  const settlementWei = leastFeeWei(context.nextBaseFeeWei, rules)
  const leastWei = settlementWei + (settlementWei * BigInt(options.feeMarginBps)) / 10_000n
  if (feeWei < leastWei) {
    throw new NodeError('FEE_TOO_LOW', 'The price of this adapter does not cover settlement now.', {
      feeWei: String(feeWei),
      leastWei: String(leastWei),
    })
  }
  return feeWei
}

/** Whether a receipt of this version settles from the next block on, for as long as a host wants to have for it. */
export function isWorthServing(
  terms: AdapterTerms,
  nextBlock: number,
  { leastDeadlineBlocks }: RiskOptions,
): boolean {
  return settlesIn(terms, nextBlock) && settlesIn(terms, nextBlock + leastDeadlineBlocks - 1)
}

/**
 * The most that the answer will cost. Errors: ALREADY_SETTLED, BAD_REQUEST (deadline, auditors), ADAPTER_NOT_ACTIVE, FORBIDDEN,
 * FEE_TOO_LOW, DEPOSIT_TOO_LOW, HOST_NOT_READY.
 */
export function admit(
  request: InferenceRequest,
  quote: Quote,
  context: AdmissionContext,
  options: RiskOptions,
  rules: ReceiptRules,
): bigint {
  if (context.isSettled) {
    throw new NodeError(
      'ALREADY_SETTLED',
      'This request was answered and settled; sign one with a new nonce.',
    )
  }
  checkDeadline(request, context, options, rules)
  const { terms, nextBlock } = context
  if (terms === undefined || !isWorthServing(terms, nextBlock, options)) {
    throw new NodeError('ADAPTER_NOT_ACTIVE', 'The adapter is not active in this version.')
  }
  if (context.accessUntil < nextBlock + options.leastDeadlineBlocks - 1) {
    throw new NodeError('FORBIDDEN', 'The owner of the adapter lets only those use it who are on its list.')
  }
  checkAuditors(context, rules)
  const feeWei = quoteFee(terms, quote, context, options, rules)
  if (request.maxFeeWei < feeWei) {
    throw new NodeError('FEE_TOO_LOW', 'The signed maximum is below the fee for this input.', {
      feeWei: String(feeWei),
      maxFeeWei: String(request.maxFeeWei),
    })
  }
  checkDeposit(request, feeWei, context, options)
  checkHost(feeWei, context, rules)
  return feeWei
}

/** A list with fewer auditors than seats leaves the receipt unaudited, which is not what was asked for. */
function checkAuditors({ auditors }: AdmissionContext, { auditCommittee }: ReceiptRules): void {
  if (auditors === undefined || auditors >= auditCommittee) return
  throw new NodeError(
    'BAD_REQUEST',
    `Audit class 1 needs ${auditCommittee} active auditors on your list; see setGrantedAuditors.`,
    { auditors, least: auditCommittee },
  )
}

function checkDeadline(
  { deadlineBlock }: InferenceRequest,
  { nextBlock }: AdmissionContext,
  { leastDeadlineBlocks }: RiskOptions,
  { priceRiseDelayBlocks }: ReceiptRules,
): void {
  const least = nextBlock + leastDeadlineBlocks - 1
  const most = nextBlock - 1 + priceRiseDelayBlocks
  if (deadlineBlock >= BigInt(least) && deadlineBlock <= BigInt(most)) return
  throw new NodeError('BAD_REQUEST', `The deadline must be a block from ${least} to ${most}.`, {
    least,
    most,
  })
}

function checkDeposit(
  { deadlineBlock }: InferenceRequest,
  feeWei: bigint,
  { freeDeposit, reservedDeposit, owedWei }: AdmissionContext,
  { riskLimitWei }: RiskOptions,
): void {
  const reservedWei = stayingWei(reservedDeposit, deadlineBlock)
  const freeWei = stayingWei(freeDeposit, deadlineBlock)
  const dueWei = owedWei + feeWei
  if (dueWei > reservedWei + freeWei) {
    throw new NodeError('DEPOSIT_TOO_LOW', 'The deposit does not cover this answer and those before it.', {
      dueWei: String(dueWei),
      depositWei: String(reservedWei + freeWei),
    })
  }
  const unreservedWei = dueWei - reservedWei
  if (unreservedWei > riskLimitWei) {
    throw new NodeError('DEPOSIT_TOO_LOW', 'Too much is owed beyond what is reserved for this host.', {
      unreservedWei: String(unreservedWei),
      riskLimitWei: String(riskLimitWei),
    })
  }
}

/** What of a deposit cannot be withdrawn before the deadline. */
function stayingWei(
  { balanceWei, leavingWei, withdrawableBlock }: DepositView,
  deadlineBlock: bigint,
): bigint {
  if (leavingWei === 0n || BigInt(withdrawableBlock) > deadlineBlock) return balanceWei
  return balanceWei > leavingWei ? balanceWei - leavingWei : 0n
}

function checkHost(
  feeWei: bigint,
  { host, nextBlock, allOwedWei }: AdmissionContext,
  { hostBondMultiple }: ReceiptRules,
): void {
  if (host === undefined || !takesReceipts(host, nextBlock)) {
    throw new NodeError('HOST_NOT_READY', 'This host is not registered on the chain yet.')
  }
  const openWei = host.openFeesWei + allOwedWei + feeWei
  if (host.bondWei < openWei * BigInt(hostBondMultiple)) {
    throw new NodeError('HOST_NOT_READY', 'The bond of this host does not cover more open receipts now.')
  }
}
