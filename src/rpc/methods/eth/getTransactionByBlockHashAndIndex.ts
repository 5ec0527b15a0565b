import { encodeTransaction } from '../../encode/transaction.ts'
import { defineMethod } from '../../method.ts'
import { findBlock } from '../../resolve.ts'
import { hash, uint64 } from '../../schemas/hex.ts'

export const ethGetTransactionByBlockHashAndIndex = defineMethod({
  name: 'eth_getTransactionByBlockHashAndIndex',
  summary: 'A transaction by its place in a block, the block by its hash',
  params: { block: hash, index: uint64 },
  result: 'Transaction, or null',
  handler: async ({ block, index }, { chain }) => {
    const found = await findBlock(chain, { hash: block })
    const tx = found?.transactions[Number(index)]
    return found === undefined || tx === undefined
      ? null
      : encodeTransaction(tx, { block: found, index: Number(index) })
  },
})
