import { plainToJson } from '../../encode/quantity.ts'
import { defineMethod } from '../../method.ts'
import { needBlock } from '../../resolve.ts'
import { orLatest } from '../params.ts'

export const openledgerGetCertificate = defineMethod({
  name: 'openledger_getCertificate',
  summary: 'The header of a block and the certificate by which more than 2/3 of the power decided it',
  params: { block: orLatest },
  result: 'Header and certificate in RLP, with their fields; a null certificate for genesis',
  handler: async ({ block }, { chain, openledger }) => {
    const { header } = await needBlock(chain, block)
    return plainToJson((await openledger.certificate(header.number)) ?? null)
  },
})
