import type { Block } from '@ethereumjs/block'
import { isBlob4844Tx } from '@ethereumjs/tx'
import { NodeError } from '../../errors/errors.ts'
import { type Address, bytesToHex, hexToBytes } from '../../primitives/hex.ts'
import { keccakHex } from '../../primitives/keccak.ts'
import { encodeRlp, fromInt } from '../../primitives/rlp.ts'
import type { LocatedLog, ReceiptRecord } from '../ports.ts'
import { quantity } from './quantity.ts'
import { effectiveGasPriceWei, senderOf } from './transaction.ts'

/** EIP-4844. */
const GAS_PER_BLOB = 131_072

export function encodeLog(log: LocatedLog): Record<string, unknown> {
  return {
    address: log.address,
    topics: log.topics,
    data: bytesToHex(log.data),
    blockNumber: quantity(log.blockNumber),
    blockHash: log.blockHash,
    blockTimestamp: quantity(log.blockTimestamp),
    transactionHash: log.transactionHash,
    transactionIndex: quantity(log.transactionIndex),
    logIndex: quantity(log.logIndex),
    // Blocks are final: no log is ever taken back.
    removed: false,
  }
}

/** The logs of a block, numbered through. */
export function locateLogs(block: Block, receipts: readonly ReceiptRecord[]): LocatedLog[] {
  const blockHash = bytesToHex(block.hash())
  const { number: blockNumber, timestamp: blockTimestamp } = block.header
  const located: LocatedLog[] = []
  for (const [transactionIndex, receipt] of receipts.entries()) {
    const tx = block.transactions[transactionIndex]
    if (tx === undefined || receipt.logs.length === 0) continue
    const transactionHash = bytesToHex(tx.hash())
    for (const { address, topics, data } of receipt.logs) {
      const logIndex = located.length
      located.push({
        ...{ address, topics, data, blockHash, blockNumber, blockTimestamp },
        ...{ transactionHash, transactionIndex, logIndex },
      })
    }
  }
  return located
}

/** The receipt of one transaction of a block. */
export function encodeReceiptAt(block: Block, receipts: readonly ReceiptRecord[], index: number) {
  const logs = locateLogs(block, receipts).filter((log) => log.transactionIndex === index)
  return encodeReceipt(block, receipts, index, logs)
}

function encodeReceipt(
  block: Block,
  receipts: readonly ReceiptRecord[],
  index: number,
  logs: readonly LocatedLog[],
): Record<string, unknown> {
  const [tx, receipt] = [block.transactions[index], receipts[index]]
  if (tx === undefined || receipt === undefined) {
    throw new NodeError('DATA_CORRUPT', `Block ${block.header.number} has no receipt ${index}.`)
  }
  const { header } = block
  const gasUsed = receipt.cumulativeGasUsed - (receipts[index - 1]?.cumulativeGasUsed ?? 0n)
  const from = senderOf(tx)
  return {
    transactionHash: bytesToHex(tx.hash()),
    transactionIndex: quantity(index),
    blockHash: bytesToHex(header.hash()),
    blockNumber: quantity(header.number),
    from,
    to: tx.to === undefined ? null : bytesToHex(tx.to.bytes),
    contractAddress: tx.to === undefined ? createdAddress(from, tx.nonce) : null,
    type: quantity(tx.type),
    cumulativeGasUsed: quantity(receipt.cumulativeGasUsed),
    gasUsed: quantity(gasUsed),
    effectiveGasPrice: quantity(effectiveGasPriceWei(tx, header.baseFeePerGas)),
    logs: logs.map(encodeLog),
    logsBloom: bytesToHex(receipt.logsBloom),
    ...(receipt.status === undefined ? { root: receipt.stateRoot } : { status: quantity(receipt.status) }),
    ...(isBlob4844Tx(tx)
      ? {
          blobGasUsed: quantity(tx.numBlobs() * GAS_PER_BLOB),
          blobGasPrice: quantity(header.getBlobGasPrice()),
        }
      : {}),
  }
}

/** All receipts of a block, in order. */
export function encodeReceipts(block: Block, receipts: readonly ReceiptRecord[]): Record<string, unknown>[] {
  const byTransaction = new Map<number, LocatedLog[]>()
  for (const log of locateLogs(block, receipts)) {
    const group = byTransaction.get(log.transactionIndex)
    if (group === undefined) byTransaction.set(log.transactionIndex, [log])
    else group.push(log)
  }
  return block.transactions.map((_, index) =>
    encodeReceipt(block, receipts, index, byTransaction.get(index) ?? []),
  )
}

/** Yellow paper, section 7: the last 20 bytes of keccak256(rlp([sender, nonce])). */
function createdAddress(sender: Address, nonce: bigint): Address {
  return `0x${keccakHex(encodeRlp([hexToBytes(sender), fromInt(nonce)])).slice(26)}`
}
