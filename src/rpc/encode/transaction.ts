import type { Block } from '@ethereumjs/block'
import {
  isAccessList2930Tx,
  isBlob4844Tx,
  isEOACode7702Tx,
  isLegacyTx,
  type TypedTransaction,
} from '@ethereumjs/tx'
import { bytesToBigInt } from '../../primitives/bytes.ts'
import { type Address, bytesToHex, type Hash } from '../../primitives/hex.ts'
import { keccak256 } from '../../primitives/keccak.ts'
import type { AccessListItem } from '../ports.ts'
import { quantity } from './quantity.ts'

/** The signer; recovered once, then cached in the transaction object. */
export function senderOf(tx: TypedTransaction): Address {
  return bytesToHex(keccak256(tx.getSenderPublicKey()).subarray(12))
}

/** What the transaction pays per gas in a block with this base fee. */
export function effectiveGasPriceWei(tx: TypedTransaction, baseFeeWei: bigint | undefined): bigint {
  if (isLegacyTx(tx) || isAccessList2930Tx(tx)) return tx.gasPrice
  const offered = (baseFeeWei ?? 0n) + tx.maxPriorityFeePerGas
  return offered < tx.maxFeePerGas ? offered : tx.maxFeePerGas
}

/** Where a mined transaction stands. */
export interface TransactionPlace {
  readonly block: Block
  readonly index: number
}

/** A transaction as the execution-apis show it: mined when it has a place, pending else. */
export function encodeTransaction(tx: TypedTransaction, place?: TransactionPlace): Record<string, unknown> {
  const header = place?.block.header
  return {
    blockHash: header === undefined ? null : bytesToHex(header.hash()),
    blockNumber: header === undefined ? null : quantity(header.number),
    blockTimestamp: header === undefined ? null : quantity(header.timestamp),
    transactionIndex: place === undefined ? null : quantity(place.index),
    hash: bytesToHex(tx.hash()),
    from: senderOf(tx),
    to: tx.to === undefined ? null : bytesToHex(tx.to.bytes),
    type: quantity(tx.type),
    nonce: quantity(tx.nonce),
    gas: quantity(tx.gasLimit),
    value: quantity(tx.value),
    input: bytesToHex(tx.data),
    ...encodeFees(tx, header?.baseFeePerGas, place !== undefined),
    ...encodeLists(tx),
    ...encodeSignature(tx),
  }
}

/** `gasPrice` of a mined transaction is what it paid; of a pending one, the most it may pay. */
function encodeFees(
  tx: TypedTransaction,
  baseFeeWei: bigint | undefined,
  isMined: boolean,
): Record<string, unknown> {
  if (isLegacyTx(tx) || isAccessList2930Tx(tx)) return { gasPrice: quantity(tx.gasPrice) }
  return {
    gasPrice: quantity(isMined ? effectiveGasPriceWei(tx, baseFeeWei) : tx.maxFeePerGas),
    maxFeePerGas: quantity(tx.maxFeePerGas),
    maxPriorityFeePerGas: quantity(tx.maxPriorityFeePerGas),
  }
}

function encodeLists(tx: TypedTransaction): Record<string, unknown> {
  if (isLegacyTx(tx)) return {}
  return {
    accessList: tx.accessList.map(([address, keys]) => ({
      address: bytesToHex(address),
      storageKeys: keys.map(bytesToHex),
    })),
    ...(isBlob4844Tx(tx)
      ? { maxFeePerBlobGas: quantity(tx.maxFeePerBlobGas), blobVersionedHashes: tx.blobVersionedHashes }
      : {}),
    ...(isEOACode7702Tx(tx)
      ? {
          authorizationList: tx.authorizationList.map(([chainId, address, nonce, yParity, r, s]) => ({
            chainId: quantity(bytesToBigInt(chainId)),
            address: bytesToHex(address),
            nonce: quantity(bytesToBigInt(nonce)),
            yParity: quantity(bytesToBigInt(yParity)),
            r: quantity(bytesToBigInt(r)),
            s: quantity(bytesToBigInt(s)),
          })),
        }
      : {}),
  }
}

function encodeSignature(tx: TypedTransaction): Record<string, unknown> {
  const [v, r, s] = [tx.v ?? 0n, tx.r ?? 0n, tx.s ?? 0n]
  const signature = { v: quantity(v), r: quantity(r), s: quantity(s) }
  if (!isLegacyTx(tx)) return { ...signature, chainId: quantity(tx.chainId), yParity: quantity(v) }
  // EIP-155: v carries the chain id; 27 and 28 hold on every chain.
  return v >= 35n ? { ...signature, chainId: quantity((v - 35n) / 2n) } : signature
}

export function encodeAccessList(
  list: readonly AccessListItem[],
): { address: Address; storageKeys: Hash[] }[] {
  return list.map(({ address, storageKeys }) => ({ address, storageKeys: [...storageKeys] }))
}
