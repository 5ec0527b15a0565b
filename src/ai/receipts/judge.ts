import { adapterStatus } from '../../../precompiles/adapter/layout.ts'
import { feeOf } from '../../../precompiles/adapter/price.ts'
import { measure } from '../../../precompiles/adapter/rows.ts'
import {
  auditClass,
  hostStatus,
  METHOD_GRADIENT,
  type Settlement,
  settlement,
} from '../../../precompiles/proofOfAttribution/layout.ts'
import type { Address, Hash } from '../../primitives/hex.ts'
import type { ReceiptRules } from './ports.ts'
import type { SignedReceipt } from './typedData.ts'
import type { AdapterVersionView, HostView, PriceView } from './views.ts'

/** Whether a receipt would settle in the next block: the checks of `settle`, without any state of their own. */

/** What the chain says of an adapter and of one version of it. */
export interface AdapterTerms {
  readonly status: number
  /** Undefined when the adapter never had it. */
  readonly version: Pick<AdapterVersionView, 'k' | 'activeFromBlock' | 'retiredBlock'> | undefined
  readonly profileHash: Hash
  /** Not open to everybody. */
  readonly isRestricted: boolean
  readonly price: PriceView
}

/** What the chain and the receipts that wait say about the parties of one receipt. */
export interface ReceiptContext {
  readonly nextBlock: number
  readonly nextBaseFeeWei: bigint
  readonly isSettled: boolean
  readonly adapter: AdapterTerms | undefined
  /** Last block in which the requester may use a restricted adapter. */
  readonly accessUntil: () => number
  /** Whether the requester has a list of auditors, for audit class 1. */
  readonly hasGrant: () => boolean
  readonly host: HostView | undefined
  /** Deposits that pay this receipt, less what receipts that settle earlier take. */
  readonly availableWei: bigint
  /** Fees of the host's receipts that wait for settlement, which its bond must stand for as well. */
  readonly hostPendingWei: bigint
}

/** The accounts whose signatures a receipt carries. */
export interface Signers {
  readonly requester: Address
  readonly host: Address
}

/** The fee that the chain would take now. */
export function feeWeiOf({ request, inputTokens, outputTokens }: SignedReceipt, price: PriceView): bigint {
  const feeWei = feeOf(price, inputTokens, outputTokens)
  return feeWei < request.maxFeeWei ? feeWei : request.maxFeeWei
}

/** The least fee that pays its own settlement. */
export function leastFeeWei(nextBaseFeeWei: bigint, rules: ReceiptRules): bigint {
  const leastWei = nextBaseFeeWei * rules.settlementGas
  return leastWei > 0n ? leastWei : 1n
}

/** What no chain of these rules ever settles, in whatever state it is. */
export function isHopeless({ request, method, queryRow }: SignedReceipt, rules: ReceiptRules): boolean {
  if (request.auditClass > auditClass.unaudited || method !== METHOD_GRADIENT) return true
  const shape = measure(int8s(queryRow))
  return shape === undefined || shape.squares > queryRow.length * rules.queryNormSquaredPerK
}

/** The code that `settle` would give, its checks in its order. `signers` is called last: recovery is what costs most. */
export function judgeReceipt(
  receipt: SignedReceipt,
  context: ReceiptContext,
  rules: ReceiptRules,
  signers: () => Signers,
): Settlement {
  const { request } = receipt
  const { adapter, host } = context
  if (request.deadlineBlock < BigInt(context.nextBlock)) return settlement.expired
  if (context.isSettled) return settlement.alreadySettled
  if (adapter === undefined) return settlement.adapterNotActive
  if (adapter.version === undefined) return settlement.malformed
  if (!settlesIn(adapter, context.nextBlock)) return settlement.adapterNotActive
  if (!fitsVersion(receipt, adapter.version.k, rules)) return settlement.malformed
  if (request.auditClass === auditClass.granted && !context.hasGrant()) return settlement.malformed
  if (receipt.profileHash !== adapter.profileHash) return settlement.wrongProfile
  if (adapter.isRestricted && context.accessUntil() < context.nextBlock) return settlement.noAccess
  if (host === undefined || !takesReceipts(host, context.nextBlock)) return settlement.hostNotActive
  const feeWei = feeWeiOf(receipt, adapter.price)
  if (feeWei < leastFeeWei(context.nextBaseFeeWei, rules)) return settlement.feeTooLow
  const openWei = host.openFeesWei + context.hostPendingWei + feeWei
  if (host.bondWei < openWei * BigInt(rules.hostBondMultiple)) return settlement.hostBondTooLow
  if (context.availableWei < feeWei) return settlement.underfunded
  const { requester, host: signer } = signers()
  if (requester !== request.requester) return settlement.badRequestSignature
  return signer === host.signer ? settlement.settled : settlement.badReceiptSignature
}

/** Whether receipts of the version settle in a block, as far as the chain knows now. */
export function settlesIn({ status, version }: AdapterTerms, block: number): boolean {
  // paused, and the ways to end, come after active
  if (version === undefined || status > adapterStatus.active) return false
  const { activeFromBlock, retiredBlock } = version
  return activeFromBlock !== 0 && block >= activeFromBlock && (retiredBlock === 0 || block < retiredBlock)
}

export function takesReceipts(host: HostView, nextBlock: number): boolean {
  if (host.status === hostStatus.leaving) return nextBlock < host.withdrawableBlock
  return host.status === hostStatus.active
}

function fitsVersion(receipt: SignedReceipt, k: number, rules: ReceiptRules): boolean {
  return receipt.queryRow.length === k && !isHopeless(receipt, rules)
}

function int8s(bytes: Uint8Array): Int8Array {
  return new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length)
}
