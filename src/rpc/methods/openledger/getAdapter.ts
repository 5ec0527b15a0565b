import { plainToJson } from '../../encode/quantity.ts'
import { defineMethod } from '../../method.ts'
import { needBlock } from '../../resolve.ts'
import { identifier } from '../../schemas/hex.ts'
import { orLatest } from '../params.ts'

export const openledgerGetAdapter = defineMethod({
  name: 'openledger_getAdapter',
  summary: 'A LoRA adapter, as registered after a block',
  params: { id: identifier, block: orLatest },
  result: 'Record, or null when there is none',
  handler: async ({ id, block }, { chain, openledger }) => {
    const { header } = await needBlock(chain, block)
    return plainToJson((await openledger.adapter(id, header.number)) ?? null)
  },
})
