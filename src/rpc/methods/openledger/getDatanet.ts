import { plainToJson } from '../../encode/quantity.ts'
import { defineMethod } from '../../method.ts'
import { needBlock } from '../../resolve.ts'
import { identifier } from '../../schemas/hex.ts'
import { orLatest } from '../params.ts'

export const openledgerGetDatanet = defineMethod({
  name: 'openledger_getDatanet',
  summary: 'A Datanet, as registered after a block',
  params: { id: identifier, block: orLatest },
  result: 'Record, or null when there is none',
  handler: async ({ id, block }, { chain, openledger }) => {
    const { header } = await needBlock(chain, block)
    return plainToJson((await openledger.datanet(id, header.number)) ?? null)
  },
})
