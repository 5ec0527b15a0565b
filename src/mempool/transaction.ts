import type { Common } from '@ethereumjs/common'
import {
  type AccessList2930Tx,
  create1559FeeMarketTxFromBytesArray,
  createAccessList2930TxFromBytesArray,
  createEOACode7702TxFromBytesArray,
  createLegacyTxFromBytesArray,
  type EOACode7702Tx,
  type FeeMarket1559Tx,
  type LegacyTx,
  TransactionType,
} from '@ethereumjs/tx'
import { limits } from '../config/limits.ts'
import { messageOf, NodeError } from '../errors/errors.ts'
import { bytesToBigInt, equalBytes } from '../primitives/bytes.ts'
import { type Address, bytesToHex, type Hash } from '../primitives/hex.ts'
import { keccak256, keccakHex } from '../primitives/keccak.ts'
import { decodeRlp, type RlpItem } from '../primitives/rlp.ts'

/** The kinds of transaction that the chain takes; type 3 (blobs) is refused by its rules. */
export type ChainTransaction = LegacyTx | AccessList2930Tx | FeeMarket1559Tx | EOACode7702Tx

/** A transaction decoded and its signer recovered, once; everything after reads these fields. */
export interface PooledTransaction {
  readonly tx: ChainTransaction
  readonly hash: Hash
  readonly sender: Address
  readonly nonce: bigint
  readonly gasLimit: bigint
  /** The most it pays per gas, base fee included. */
  readonly feeCapWei: bigint
  /** The most it pays per gas to the proposer. */
  readonly tipCapWei: bigint
  /** Value and gas limit at the fee cap: what its sender must own. */
  readonly costWei: bigint
  /** The canonical encoding, as gossiped. */
  readonly bytes: Uint8Array
}

interface Layout {
  readonly fields: number
  readonly gasLimitIndex: number
  /** Where lists stand; all other fields are byte strings. */
  readonly accessListIndex?: number
  readonly authorizationListIndex?: number
}

/** EIP-155, EIP-2930, EIP-1559, EIP-7702: the order of the fields of each payload. */
const LAYOUTS = {
  0: { fields: 9, gasLimitIndex: 2 },
  1: { fields: 11, gasLimitIndex: 3, accessListIndex: 7 },
  2: { fields: 12, gasLimitIndex: 4, accessListIndex: 8 },
  4: { fields: 13, gasLimitIndex: 4, accessListIndex: 8, authorizationListIndex: 9 },
} as const satisfies Record<number, Layout>

type SupportedType = keyof typeof LAYOUTS

/** EIP-7825: no transaction may take more gas than this. */
export const TRANSACTION_GAS_CAP = 2n ** 24n

export function transactionHash(bytes: Uint8Array): Hash {
  return keccakHex(bytes)
}

/**
 * Decodes one transaction as it travels and recovers its signer. Checks everything that no state is needed for,
 * except what it must pay. Fails with TX_INVALID, TX_TYPE_REFUSED, TX_WRONG_CHAIN, TX_GAS_TOO_HIGH, BAD_RLP or
 * LIMIT_EXCEEDED. `common` names the chain and the fork that the next block runs under.
 */
export function decodeTransaction(bytes: Uint8Array, common: Common): PooledTransaction {
  if (bytes.length > limits.transactionBytes) {
    throw new NodeError(
      'LIMIT_EXCEEDED',
      `A transaction has at most ${limits.transactionBytes} bytes; this one has ${bytes.length}.`,
    )
  }
  const type = typeOf(bytes)
  const fields = decodeFields(type, bytes)
  checkChain(type, fields, common)
  checkGasCap(type, fields, common)
  const tx = build(type, fields, common)
  // One transaction, one hash: a second encoding of the same fields is refused.
  if (!equalBytes(tx.serialize(), bytes)) throw invalid('encoding', 'The encoding is not canonical.')
  return describe(tx, bytes)
}

function typeOf(bytes: Uint8Array): SupportedType {
  const first = bytes[0]
  if (first === undefined) throw invalid('encoding', 'The transaction is empty.')
  if (first >= 0xc0) return TransactionType.Legacy
  if (first >= 0x80) throw invalid('encoding', 'Expected a transaction type or a list.')
  if (first === 1 || first === 2 || first === 4) return first
  throw new NodeError('TX_TYPE_REFUSED', `Transactions of type ${first} are not taken here.`, { type: first })
}

function decodeFields(type: SupportedType, bytes: Uint8Array): RlpItem[] {
  const layout: Layout = LAYOUTS[type]
  const payload = type === TransactionType.Legacy ? bytes : bytes.subarray(1)
  const fields = decodeRlp(payload, limits.transactionBytes)
  if (!Array.isArray(fields) || fields.length !== layout.fields) {
    throw invalid('encoding', `A transaction of type ${type} has ${layout.fields} fields.`)
  }
  for (const [index, field] of fields.entries()) {
    if (index === layout.accessListIndex) checkAccessList(field)
    else if (index === layout.authorizationListIndex) checkTuples(field, 6)
    else if (!(field instanceof Uint8Array)) throw invalid('encoding', `Field ${index} must be bytes.`)
  }
  return fields
}

