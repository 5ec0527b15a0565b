import { type Hash, ZERO_ADDRESS } from '../../../src/primitives/hex.ts'
import { adapterStatus } from '../../adapter/layout.ts'
import { feeOf, type Price } from '../../adapter/price.ts'
import { priceAt, statusAt } from '../../adapter/read.ts'
import { measure } from '../../adapter/rows.ts'
import { bounds } from '../../bounds.ts'
import type { Methods } from '../../shared/dispatch.ts'
import { perEight } from '../../shared/gas.ts'
import { refOf } from '../../shared/money.ts'
import { minimum } from '../../shared/shares.ts'
import { type Batch, openBatch, recordBatch } from '../batches.ts'
import {
  type AttributionAbi,
  type AttributionCall,
  blockOf,
  checkCount,
  depositAt,
  emit,
  type HostRef,
  hostOf,
  type ReceiptFacts,
  receiptAt,
} from '../call.ts'
import {
  domainSeparator,
  receiptStructHash,
  requestStructHash,
  type SignedReceipt,
  typedDataDigest,
} from '../eip712.ts'
import { digestOf } from '../facts.ts'
import {
  auditClass,
  creditReason,
  hostStatus,
  METHOD_GRADIENT,
  receiptFlag,
  receiptStatus,
  type Settlement,
  settlement,
} from '../layout.ts'
import { queryWeight, settlerPay } from '../split.ts'
import { addWeighted } from '../vectors.ts'

interface AdapterTerms {
  readonly active: boolean
  readonly version: number
  readonly k: number
  readonly baseModelId: bigint
  readonly profileHash: Hash
  readonly price: Price
}

/** What one settle call gathers while it goes over its receipts. */
interface Session {
  readonly call: AttributionCall
  readonly separator: Hash
  readonly terms: Map<bigint, AdapterTerms | undefined>
  readonly batches: Map<bigint, Batch>
  settlerWei: bigint
}

/** A receipt that passed every check, with what it will move. */
interface Accepted {
  readonly receiptId: Hash
  readonly receiptHash: Hash
  readonly queryRowHash: Hash
  readonly row: Int8Array
  readonly terms: AdapterTerms
  readonly hostId: number
  readonly host: HostRef
  readonly feeWei: bigint
}

export const settlementMethods: Methods<AttributionAbi, AttributionCall, 'settle' | 'domainSeparator'> = {
  settle: {
    gas: 500n,
    run(call, { receipts }) {
      checkCount(receipts.length, bounds.receiptsPerCall)
      const session: Session = {
        call,
        separator: separatorOf(call),
        terms: new Map(),
        batches: new Map(),
        settlerWei: 0n,
      }
      const settlements = receipts.map((receipt) => settleOne(session, receipt))
      for (const batch of session.batches.values()) recordBatch(call, batch)
      paySettler(session)
      return settlements
    },
  },

  domainSeparator: { gas: 900n, run: separatorOf },
}

function separatorOf({ host }: AttributionCall): Hash {
  return domainSeparator((data) => host.keccak(data), host.block.chainId, host.self)
}

function settleOne(session: Session, receipt: SignedReceipt): Settlement {
  const { call, separator } = session
  const hash = (data: Uint8Array) => call.host.keccak(data)
  const structHash = requestStructHash(hash, receipt.request, call.host.genesisHash)
  const receiptId = typedDataDigest(hash, separator, structHash)
  const checked = check(session, receipt, receiptId)
  if (typeof checked === 'number') {
    emit(call.host, 'ReceiptNotSettled', { receiptId, settlement: checked })
    return checked
  }
  accept(session, receipt, checked)
  return settlement.settled
}

/** The checks, cheap ones first; a code for the first that fails. */
function check(session: Session, receipt: SignedReceipt, receiptId: Hash): Settlement | Accepted {
  const { call } = session
  const { request } = receipt
  if (request.deadlineBlock < call.host.block.number) return settlement.expired
  if (receiptAt(call, receiptId).get('status') !== receiptStatus.none) return settlement.alreadySettled
  const terms = termsOf(session, request.adapterId)
  if (terms === undefined || !terms.active) return settlement.adapterNotActive
  const row = new Int8Array(receipt.queryRow.buffer, receipt.queryRow.byteOffset, receipt.queryRow.length)
  if (!isWellFormed(call, receipt, terms, row)) return settlement.malformed
  if (receipt.profileHash !== terms.profileHash) return settlement.wrongProfile
  const entry = hostOf(call, request.host)
  if (entry === undefined || !takesReceipts(call, entry.host)) return settlement.hostNotActive

  const { baseFeeWei } = call.host.block
  const feeWei = minimum(feeOf(terms.price, receipt.inputTokens, receipt.outputTokens), request.maxFeeWei)
  if (feeWei < baseFeeWei * call.parameters.settlementGas || feeWei === 0n) return settlement.feeTooLow
  const openWei = entry.host.get('openFeesWei') + feeWei
  if (entry.host.get('bondWei') < openWei * BigInt(call.parameters.hostBondMultiple)) {
    return settlement.hostBondTooLow
  }
  if (availableWei(call, receipt) < feeWei) return settlement.underfunded

  if (call.host.recover(receiptId, receipt.requesterSignature) !== request.requester) {
    return settlement.badRequestSignature
  }
  const hash = (data: Uint8Array) => call.host.keccak(data)
  const queryRowHash = hash(receipt.queryRow)
  const receiptHash = receiptStructHash(hash, receiptId, receipt, queryRowHash)
  const hostDigest = typedDataDigest(hash, session.separator, receiptHash)
  if (call.host.recover(hostDigest, receipt.hostSignature) !== entry.host.get('signer')) {
    return settlement.badReceiptSignature
  }
  return { receiptId, receiptHash, queryRowHash, row, terms, feeWei, ...entry }
}

