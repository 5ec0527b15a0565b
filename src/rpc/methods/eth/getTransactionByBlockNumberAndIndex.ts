import { encodeTransaction } from '../../encode/transaction.ts'
import { defineMethod } from '../../method.ts'
import { findBlock } from '../../resolve.ts'
import { uint64 } from '../../schemas/hex.ts'
import { blockNumber } from '../params.ts'

export const ethGetTransactionByBlockNumberAndIndex = defineMethod({
  name: 'eth_getTransactionByBlockNumberAndIndex',
  summary: 'A transaction by its place in a block, the block by its number',
  params: { block: blockNumber, index: uint64 },
  result: 'Transaction, or null',
  handler: async ({ block, index }, { chain }) => {
    const found = await findBlock(chain, block)
    const tx = found?.transactions[Number(index)]
    return found === undefined || tx === undefined
      ? null
      : encodeTransaction(tx, { block: found, index: Number(index) })
  },
})
