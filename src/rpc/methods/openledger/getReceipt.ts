import { plainToJson } from '../../encode/quantity.ts'
import { defineMethod } from '../../method.ts'
import { needBlock } from '../../resolve.ts'
import { hash } from '../../schemas/hex.ts'
import { orLatest } from '../params.ts'

export const openledgerGetReceipt = defineMethod({
  name: 'openledger_getReceipt',
  summary: 'A receipt of a paid inference and how far its settlement is',
  params: { id: hash, block: orLatest },
  result: 'Record, or null when there is none',
  handler: async ({ id, block }, { chain, openledger }) => {
    const { header } = await needBlock(chain, block)
    return plainToJson((await openledger.receipt(id, header.number)) ?? null)
  },
})
