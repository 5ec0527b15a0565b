import { plainToJson } from '../../encode/quantity.ts'
import { defineMethod } from '../../method.ts'
import { needBlock } from '../../resolve.ts'
import { orLatest } from '../params.ts'

export const openledgerGetPrecompiles = defineMethod({
  name: 'openledger_getPrecompiles',
  summary:
    'The native precompiles at a block: what version runs from when, the hash of its ABI, and what is scheduled next; a version of null runs nothing',
  params: { block: orLatest },
  result: 'Records by ascending address',
  handler: async ({ block }, { chain, openledger }) => {
    const { header } = await needBlock(chain, block)
    return plainToJson(await openledger.precompiles(header.number))
  },
})
