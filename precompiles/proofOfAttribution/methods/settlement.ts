import { type Hash, ZERO_ADDRESS } from '../../../src/primitives/hex.ts'
import { ACCESS_OPEN } from '../../adapter/layout.ts'
import { feeOf, type Price } from '../../adapter/price.ts'
import { priceAt } from '../../adapter/read.ts'
import { measure } from '../../adapter/rows.ts'
import { bounds } from '../../bounds.ts'
import type { Methods } from '../../shared/dispatch.ts'
import { perEight } from '../../shared/gas.ts'
import { refOf } from '../../shared/money.ts'
import { minimum } from '../../shared/shares.ts'
import { type Batch, type BatchKind, openBatch, recordBatch } from '../batches.ts'
import {
  type AttributionAbi,
  type AttributionCall,
  blockOf,
  checkCount,
  depositAt,
  emit,
  fail,
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
import { newestGrantId } from '../grants.ts'
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

/** What the chain says of a version of an adapter whose receipts settle in this block. */
interface AdapterTerms extends BatchKind {
  readonly profileHash: Hash
  readonly isRestricted: boolean
  readonly price: Price
}

type VersionKey = `${bigint}/${number}`

/** What one settle call gathers while it goes over its receipts. */
interface Session {
  readonly call: AttributionCall
  readonly separator: Hash
  /** A code where no receipt of the version settles. */
  readonly terms: Map<VersionKey, Settlement | AdapterTerms>
  readonly batches: Map<VersionKey, Batch>
  settlerWei: bigint
}

/** A receipt that passed every check, with what it will move. */
interface Accepted {
  readonly receiptId: Hash
  readonly receiptHash: Hash
  readonly queryRowHash: Hash
  readonly row: Int8Array
  /** Zero but in audit class 1. */
  readonly grantId: number
  readonly terms: AdapterTerms
  readonly hostId: number
  readonly host: HostRef
  readonly feeWei: bigint
}

export const settlementMethods: Methods<AttributionAbi, AttributionCall, 'settle' | 'domainSeparator'> = {
  settle: {
    gas: 500n,
    run(call, { receipts, lastBlock }) {
      if (lastBlock !== 0n && call.host.block.number > lastBlock) fail('TooLate', { lastBlock })
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
  const terms = termsOf(session, request)
  if (typeof terms === 'number') return terms
  const row = new Int8Array(receipt.queryRow.buffer, receipt.queryRow.byteOffset, receipt.queryRow.length)
  if (!isWellFormed(call, receipt, terms, row)) return settlement.malformed
  const grantId = request.auditClass === auditClass.granted ? newestGrantId(call, request.requester) : 0
  if (request.auditClass === auditClass.granted && grantId === 0) return settlement.malformed
  if (receipt.profileHash !== terms.profileHash) return settlement.wrongProfile
  if (terms.isRestricted && !mayUse(call, request)) return settlement.noAccess
  const entry = hostOf(call, request.host)
  if (entry === undefined || !takesReceipts(call, entry.host)) return settlement.hostNotActive

  const { baseFeeWei } = call.host.block
  const feeWei = minimum(feeOf(terms.price, receipt.inputTokens, receipt.outputTokens), request.maxFeeWei)
  if (feeWei < baseFeeWei * call.governed.settling().settlementGas || feeWei === 0n)
    return settlement.feeTooLow
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
  return { receiptId, receiptHash, queryRowHash, row, grantId, terms, feeWei, ...entry }
}

function termsOf({ call, terms }: Session, request: SignedReceipt['request']): Settlement | AdapterTerms {
  const { adapterId, adapterVersion } = request
  const key: VersionKey = `${adapterId}/${adapterVersion}`
  const known = terms.get(key)
  if (known !== undefined) return known
  const read = readTerms(call, adapterId, adapterVersion)
  terms.set(key, read)
  return read
}

function readTerms(
  { adapters, host }: AttributionCall,
  adapterId: bigint,
  version: number,
): Settlement | AdapterTerms {
  const block = Number(host.block.number)
  const adapter = adapters.adapter(adapterId)
  if (adapter === undefined) return settlement.adapterNotActive
  const view = adapters.version(adapter, version)
  if (view === undefined) return settlement.malformed
  if (!adapters.acceptsVersion(adapterId, version, block)) return settlement.adapterNotActive
  const baseModelId = adapter.get('baseModelId')
  return {
    adapterId,
    version,
    k: view.get('k'),
    baseModelId,
    profileHash: adapters.profileHashOf(baseModelId),
    isRestricted: adapter.get('accessPolicy') !== ACCESS_OPEN,
    price: priceAt(adapter, block),
  }
}

function mayUse(call: AttributionCall, { adapterId, requester }: SignedReceipt['request']): boolean {
  return call.adapters.mayUse(adapterId, requester, blockOf(call))
}

function isWellFormed(
  { host, parameters }: AttributionCall,
  receipt: SignedReceipt,
  { k }: AdapterTerms,
  row: Int8Array,
): boolean {
  const { request, method } = receipt
  if (method !== METHOD_GRADIENT) return false
  if (request.auditClass > auditClass.unaudited) return false
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
  const { requester, application } = request
  const { adapterId } = terms
  const settlerWei = settlerPay(feeWei, call.host.block.baseFeeWei, call.governed.settling())
  const fromReservedWei = takeFee(call, receipt, feeWei)
  call.money.move('depositsWei', 'pendingWei', feeWei - settlerWei)
  session.settlerWei += settlerWei
  host.set('openFeesWei', host.get('openFeesWei') + feeWei)

  const batch = batchOf(session, terms)
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
    grantId: accepted.grantId,
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

function batchOf({ call, batches }: Session, terms: AdapterTerms): Batch {
  const key: VersionKey = `${terms.adapterId}/${terms.version}`
  const batch = batches.get(key) ?? openBatch(call, terms)
  batches.set(key, batch)
  return batch
}

function paySettler({ call, batches, settlerWei }: Session): void {
  const [first] = batches.values()
  if (first === undefined) return
  const { host, money } = call
  money.credit('depositsWei', host.caller, creditReason.settler, refOf(first.batchId), settlerWei)
}