// A list has a length too: without these checks a list of 32 items would pass for a storage key.
function checkAccessList(list: RlpItem): void {
  if (!Array.isArray(list)) throw invalid('encoding', 'The access list is not a list.')
  for (const item of list) {
    const [address, keys] = Array.isArray(item) && item.length === 2 ? item : []
    if (!(address instanceof Uint8Array) || !Array.isArray(keys)) {
      throw invalid('encoding', 'An access list item is an address and a list of keys.')
    }
    if (!keys.every((key) => key instanceof Uint8Array)) {
      throw invalid('encoding', 'A storage key must be bytes.')
    }
  }
}

function checkTuples(list: RlpItem, length: number): void {
  const wellFormed =
    Array.isArray(list) &&
    list.every(
      (tuple) =>
        Array.isArray(tuple) &&
        tuple.length === length &&
        tuple.every((member) => member instanceof Uint8Array),
    )
  if (!wellFormed) throw invalid('encoding', `An authorization is a list of ${length} byte strings.`)
}

function checkChain(type: SupportedType, fields: RlpItem[], common: Common): void {
  const expected = common.chainId()
  const found = type === TransactionType.Legacy ? legacyChainId(fields) : integer(fields[0])
  if (found !== undefined && found !== expected) {
    throw new NodeError('TX_WRONG_CHAIN', `Invalid chain id ${found}; this chain is ${expected}.`)
  }
}

/** EIP-155; undefined for a signature that holds on every chain. */
function legacyChainId(fields: RlpItem[]): bigint | undefined {
  const v = integer(fields[6])
  if (v === 27n || v === 28n) return undefined
  if (v < 35n) throw invalid('signature', 'The signature’s v must be 27, 28 or carry the chain id.')
  return (v - 35n) / 2n
}

function checkGasCap(type: SupportedType, fields: RlpItem[], common: Common): void {
  if (!common.isActivatedEIP(7825)) return
  const gasLimit = integer(fields[LAYOUTS[type].gasLimitIndex])
  if (gasLimit > TRANSACTION_GAS_CAP) {
    throw new NodeError(
      'TX_GAS_TOO_HIGH',
      `A transaction takes at most ${TRANSACTION_GAS_CAP} gas (EIP-7825).`,
      { gasLimit },
    )
  }
}

function build(type: SupportedType, fields: RlpItem[], common: Common): ChainTransaction {
  try {
    switch (type) {
      case 0:
        return createLegacyTxFromBytesArray(fields as never, { common })
      case 1:
        return createAccessList2930TxFromBytesArray(fields as never, { common })
      case 2:
        return create1559FeeMarketTxFromBytesArray(fields as never, { common })
      case 4:
        return createEOACode7702TxFromBytesArray(fields as never, { common })
    }
  } catch (error) {
    throw invalid('fields', `The transaction is malformed: ${messageOf(error).slice(0, 160)}.`, error)
  }
}

function describe(tx: ChainTransaction, bytes: Uint8Array): PooledTransaction {
  const isLegacyFee = tx.type === TransactionType.Legacy || tx.type === TransactionType.AccessListEIP2930
  const feeCapWei = isLegacyFee
    ? (tx as LegacyTx | AccessList2930Tx).gasPrice
    : (tx as FeeMarket1559Tx | EOACode7702Tx).maxFeePerGas
  const tipCapWei = isLegacyFee ? feeCapWei : (tx as FeeMarket1559Tx | EOACode7702Tx).maxPriorityFeePerGas
  return {
    tx,
    hash: transactionHash(bytes),
    sender: recoverSender(tx),
    nonce: tx.nonce,
    gasLimit: tx.gasLimit,
    feeCapWei,
    tipCapWei,
    costWei: tx.value + tx.gasLimit * feeCapWei,
    // A view would keep the whole message alive that the transaction came in.
    bytes: bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice(),
  }
}

/** Signatures with a high s are refused (EIP-2). The recovered key stays cached in the transaction object. */
function recoverSender(tx: ChainTransaction): Address {
  try {
    return bytesToHex(keccak256(tx.getSenderPublicKey()).subarray(12))
  } catch (error) {
    throw invalid('signature', 'Invalid signature: it recovers to no sender, or is not low-s.', error)
  }
}

/** Legacy transactions may be signed for every chain; the pool takes those only when it is told to. */
export function isReplayProtected(transaction: PooledTransaction): boolean {
  const { tx } = transaction
  return tx.type !== TransactionType.Legacy || (tx.v !== 27n && tx.v !== 28n)
}

function integer(item: RlpItem | undefined): bigint {
  return item instanceof Uint8Array ? bytesToBigInt(item) : 0n
}

function invalid(reason: string, message: string, cause?: unknown): NodeError {
  return new NodeError('TX_INVALID', message, { reason }, cause)
}
