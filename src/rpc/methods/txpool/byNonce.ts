import type { PooledTransaction } from '../../../mempool/transaction.ts'
import type { AccountContent } from '../../../mempool/types.ts'
import type { Address } from '../../../primitives/hex.ts'
import { checksumAddress } from '../../encode/checksum.ts'

type Encode<T> = (transaction: PooledTransaction) => T

/** One account's transactions, keyed by nonce in decimal. */
export function byNonce<T>(transactions: readonly PooledTransaction[], encode: Encode<T>): Record<string, T> {
  return Object.fromEntries(
    transactions.map((transaction) => [transaction.nonce.toString(), encode(transaction)]),
  )
}

/** All accounts' transactions, keyed by checksummed address and nonce. */
export function bySender<T>(content: ReadonlyMap<Address, AccountContent>, encode: Encode<T>) {
  const pick = (part: keyof AccountContent) =>
    Object.fromEntries(
      [...content]
        .filter(([, account]) => account[part].length > 0)
        .map(([sender, account]) => [checksumAddress(sender), byNonce(account[part], encode)]),
    )
  return { pending: pick('pending'), queued: pick('queued') }
}
