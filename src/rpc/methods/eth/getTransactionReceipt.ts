import { encodeReceiptAt } from '../../encode/receipt.ts'
import { defineMethod } from '../../method.ts'
import { hash } from '../../schemas/hex.ts'

export const ethGetTransactionReceipt = defineMethod({
  name: 'eth_getTransactionReceipt',
  summary: 'What a transaction did',
  params: { hash },
  result: 'Receipt, or null when no block holds the transaction',
  handler: async ({ hash }, { chain }) => {
    const location = await chain.transactionLocation(hash)
    const block = location && (await chain.blockByNumber(location.blockNumber))
    if (location === undefined || block === undefined) return null
    return encodeReceiptAt(block, await chain.receipts(block), location.index)
  },
})
