import { quantity } from '../../encode/quantity.ts'
import { defineMethod } from '../../method.ts'
import { findBlock } from '../../resolve.ts'
import { blockNumber } from '../params.ts'

export const ethGetUncleCountByBlockNumber = defineMethod({
  name: 'eth_getUncleCountByBlockNumber',
  summary: 'Number of uncles of a block, by its number: none since proof of stake',
  params: { block: blockNumber },
  result: 'Quantity, or null when there is no such block',
  handler: async ({ block }, { chain }) => {
    const found = await findBlock(chain, block)
    return found === undefined ? null : quantity(found.uncleHeaders.length)
  },
})
