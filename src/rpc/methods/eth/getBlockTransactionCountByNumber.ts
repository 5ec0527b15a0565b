import { quantity } from '../../encode/quantity.ts'
import { defineMethod } from '../../method.ts'
import { findBlock } from '../../resolve.ts'
import { blockNumber } from '../params.ts'

export const ethGetBlockTransactionCountByNumber = defineMethod({
  name: 'eth_getBlockTransactionCountByNumber',
  summary: 'Number of transactions in a block, by its number',
  params: { block: blockNumber },
  result: 'Quantity, or null when there is no such block',
  handler: async ({ block }, { chain }) => {
    const found = await findBlock(chain, block)
    return found === undefined ? null : quantity(found.transactions.length)
  },
})
