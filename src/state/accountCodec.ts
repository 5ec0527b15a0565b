import { limits } from '../config/limits.ts'
import { NodeError } from '../errors/errors.ts'
import { bigIntToMinimalBytes, EMPTY_BYTES } from '../primitives/bytes.ts'
import { type Hash, hexToBytes } from '../primitives/hex.ts'
import { EMPTY_CODE_HASH, EMPTY_TRIE_ROOT } from '../primitives/keccak.ts'
import { asBigInt, asBytes, asHash, asList, decodeRlp, encodeRlp } from '../primitives/rlp.ts'
import type { AccountRecord } from './types.ts'

const EMPTY_TRIE_ROOT_BYTES = hexToBytes(EMPTY_TRIE_ROOT)
const EMPTY_CODE_HASH_BYTES = hexToBytes(EMPTY_CODE_HASH)

/** The leaf of the state trie: RLP of nonce, balance, storage root, code hash (Yellow Paper, section 4.1). */
export function encodeTrieAccount(account: AccountRecord): Uint8Array {
  const { storageRoot, codeHash } = account
  return encodeAccount(
    account,
    storageRoot === EMPTY_TRIE_ROOT ? EMPTY_TRIE_ROOT_BYTES : hexToBytes(storageRoot),
    codeHash === EMPTY_CODE_HASH ? EMPTY_CODE_HASH_BYTES : hexToBytes(codeHash),
  )
}

/** As the leaf, but an empty root and an empty code hash are '': 64 bytes less for most accounts. */
export function encodeFlatAccount(account: AccountRecord): Uint8Array {
  const { storageRoot, codeHash } = account
  return encodeAccount(
    account,
    storageRoot === EMPTY_TRIE_ROOT ? EMPTY_BYTES : hexToBytes(storageRoot),
    codeHash === EMPTY_CODE_HASH ? EMPTY_BYTES : hexToBytes(codeHash),
  )
}

/** Takes either form. Throws DATA_CORRUPT for anything else: what is decoded comes from the node's own store. */
export function decodeAccount(bytes: Uint8Array): AccountRecord {
  try {
    const [nonce, balance, storageRoot, codeHash] = asList(decodeRlp(bytes, limits.accountBytes), 4)
    return {
      nonce: asBigInt(nonce, 8),
      balanceWei: asBigInt(balance, 32),
      storageRoot: hashOr(EMPTY_TRIE_ROOT, asBytes(storageRoot)),
      codeHash: hashOr(EMPTY_CODE_HASH, asBytes(codeHash)),
    }
  } catch (error) {
    throw new NodeError('DATA_CORRUPT', 'A stored account is malformed.', {}, error)
  }
}

function encodeAccount(account: AccountRecord, storageRoot: Uint8Array, codeHash: Uint8Array): Uint8Array {
  return encodeRlp([
    bigIntToMinimalBytes(account.nonce),
    bigIntToMinimalBytes(account.balanceWei),
    storageRoot,
    codeHash,
  ])
}

function hashOr(empty: Hash, bytes: Uint8Array): Hash {
  return bytes.length === 0 ? empty : asHash(bytes)
}
