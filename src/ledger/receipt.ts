import { NodeError } from '../errors/errors.ts'
import type { Address, Hash } from '../primitives/hex.ts'
import { keccak256 } from '../primitives/keccak.ts'
import {
  asAddress,
  asBigInt,
  asBytes,
  asHash,
  asInt,
  asList,
  decodeRlp,
  encodeRlp,
  fromHex,
  fromInt,
  type RlpItem,
} from '../primitives/rlp.ts'
import { orderedRoot } from './orderedRoot.ts'

export interface Log {
  readonly address: Address
  readonly topics: readonly Hash[]
  readonly data: Uint8Array
}

/** What execution leaves of a transaction; everything else in an RPC receipt follows from the block. */
export interface Receipt {
  readonly txType: number
  readonly succeeded: boolean
  /** Gas of this and all earlier transactions of the block. */
  readonly cumulativeGasUsed: bigint
  readonly logs: readonly Log[]
  /** Recovered once, so that no reader recovers it again. */
  readonly from: Address
}

const BLOOM_BYTES = 256
/** Our own data on disk, so only a guard against corruption: 30 M gas cannot write more log bytes. */
const STORED_RECEIPTS_BYTES = 64 * 1024 * 1024

/** Three bits of each address and topic (Yellow Paper 4.3.1, M3:2048). */
export function addToBloom(bloom: Uint8Array, item: Uint8Array): void {
  const digest = keccak256(item)
  for (let pair = 0; pair < 6; pair += 2) {
    const bit = (((digest[pair] ?? 0) << 8) | (digest[pair + 1] ?? 0)) & 2047
    const at = BLOOM_BYTES - 1 - (bit >> 3)
    bloom[at] = (bloom[at] ?? 0) | (1 << (bit & 7))
  }
}

export function logsBloom(logs: readonly Log[]): Uint8Array {
  const bloom = new Uint8Array(BLOOM_BYTES)
  for (const log of logs) {
    addToBloom(bloom, fromHex(log.address))
    for (const topic of log.topics) addToBloom(bloom, fromHex(topic))
  }
  return bloom
}

/** True when the bloom may hold the item; a bloom has false positives and no false negatives. */
export function mayContain(bloom: Uint8Array, item: Uint8Array): boolean {
  const wanted = new Uint8Array(BLOOM_BYTES)
  addToBloom(wanted, item)
  return wanted.every((byte, index) => ((bloom[index] ?? 0) & byte) === byte)
}

function logToRlp(log: Log): RlpItem {
  return [fromHex(log.address), log.topics.map(fromHex), log.data]
}

function logFromRlp(item: RlpItem): Log {
  const [address, topics, data] = asList(item, 3)
  return { address: asAddress(address), topics: asList(topics).map(asHash), data: asBytes(data) }
}

/** The consensus encoding that the receipts root is made of (EIP-658, EIP-2718). */
export function encodeConsensusReceipt(receipt: Receipt): Uint8Array {
  const body = encodeRlp([
    fromInt(receipt.succeeded ? 1 : 0),
    fromInt(receipt.cumulativeGasUsed),
    logsBloom(receipt.logs),
    receipt.logs.map(logToRlp),
  ])
  return receipt.txType === 0 ? body : Uint8Array.from([receipt.txType, ...body])
}

export function receiptsRoot(receipts: readonly Receipt[]): Hash {
  return orderedRoot(receipts.map(encodeConsensusReceipt))
}

/** A block's receipts as they lie on disk. */
export function encodeStoredReceipts(receipts: readonly Receipt[]): Uint8Array {
  return encodeRlp(
    receipts.map((receipt) => [
      fromInt(receipt.txType),
      fromInt(receipt.succeeded ? 1 : 0),
      fromInt(receipt.cumulativeGasUsed),
      receipt.logs.map(logToRlp),
      fromHex(receipt.from),
    ]),
  )
}

export function decodeStoredReceipts(bytes: Uint8Array): Receipt[] {
  return asList(decodeRlp(bytes, STORED_RECEIPTS_BYTES)).map((item) => {
    const [txType, succeeded, cumulativeGasUsed, logs, from] = asList(item, 5)
    const status = asInt(succeeded)
    if (status > 1) throw new NodeError('DATA_CORRUPT', 'A stored receipt has an unknown status.')
    return {
      txType: asInt(txType),
      succeeded: status === 1,
      cumulativeGasUsed: asBigInt(cumulativeGasUsed),
      logs: asList(logs).map(logFromRlp),
      from: asAddress(from),
    }
  })
}
