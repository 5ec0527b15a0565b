import type { PooledTransaction } from '../../../mempool/transaction.ts'
import { bytesToHex } from '../../../primitives/hex.ts'
import { checksumAddress } from '../../encode/checksum.ts'
import { defineMethod } from '../../method.ts'
import { bySender } from './byNonce.ts'

export const txpoolInspect = defineMethod({
  name: 'txpool_inspect',
  summary: 'All transactions in the pool, one line each',
  params: {},
  result: 'pending and queued, by sender and nonce',
  handler: (_params, { mempool }) => bySender(mempool, summarize),
})

function summarize({ tx, gasLimit, feeCapWei }: PooledTransaction): string {
  const target = tx.to === undefined ? 'contract creation' : checksumAddress(bytesToHex(tx.to.bytes))
  return `${target}: ${tx.value} wei + ${gasLimit} gas × ${feeCapWei} wei`
}
