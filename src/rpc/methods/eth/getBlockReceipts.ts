import { encodeReceipts } from '../../encode/receipt.ts'
import { defineMethod } from '../../method.ts'
import { findBlock } from '../../resolve.ts'
import { blockSelector } from '../../schemas/block.ts'

export const ethGetBlockReceipts = defineMethod({
  name: 'eth_getBlockReceipts',
  summary: 'All receipts of a block',
  params: { block: blockSelector },
  result: 'Receipts in order, or null when there is no such block',
  handler: async ({ block: selector }, { chain }) => {
    const block = await findBlock(chain, selector)
    return block === undefined ? null : encodeReceipts(block, await chain.receipts(block))
  },
})
