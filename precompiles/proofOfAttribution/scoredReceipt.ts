import { type AttributionCall, batchAt, fail, type ReceiptFacts, windowAt } from './call.ts'
import { provenReceipt } from './facts.ts'
import { type WindowVersion, windowVersion } from './windowReader.ts'

/** A settled receipt's own query, and the rows that it is scored against. */
export function scoredReceipt(
  call: AttributionCall,
  facts: ReceiptFacts,
  queryRow: Uint8Array,
): { readonly of: WindowVersion; readonly query: Int8Array } {
  const receipt = provenReceipt(call, facts)
  if (call.host.keccak(queryRow) !== facts.queryRowHash) fail('InvalidRow')
  const { adapterId, windowIndex } = batchAt(call, receipt.get('batchId')).values()
  const of = windowVersion(call, adapterId, windowAt(call, adapterId, windowIndex))
  return { of, query: new Int8Array(queryRow.buffer, queryRow.byteOffset, queryRow.length) }
}