function termsOf({ call, terms }: Session, adapterId: bigint): AdapterTerms | undefined {
  if (terms.has(adapterId)) return terms.get(adapterId)
  const view = call.adapters.adapter(adapterId)
  const block = blockOf(call)
  const read = view && {
    active: statusAt(view, block) === adapterStatus.active,
    version: view.get('version'),
    k: view.get('k'),
    baseModelId: view.get('baseModelId'),
    profileHash: call.adapters.profileHashOf(view.get('baseModelId')),
    price: priceAt(view, block),
  }
  terms.set(adapterId, read)
  return read
}

function isWellFormed(
  { host, parameters }: AttributionCall,
  receipt: SignedReceipt,
  { k, version }: AdapterTerms,
  row: Int8Array,
): boolean {
  const { request, method } = receipt
  if (request.adapterVersion !== version || method !== METHOD_GRADIENT) return false
  if (request.auditClass !== auditClass.public && request.auditClass !== auditClass.unaudited) return false
  if (row.length !== k) return false
  host.useGas(perEight(k))
  const shape = measure(row)
  return shape !== undefined && shape.squares <= k * parameters.queryNormSquaredPerK
}

function takesReceipts(call: AttributionCall, host: HostRef): boolean {
  const status = host.get('status')
  if (status === hostStatus.leaving) return blockOf(call) < host.get('withdrawableBlock')
  return status === hostStatus.active
}

function availableWei(call: AttributionCall, { request }: SignedReceipt): bigint {
  const reserved = depositAt(call, request.requester, request.host).get('balanceWei')
  return reserved + depositAt(call, request.requester, ZERO_ADDRESS).get('balanceWei')
}

function accept(session: Session, receipt: SignedReceipt, accepted: Accepted): void {
  const { call } = session
  const { request } = receipt
  const { receiptId, receiptHash, queryRowHash, terms, hostId, host, feeWei, row } = accepted
  const { adapterId, requester, application } = request
  const settlerWei = settlerPay(feeWei, call.host.block.baseFeeWei, call.parameters)
  const fromReservedWei = takeFee(call, receipt, feeWei)
  call.money.move('depositsWei', 'pendingWei', feeWei - settlerWei)
  session.settlerWei += settlerWei
  host.set('openFeesWei', host.get('openFeesWei') + feeWei)

  const batch = batchOf(session, adapterId, terms)
  const weight = queryWeight(feeWei, terms.price.baseWei)
  call.host.useGas(perEight(terms.k))
  addWeighted(batch.sum, row, weight)
  batch.receipts += 1

  const facts: ReceiptFacts = { receiptId, requester, application, settlerWei, queryRowHash, receiptHash }
  receiptAt(call, receiptId).update({
    status: receiptStatus.settled,
    flags: request.auditClass === auditClass.unaudited ? receiptFlag.unaudited : 0,
    weight,
    hostId,
    batchId: batch.batchId,
    feeWei,
    digest: digestOf(call, facts),
  })
  emit(call.host, 'ReceiptSettled', {
    ...facts,
    host: request.host,
    adapterId,
    windowIndex: batch.windowIndex,
    batchId: batch.batchId,
    feeWei,
    fromReservedWei,
    weight,
  })
}

/** Takes the fee from what is reserved for the host, then from the free deposit. Returns the reserved part. */
function takeFee(call: AttributionCall, { request }: SignedReceipt, feeWei: bigint): bigint {
  const reserved = depositAt(call, request.requester, request.host)
  const free = depositAt(call, request.requester, ZERO_ADDRESS)
  const fromReservedWei = minimum(reserved.get('balanceWei'), feeWei)
  if (fromReservedWei > 0n) reserved.set('balanceWei', reserved.get('balanceWei') - fromReservedWei)
  if (fromReservedWei < feeWei) {
    free.set('balanceWei', free.get('balanceWei') - (feeWei - fromReservedWei))
  }
  return fromReservedWei
}

function batchOf({ call, batches }: Session, adapterId: bigint, { baseModelId, k }: AdapterTerms): Batch {
  const batch = batches.get(adapterId) ?? openBatch(call, adapterId, baseModelId, k)
  batches.set(adapterId, batch)
  return batch
}

function paySettler({ call, batches, settlerWei }: Session): void {
  const [first] = batches.values()
  if (first === undefined) return
  const { host, money } = call
  money.credit('depositsWei', host.caller, creditReason.settler, refOf(first.batchId), settlerWei)
}
