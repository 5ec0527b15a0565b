import { invariant, NodeError } from '../errors/errors.ts'
import { bytesToUtf8, concatBytes, utf8ToBytes } from '../primitives/bytes.ts'
import { type Address, bytesToHex, type Hash, type Hex } from '../primitives/hex.ts'
import type { KvRange } from './kv.ts'

/**
 * The whole key layout of the node. A key is one byte for its kind, then fields of fixed width, so that every kind
 * is one range and no key is a prefix of another (names of metadata and of work records excepted).
 * Heights, epochs and indexes are big endian, so that they sort as numbers.
 *
 * | kind           | byte | fields                            | value                                            |
 * |----------------|------|-----------------------------------|--------------------------------------------------|
 * | account        | `a`  | address 20                        | RLP of nonce, balance, storage root, code hash;  |
 * |                |      |                                   | the empty root and the empty hash as ''          |
 * | block          | `b`  | height 8                          | RLP of the standard block                        |
 * | code           | `c`  | code hash 32                      | the code                                         |
 * | epoch record   | `e`  | epoch 8                           | RLP of the record                                |
 * | header         | `h`  | height 8                          | RLP of the header                                |
 * | preimage       | `k`  | hash 32                           | the address or slot that has this keccak256      |
 * | metadata       | `m`  | name, UTF-8                       | by name: `head`, `layout`, and what others add   |
 * | height of hash | `n`  | block hash 32                     | height 8                                         |
 * | certificate    | `q`  | height 8                          | RLP of the certificate that decided this height  |
 * | receipts       | `r`  | height 8                          | RLP of the block's receipts                      |
 * | slot           | `s`  | address 20, slot 32               | the value, big endian, no leading zeros; a zero  |
 * |                |      |                                   | slot has no entry                                |
 * | trie node      | `t`  | owner 32, node hash 32            | height last written 8, RLP of the node           |
 * | work record    | `w`  | area 1, name, UTF-8               | what a service of this node keeps for itself     |
 * | transaction    | `x`  | transaction hash 32               | height 8, index 4                                |
 *
 * Accounts and slots are of the newest state only, under plain (not hashed) keys: a read costs no hash, and a walk
 * gives addresses and slots by name. The owner of a trie node is 32 zero bytes for the account trie and
 * keccak256(address) for a storage trie.
 */
const KIND = {
  account: 0x61,
  block: 0x62,
  code: 0x63,
  epochRecord: 0x65,
  header: 0x68,
  preimage: 0x6b,
  metadata: 0x6d,
  heightOfHash: 0x6e,
  certificate: 0x71,
  receipts: 0x72,
  slot: 0x73,
  trieNode: 0x74,
  workRecord: 0x77,
  transaction: 0x78,
} as const

export type KeyKind = keyof typeof KIND
/** Kinds whose only field is a height or an epoch. */
export type NumberedKind = 'block' | 'header' | 'certificate' | 'receipts' | 'epochRecord'

/** Raised when a change of the table above makes older data folders unreadable. */
export const STORAGE_LAYOUT = 1

export const HEIGHT_BYTES = 8
const ADDRESS_BYTES = 20
const HASH_BYTES = 32

/** Owner of the account trie's nodes. */
export const ACCOUNT_TRIE_OWNER: Uint8Array = new Uint8Array(HASH_BYTES)

export function accountKey(address: Address): Uint8Array {
  return withHex(KIND.account, address, ADDRESS_BYTES)
}

export function slotKey(address: Address, slot: Hash): Uint8Array {
  const key = new Uint8Array(1 + ADDRESS_BYTES + HASH_BYTES)
  key[0] = KIND.slot
  writeHex(key, 1, address, ADDRESS_BYTES)
  writeHex(key, 1 + ADDRESS_BYTES, slot, HASH_BYTES)
  return key
}

export function codeKey(codeHash: Hash): Uint8Array {
  return withHex(KIND.code, codeHash, HASH_BYTES)
}

/** `owner` and `nodeHash` of 32 bytes each. */
export function trieNodeKey(owner: Uint8Array, nodeHash: Uint8Array): Uint8Array {
  invariant(owner.length === HASH_BYTES && nodeHash.length === HASH_BYTES, 'A trie node key has 65 bytes.')
  const key = new Uint8Array(1 + 2 * HASH_BYTES)
  key[0] = KIND.trieNode
  key.set(owner, 1)
  key.set(nodeHash, 1 + HASH_BYTES)
  return key
}

/** `hash` of 32 bytes: a key of the tries, whose preimage the tries do not hold. */
export function preimageKey(hash: Uint8Array): Uint8Array {
  invariant(hash.length === HASH_BYTES, 'A preimage is kept under a hash.')
  const key = new Uint8Array(1 + HASH_BYTES)
  key[0] = KIND.preimage
  key.set(hash, 1)
  return key
}

export const blockKey = (height: number): Uint8Array => numberedKey('block', height)
export const headerKey = (height: number): Uint8Array => numberedKey('header', height)
export const receiptsKey = (height: number): Uint8Array => numberedKey('receipts', height)
export const certificateKey = (height: number): Uint8Array => numberedKey('certificate', height)
export const epochRecordKey = (epoch: number): Uint8Array => numberedKey('epochRecord', epoch)

export function heightOfHashKey(blockHash: Hash): Uint8Array {
  return withHex(KIND.heightOfHash, blockHash, HASH_BYTES)
}

export function transactionKey(transactionHash: Hash): Uint8Array {
  return withHex(KIND.transaction, transactionHash, HASH_BYTES)
}

