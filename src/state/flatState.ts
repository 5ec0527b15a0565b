import { NodeError } from '../errors/errors.ts'
import { bytesToBigInt, EMPTY_BYTES } from '../primitives/bytes.ts'
import type { Address, Hash } from '../primitives/hex.ts'
import { EMPTY_CODE_HASH } from '../primitives/keccak.ts'
import { accountKey, codeKey, slotKey } from '../storage/keys.ts'
import type { KvReader } from '../storage/kv.ts'
import { decodeAccount } from './accountCodec.ts'
import type { AccountRecord, StateReader } from './types.ts'

/**
 * The newest committed state, one store read for each answer. Over a live store it changes with the next commit:
 * readers beside the writer give it a snapshot.
 */
export class FlatState implements StateReader {
  readonly #kv: KvReader

  constructor(kv: KvReader) {
    this.#kv = kv
  }

  account(address: Address): AccountRecord | undefined {
    const value = this.#kv.get(accountKey(address))
    return value === undefined ? undefined : decodeAccount(value)
  }

  storage(address: Address, slot: Hash): bigint {
    const value = this.#kv.get(slotKey(address, slot))
    return value === undefined ? 0n : bytesToBigInt(value)
  }

  code(codeHash: Hash): Uint8Array {
    return readCode(this.#kv, codeHash)
  }
}

/** Throws DATA_CORRUPT for a code that no account of a whole store can name. */
export function readCode(kv: KvReader, codeHash: Hash): Uint8Array {
  if (codeHash === EMPTY_CODE_HASH) return EMPTY_BYTES
  const code = kv.get(codeKey(codeHash))
  if (code === undefined) {
    throw new NodeError('DATA_CORRUPT', `The store lacks the code ${codeHash}.`, { codeHash })
  }
  return code
}
