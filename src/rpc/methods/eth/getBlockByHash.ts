import { z } from 'zod'
import { encodeBlock } from '../../encode/block.ts'
import { defineMethod, optional } from '../../method.ts'
import { findBlock } from '../../resolve.ts'
import { hash } from '../../schemas/hex.ts'

export const ethGetBlockByHash = defineMethod({
  name: 'eth_getBlockByHash',
  summary: 'A block, by its hash',
  params: { block: hash, withTransactions: optional(z.boolean()) },
  result: 'Block with whole transactions or their hashes, or null',
  handler: async ({ block, withTransactions }, { chain }) => {
    const found = await findBlock(chain, { hash: block })
    return found === undefined ? null : encodeBlock(found, withTransactions ?? false)
  },
})
