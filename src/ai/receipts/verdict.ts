import { equalBytes } from '../../primitives/bytes.ts'
import { verdicts } from './openReceipt.ts'
import type { Evidence, Reexecution, RowComparison } from './ports.ts'

/**
 * What an auditor's own run says of a host's answer. Undecided is for what lies between the tolerance and ten times of
 * it: no proof of bad faith, so nobody may be slashed, but no pay either. It lets the committee miss its majority, and the
 * requester gets the fee back.
 */
export function verdictOf(
  { receipt, output }: Evidence,
  own: Reexecution,
  compareRows: RowComparison,
): number {
  const isSameOutput = equalBytes(own.output, output) || own.isCloseCall
  if (!isSameOutput) return verdicts.outputMismatch
  // the counts set the fee, and they are exact
  const isSameCount = own.inputTokens === receipt.inputTokens && own.outputTokens === receipt.outputTokens
  if (!isSameCount) return verdicts.outputMismatch
  if (own.queryRow.length !== receipt.queryRow.length) return verdicts.rowMismatch
  switch (compareRows(int8s(own.queryRow), int8s(receipt.queryRow))) {
    case 'ok':
      return verdicts.ok
    case 'refund':
      return verdicts.undecided
    case 'slash':
      return verdicts.rowMismatch
  }
}

function int8s(bytes: Uint8Array): Int8Array {
  return new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length)
}
