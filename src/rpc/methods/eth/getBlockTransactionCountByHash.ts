import { quantity } from '../../encode/quantity.ts'
import { defineMethod } from '../../method.ts'
import { findBlock } from '../../resolve.ts'
import { hash } from '../../schemas/hex.ts'

export const ethGetBlockTransactionCountByHash = defineMethod({
  name: 'eth_getBlockTransactionCountByHash',
  summary: 'Number of transactions in a block, by its hash',
  params: { block: hash },
  result: 'Quantity, or null when there is no such block',
  handler: async ({ block }, { chain }) => {
    const found = await findBlock(chain, { hash: block })
    return found === undefined ? null : quantity(found.transactions.length)
  },
})
