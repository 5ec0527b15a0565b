import { decodeFunctionData, encodeFunctionData, getAbiItem, toFunctionSelector } from 'viem'
import { iProofOfAttributionAbi } from '../../../contracts/generated/IProofOfAttribution.ts'
import { ATTRIBUTION_ADDRESS } from '../../../precompiles/addresses.ts'
import { limits } from '../../config/limits.ts'
import { type Address, bytesToHex, type Hash, type Hex, hexToBytes } from '../../primitives/hex.ts'
import { keccakHex } from '../../primitives/keccak.ts'
import type { SealedVerdict } from './commitments.ts'
import type { ReceiptFacts } from './events.ts'
import { gasOf } from './gas.ts'
import type { TransactionRequest } from './ports.ts'
import type { SignedReceipt } from './typedData.ts'

/** Calls of Proof of Attribution as transactions, each with the gas that it may need. */

const abi = iProofOfAttributionAbi

function request(data: Hex, gasLimit: number, valueWei = 0n): TransactionRequest {
  const capped = Math.min(gasLimit, limits.transactionGas)
  return { to: ATTRIBUTION_ADDRESS, data, valueWei, gasLimit: BigInt(capped) }
}

/** The call fails, and costs next to nothing, in a block after `lastBlock`. */
export function settleCall(receipts: readonly SignedReceipt[], lastBlock: number): TransactionRequest {
  const args = receipts.map((receipt) => ({
    ...receipt,
    queryRow: bytesToHex(receipt.queryRow),
    requesterSignature: bytesToHex(receipt.requesterSignature),
    hostSignature: bytesToHex(receipt.hostSignature),
  }))
  const data = encodeFunctionData({ abi, functionName: 'settle', args: [args, BigInt(lastBlock)] })
  const adapters = new Set(receipts.map((receipt) => receipt.request.adapterId)).size
  const rowBytes = receipts.reduce((most, receipt) => Math.max(most, receipt.queryRow.length), 0)
  return request(data, gasOf.settle(receipts.length, adapters, rowBytes))
}

export function drawAuditsCall(receiptIds: readonly Hash[]): TransactionRequest {
  const data = encodeFunctionData({ abi, functionName: 'drawAudits', args: [receiptIds] })
  return request(data, gasOf.drawAudits(receiptIds.length))
}

export function finalizeCall(
  items: readonly {
    readonly facts: ReceiptFacts
    readonly queryRow: Uint8Array | undefined
    /** Of its appeal. */
    readonly electors: number
  }[],
): TransactionRequest {
  const facts = items.map((item) => item.facts)
  const rows = items.map(({ queryRow }) => (queryRow === undefined ? '0x' : bytesToHex(queryRow)))
  const data = encodeFunctionData({ abi, functionName: 'finalize', args: [facts, rows] })
  const rowBytes = items.reduce((sum, { queryRow }) => sum + (queryRow?.length ?? 0), 0)
  const electors = items.reduce((sum, item) => sum + item.electors, 0)
  return request(data, gasOf.finalize(items.length, rowBytes, electors))
}

/** `auditors` of the base model, of the one that has the most. */
export function openAppealCall(facts: readonly ReceiptFacts[], auditors: number): TransactionRequest {
  const data = encodeFunctionData({ abi, functionName: 'openAppeal', args: [facts] })
  return request(data, gasOf.openAppeal(facts.length, auditors))
}

/** What the gas of closing depends on. */
export interface WindowSize {
  /** Settled batches, at most one for each receipt. */
  readonly batches: number
  /** Rows of the adapter, and members to pay. */
  readonly rows: number
  readonly k: number
}

export function closeWindowCall(adapterId: bigint, maxWork: number, size: WindowSize): TransactionRequest {
  const data = encodeFunctionData({ abi, functionName: 'closeWindow', args: [adapterId, maxWork] })
  return request(data, gasOf.closeWindow(maxWork, size.batches, size.rows, size.k))
}

export function commitAuditCall(receiptIds: readonly Hash[], commitment: Hash): TransactionRequest {
  const data = encodeFunctionData({ abi, functionName: 'commitAudit', args: [receiptIds, commitment] })
  return request(data, gasOf.commitAudit(receiptIds.length))
}

export function revealAuditCall(verdicts: readonly SealedVerdict[], salt: Hash): TransactionRequest {
  const data = encodeFunctionData({
    abi,
    functionName: 'revealAudit',
    args: [
      verdicts.map(({ receiptId }) => receiptId),
      verdicts.map(({ verdict }) => verdict),
      verdicts.map(({ digest }) => digest),
      salt,
    ],
  })
  return request(data, gasOf.revealAudit(verdicts.length))
}

export function commitAppealCall(receiptIds: readonly Hash[], commitment: Hash): TransactionRequest {
  const data = encodeFunctionData({ abi, functionName: 'commitAppeal', args: [receiptIds, commitment] })
  return request(data, gasOf.commitAppeal(receiptIds.length))
}

export function revealAppealCall(votes: readonly SealedVerdict[], salt: Hash): TransactionRequest {
  const receiptIds = votes.map(({ receiptId }) => receiptId)
  const given = votes.map(({ verdict }) => verdict)
  const data = encodeFunctionData({ abi, functionName: 'revealAppeal', args: [receiptIds, given, salt] })
  return request(data, gasOf.revealAppeal(votes.length))
}

export function addAuditorBondCall(baseModelId: bigint, amountWei: bigint): TransactionRequest {
  const data = encodeFunctionData({ abi, functionName: 'addAuditorBond', args: [baseModelId] })
  return request(data, gasOf.registration, amountWei)
}

export function registerAuditorCall(baseModelId: bigint, bondWei: bigint): TransactionRequest {
  const data = encodeFunctionData({ abi, functionName: 'registerAuditor', args: [baseModelId] })
  return request(data, gasOf.registration, bondWei)
}

export function registerHostCall(signer: Address, endpoint: string, bondWei: bigint): TransactionRequest {
  const data = encodeFunctionData({ abi, functionName: 'registerHost', args: [signer, endpoint] })
  return request(data, gasOf.registration, bondWei)
}

export function updateHostCall(signer: Address, endpoint: string): TransactionRequest {
  const data = encodeFunctionData({ abi, functionName: 'updateHost', args: [signer, endpoint] })
  return request(data, gasOf.registration)
}

export function addHostBondCall(amountWei: bigint): TransactionRequest {
  const data = encodeFunctionData({ abi, functionName: 'addHostBond' })
  return request(data, gasOf.registration, amountWei)
}

const settleSelector = Buffer.from(hexToBytes(toFunctionSelector(getAbiItem({ abi, name: 'settle' }))))
/** A `settle` may be wrapped in the call of a contract; more than some of them in one input are not looked for. */
const WRAPPED_CALLS = 16

/** The query row with this hash, out of the input of the transaction that settled its receipt. */
export function findQueryRow(input: Uint8Array, queryRowHash: Hash): Uint8Array | undefined {
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength)
  let at = bytes.indexOf(settleSelector)
  for (let tried = 0; at >= 0 && tried < WRAPPED_CALLS; tried++) {
    for (const row of rowsOfSettle(bytes.subarray(at))) {
      if (keccakHex(row) === queryRowHash) return row
    }
    at = bytes.indexOf(settleSelector, at + 1)
  }
  return undefined
}

function rowsOfSettle(input: Uint8Array): Uint8Array[] {
  try {
    const { functionName, args } = decodeFunctionData({ abi, data: bytesToHex(input) })
    return functionName === 'settle' ? args[0].map(({ queryRow }) => hexToBytes(queryRow)) : []
  } catch {
    return []
  }
}
