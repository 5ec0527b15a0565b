import { isEOACode7702Tx } from '@ethereumjs/tx'
import { bigIntToBytes, bytesToBigInt, concatBytes } from '../primitives/bytes.ts'
import type { Address } from '../primitives/hex.ts'
import { keccak256 } from '../primitives/keccak.ts'
import { encodeRlp } from '../primitives/rlp.ts'
import { recoverAddress } from '../primitives/secp256k1.ts'
import type { PooledTransaction } from './transaction.ts'

/** EIP-7702: the domain byte of what an authority signs. */
const AUTHORIZATION_MAGIC = 0x05
/** EIP-7702: the code of a delegated account is this prefix and an address. */
const DELEGATION_PREFIX = [0xef, 0x01, 0x00]
const DELEGATION_BYTES = 23

/** The accounts whose code a set-code transaction would set. Authorizations that the chain would skip do not count. */
export function authoritiesOf(transaction: PooledTransaction): ReadonlySet<Address> {
  const authorities = new Set<Address>()
  const { tx } = transaction
  if (!isEOACode7702Tx(tx)) return authorities
  for (const [chainId, address, nonce, yParity, r, s] of tx.authorizationList) {
    const boundTo = bytesToBigInt(chainId)
    if (boundTo !== 0n && boundTo !== tx.chainId) continue
    if (yParity.length > 1 || (yParity[0] ?? 0) > 1) continue
    const message = encodeRlp([chainId, address, nonce])
    try {
      const signature = concatBytes(
        bigIntToBytes(bytesToBigInt(r), 32),
        bigIntToBytes(bytesToBigInt(s), 32),
        Uint8Array.of(yParity[0] ?? 0),
      )
      authorities.add(
        recoverAddress(keccak256(concatBytes(Uint8Array.of(AUTHORIZATION_MAGIC), message)), signature),
      )
    } catch {
      // An authorization without a signer is skipped by the chain; the transaction stays valid.
    }
  }
  return authorities
}

export function isDelegation(code: Uint8Array): boolean {
  return code.length === DELEGATION_BYTES && DELEGATION_PREFIX.every((byte, index) => code[index] === byte)
}

/** Counts, per account, the pooled transactions that would set its code. */
export class PendingAuthorities {
  readonly #counts = new Map<Address, number>()
  readonly #byTransaction = new Map<PooledTransaction, ReadonlySet<Address>>()

  has(account: Address): boolean {
    return this.#counts.has(account)
  }

  add(transaction: PooledTransaction, authorities: ReadonlySet<Address>): void {
    if (authorities.size === 0) return
    this.#byTransaction.set(transaction, authorities)
    for (const authority of authorities) this.#counts.set(authority, (this.#counts.get(authority) ?? 0) + 1)
  }

  remove(transaction: PooledTransaction): void {
    for (const authority of this.#byTransaction.get(transaction) ?? []) {
      const count = (this.#counts.get(authority) ?? 0) - 1
      if (count > 0) this.#counts.set(authority, count)
      else this.#counts.delete(authority)
    }
    this.#byTransaction.delete(transaction)
  }
}
