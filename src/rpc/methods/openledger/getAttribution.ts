import { plainToJson } from '../../encode/quantity.ts'
import { defineMethod, optional } from '../../method.ts'
import { needBlock } from '../../resolve.ts'
import { identifier, uint64 } from '../../schemas/hex.ts'
import { orLatest } from '../params.ts'

export const openledgerGetAttribution = defineMethod({
  name: 'openledger_getAttribution',
  summary:
    'How an adapter’s window was scored and its pot divided; the newest window when none is named; scores are signed decimal texts',
  params: { adapterId: identifier, window: optional(uint64), block: orLatest },
  result: 'Record, or null when there is none',
  handler: async ({ adapterId, window, block }, { chain, openledger }) => {
    const { header } = await needBlock(chain, block)
    return plainToJson((await openledger.attribution(adapterId, window, header.number)) ?? null)
  },
})
