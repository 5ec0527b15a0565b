import { limits } from '../../../config/limits.ts'
import type { PooledTransaction } from '../../../mempool/transaction.ts'
import type { AccountContent } from '../../../mempool/types.ts'
import { checksumAddress } from '../../encode/checksum.ts'
import { limitExceeded } from '../../errors.ts'
import type { MempoolPort } from '../../ports.ts'

type Encode<T> = (transaction: PooledTransaction) => T

/** One account's transactions, keyed by nonce in decimal. */
export function byNonce<T>(transactions: readonly PooledTransaction[], encode: Encode<T>): Record<string, T> {
  return Object.fromEntries(
    transactions.map((transaction) => [transaction.nonce.toString(), encode(transaction)]),
  )
}

/** The whole pool, keyed by checksummed address and nonce. */
export function bySender<T>(mempool: MempoolPort, encode: Encode<T>) {
  const { pending, queued } = mempool.status()
  if (pending + queued > limits.rpcPoolListing) {
    throw limitExceeded(
      `the pool holds more than ${limits.rpcPoolListing} transactions; ask for one sender with txpool_contentFrom`,
    )
  }
  const content = mempool.content()
  const pick = (part: keyof AccountContent) =>
    Object.fromEntries(
      [...content]
        .filter(([, account]) => account[part].length > 0)
        .map(([sender, account]) => [checksumAddress(sender), byNonce(account[part], encode)]),
    )
  return { pending: pick('pending'), queued: pick('queued') }
}
