import { z } from 'zod'
import { encodeBlock } from '../../encode/block.ts'
import { defineMethod, optional } from '../../method.ts'
import { findBlock } from '../../resolve.ts'
import { blockNumber } from '../params.ts'

export const ethGetBlockByNumber = defineMethod({
  name: 'eth_getBlockByNumber',
  summary: 'A block, by its number',
  params: { block: blockNumber, withTransactions: optional(z.boolean()) },
  result: 'Block with whole transactions or their hashes, or null',
  handler: async ({ block, withTransactions }, { chain }) => {
    const found = await findBlock(chain, block)
    return found === undefined ? null : encodeBlock(found, withTransactions ?? false)
  },
})
