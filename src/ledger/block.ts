import { type Block, type BlockBytes, createBlockFromBytesArray } from '@ethereumjs/block'
import type { Common } from '@ethereumjs/common'
import { isBlob4844Tx, type TypedTransaction } from '@ethereumjs/tx'
import { limits } from '../config/limits.ts'
import { isNodeError, messageOf, NodeError } from '../errors/errors.ts'
import { equalBytes } from '../primitives/bytes.ts'
import { bytesToHex, type Hash } from '../primitives/hex.ts'
import { asList, checkRlp, decodeRlp } from '../primitives/rlp.ts'
import { decodeEnvelope, type Envelope, encodeEnvelope, parentCertificateRoot } from './envelope.ts'
import { orderedRoot } from './orderedRoot.ts'

export type { Block } from '@ethereumjs/block'

export const blockHashOf = (block: Block): Hash => bytesToHex(block.hash())
export const heightOf = (block: Block): number => Number(block.header.number)

/**
 * A block from its RLP; its transactions are decoded but neither validated nor recovered. The library's own RLP decoder
 * copies each list anew at each level, so that 4 MB of nested lists would take all memory: ours reads the block, and
 * looks through typed transactions before the library does.
 */
export function decodeBlock(bytes: Uint8Array, common: Common): Block {
  try {
    const fields = asList(decodeRlp(bytes, limits.blockBytes))
    for (const transaction of asList(fields[1])) {
      if (transaction instanceof Uint8Array) checkRlp(transaction.subarray(1))
    }
    return createBlockFromBytesArray(fields as BlockBytes, { common, setHardfork: false, freeze: false })
  } catch (error) {
    if (isNodeError(error, 'LIMIT_EXCEEDED')) throw error
    throw new NodeError('BAD_BODY', `The block cannot be decoded: ${messageOf(error)}`, {}, error)
  }
}

/** Body rules that need no state: transaction types and sizes, and the transactions root. */
export function checkBody(block: Block): void {
  for (const tx of block.transactions) checkTransactionForm(tx)
  if (transactionsRoot(block.transactions) !== bytesToHex(block.header.transactionsTrie)) {
    throw new NodeError('BAD_BODY', 'The transactions root does not match the transactions.')
  }
}

export function transactionsRoot(transactions: readonly TypedTransaction[]): Hash {
  return orderedRoot(transactions.map((tx) => tx.serialize()))
}

/**
 * Decodes an envelope's block and refuses one that its hash does not name whole: another body under the same header,
 * another certificate, or another encoding of the same content.
 */
export function decodeEnvelopeBlock(bytes: Uint8Array, common: Common): { envelope: Envelope; block: Block } {
  const envelope = decodeEnvelope(bytes)
  const block = decodeBlock(envelope.block, common)
  checkBody(block)
  const { uncleHeaders, withdrawals, header } = block
  const root = parentCertificateRoot(envelope.parentCertificate)
  const isWhole =
    uncleHeaders.length === 0 &&
    withdrawals?.length === 0 &&
    header.parentBeaconBlockRoot !== undefined &&
    bytesToHex(header.parentBeaconBlockRoot) === root &&
    equalBytes(block.serialize(), envelope.block) &&
    equalBytes(encodeEnvelope(envelope), bytes)
  if (!isWhole) throw new NodeError('BAD_BODY', 'The block hash does not commit to the whole envelope.')
  return { envelope, block }
}

export function checkTransactionForm(tx: TypedTransaction): void {
  if (isBlob4844Tx(tx)) throw new NodeError('TX_TYPE_REFUSED', 'This chain has no blob transactions.')
  const bytes = tx.serialize().length
  if (bytes > limits.transactionBytes) {
    throw new NodeError(
      'LIMIT_EXCEEDED',
      `A transaction of ${bytes} bytes; at most ${limits.transactionBytes}.`,
    )
  }
}