export function metadataKey(name: string): Uint8Array {
  const bytes = utf8ToBytes(name)
  const key = new Uint8Array(1 + bytes.length)
  key[0] = KIND.metadata
  key.set(bytes, 1)
  return key
}

/** Names the newest whole block; written in the batch of that block. */
export const HEAD_KEY: Uint8Array = metadataKey('head')
/** Height of the snapshot that the store begins with; absent in one that has all blocks. */
export const FIRST_KEY: Uint8Array = metadataKey('first')
export const LAYOUT_KEY: Uint8Array = metadataKey('layout')

/** Services that keep records of their own beside the chain. */
const WORK_AREA = { auditor: 1, host: 2, snapshot: 3 } as const
export type WorkArea = keyof typeof WORK_AREA

export function workRecordKey(area: WorkArea, name: string): Uint8Array {
  return concatBytes(Uint8Array.of(KIND.workRecord, WORK_AREA[area]), utf8ToBytes(name))
}

export function workRecordRange(area: WorkArea): KvRange {
  return prefixRange(workRecordKey(area, ''))
}

export function nameOfWorkRecordKey(key: Uint8Array): string {
  return bytesToUtf8(key.subarray(2))
}

/** All keys of one kind. */
export function kindRange(kind: KeyKind): KvRange {
  return prefixRange(Uint8Array.of(KIND[kind]))
}

/** All slots of one account. */
export function slotRange(address: Address): KvRange {
  return prefixRange(withHex(KIND.slot, address, ADDRESS_BYTES))
}

/** Heights (or epochs) from `from` up to, not including, `to`. */
export function numberedRange(kind: NumberedKind, from: number, to: number): KvRange {
  return { gte: numberedKey(kind, from), lt: numberedKey(kind, to) }
}

/** Every key that starts with `prefix`, which is neither empty nor all 0xff. */
export function prefixRange(prefix: Uint8Array): KvRange {
  let length = prefix.length
  while (length > 0 && prefix[length - 1] === 0xff) length--
  invariant(length > 0, 'A prefix of 0xff bytes has no end.')
  const lt = prefix.slice(0, length)
  lt[length - 1] = (lt[length - 1] ?? 0) + 1
  return { gte: prefix, lt }
}

export function addressOfAccountKey(key: Uint8Array): Address {
  return bytesToHex(fieldsOf(key, KIND.account, ADDRESS_BYTES))
}

export function addressAndSlotOfKey(key: Uint8Array): { address: Address; slot: Hash } {
  const fields = fieldsOf(key, KIND.slot, ADDRESS_BYTES + HASH_BYTES)
  return {
    address: bytesToHex(fields.subarray(0, ADDRESS_BYTES)),
    slot: bytesToHex(fields.subarray(ADDRESS_BYTES)),
  }
}

/** The height (or epoch) in a key of a numbered kind. */
export function numberOfKey(kind: NumberedKind, key: Uint8Array): number {
  return decodeHeight(fieldsOf(key, KIND[kind], HEIGHT_BYTES))
}

export function encodeHeight(height: number): Uint8Array {
  const bytes = new Uint8Array(HEIGHT_BYTES)
  writeHeight(bytes, 0, height)
  return bytes
}

/** Reads the first eight bytes; more may follow. */
export function decodeHeight(bytes: Uint8Array): number {
  if (bytes.length < HEIGHT_BYTES) throw new NodeError('DATA_CORRUPT', 'A stored height has eight bytes.')
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEIGHT_BYTES)
  const height = view.getUint32(0) * 2 ** 32 + view.getUint32(4)
  if (!Number.isSafeInteger(height)) throw new NodeError('DATA_CORRUPT', 'A stored height is too large.')
  return height
}

export function writeHeight(target: Uint8Array, at: number, height: number): void {
  invariant(Number.isSafeInteger(height) && height >= 0, 'A height is an integer from 0 to 2^53 - 1.')
  const view = new DataView(target.buffer, target.byteOffset + at, HEIGHT_BYTES)
  view.setUint32(0, Math.floor(height / 2 ** 32))
  view.setUint32(4, height % 2 ** 32)
}

function numberedKey(kind: NumberedKind, number: number): Uint8Array {
  const key = new Uint8Array(1 + HEIGHT_BYTES)
  key[0] = KIND[kind]
  writeHeight(key, 1, number)
  return key
}

function fieldsOf(key: Uint8Array, kind: number, length: number): Uint8Array {
  if (key[0] !== kind || key.length !== 1 + length) {
    throw new NodeError('DATA_CORRUPT', 'A stored key has another kind or length than its range.')
  }
  return key.subarray(1)
}

function withHex(kind: number, hex: Hex, length: number): Uint8Array {
  const key = new Uint8Array(1 + length)
  key[0] = kind
  writeHex(key, 1, hex, length)
  return key
}

/** Straight into the key: every state read passes here, and `hexToBytes` checks and copies once more. */
function writeHex(target: Uint8Array, at: number, hex: Hex, length: number): void {
  if (hex.length !== 2 + 2 * length) {
    throw new NodeError('BAD_HEX', `Expected ${length} bytes of hex in a storage key.`)
  }
  for (let i = 0; i < length; i++) {
    target[at + i] = (nibbleOf(hex.charCodeAt(2 + 2 * i)) << 4) | nibbleOf(hex.charCodeAt(3 + 2 * i))
  }
}

function nibbleOf(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  if (code >= 0x61 && code <= 0x66) return code - 0x57
  throw new NodeError('BAD_HEX', 'Hex in a storage key is lower case.')
}
