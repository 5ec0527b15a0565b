import type { Block, BlockHeader } from '@ethereumjs/block'
import { bytesToHex, type Hex } from '../../primitives/hex.ts'
import { quantity } from './quantity.ts'
import { encodeTransaction } from './transaction.ts'

/** A header as the execution-apis and the `newHeads` subscription show it; fields of later forks only when present. */
export function encodeHeader(header: BlockHeader): Record<string, unknown> {
  return {
    hash: bytesToHex(header.hash()),
    parentHash: bytesToHex(header.parentHash),
    sha3Uncles: bytesToHex(header.uncleHash),
    miner: bytesToHex(header.coinbase.bytes),
    stateRoot: bytesToHex(header.stateRoot),
    transactionsRoot: bytesToHex(header.transactionsTrie),
    receiptsRoot: bytesToHex(header.receiptTrie),
    logsBloom: bytesToHex(header.logsBloom),
    difficulty: quantity(header.difficulty),
    number: quantity(header.number),
    gasLimit: quantity(header.gasLimit),
    gasUsed: quantity(header.gasUsed),
    timestamp: quantity(header.timestamp),
    extraData: bytesToHex(header.extraData),
    mixHash: bytesToHex(header.mixHash),
    nonce: bytesToHex(header.nonce),
    ...whenPresent('baseFeePerGas', header.baseFeePerGas, quantity),
    ...whenPresent('withdrawalsRoot', header.withdrawalsRoot, bytesToHex),
    ...whenPresent('blobGasUsed', header.blobGasUsed, quantity),
    ...whenPresent('excessBlobGas', header.excessBlobGas, quantity),
    ...whenPresent('parentBeaconBlockRoot', header.parentBeaconBlockRoot, bytesToHex),
    ...whenPresent('requestsHash', header.requestsHash, bytesToHex),
  }
}

/** A block, with whole transactions or with their hashes. */
export function encodeBlock(block: Block, withTransactions: boolean): Record<string, unknown> {
  return {
    ...encodeHeader(block.header),
    size: quantity(block.serialize().length),
    transactions: withTransactions
      ? block.transactions.map((tx, index) => encodeTransaction(tx, { block, index }))
      : block.transactions.map((tx) => bytesToHex(tx.hash())),
    uncles: block.uncleHeaders.map((uncle) => bytesToHex(uncle.hash())),
    ...whenPresent('withdrawals', block.withdrawals, (withdrawals) =>
      withdrawals.map((withdrawal) => ({
        index: quantity(withdrawal.index),
        validatorIndex: quantity(withdrawal.validatorIndex),
        address: bytesToHex(withdrawal.address.bytes),
        amount: quantity(withdrawal.amount),
      })),
    ),
  }
}

function whenPresent<T>(name: string, value: T | undefined, encode: (value: T) => Hex | unknown[]) {
  return value === undefined ? {} : { [name]: encode(value) }
}
