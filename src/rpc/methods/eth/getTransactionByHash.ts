import { encodeTransaction } from '../../encode/transaction.ts'
import { defineMethod } from '../../method.ts'
import { hash } from '../../schemas/hex.ts'

export const ethGetTransactionByHash = defineMethod({
  name: 'eth_getTransactionByHash',
  summary: 'A transaction, in a block or still in the pool',
  params: { hash },
  result: 'Transaction, or null',
  handler: async ({ hash }, { chain, mempool }) => {
    const location = await chain.transactionLocation(hash)
    const block = location && (await chain.blockByNumber(location.blockNumber))
    const tx = location && block?.transactions[location.index]
    if (location !== undefined && block !== undefined && tx !== undefined) {
      return encodeTransaction(tx, { block, index: location.index })
    }
    const pooled = mempool.get(hash)
    return pooled === undefined ? null : encodeTransaction(pooled.tx)
  },
})
