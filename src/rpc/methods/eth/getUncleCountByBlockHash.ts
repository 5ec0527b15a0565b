import { quantity } from '../../encode/quantity.ts'
import { defineMethod } from '../../method.ts'
import { findBlock } from '../../resolve.ts'
import { hash } from '../../schemas/hex.ts'

export const ethGetUncleCountByBlockHash = defineMethod({
  name: 'eth_getUncleCountByBlockHash',
  summary: 'Number of uncles of a block, by its hash: none since proof of stake',
  params: { block: hash },
  result: 'Quantity, or null when there is no such block',
  handler: async ({ block }, { chain }) => {
    const found = await findBlock(chain, { hash: block })
    return found === undefined ? null : quantity(found.uncleHeaders.length)
  },
})
