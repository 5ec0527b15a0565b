import { quantity } from '../../encode/quantity.ts'
import { defineMethod } from '../../method.ts'

export const ethBaseFee = defineMethod({
  name: 'eth_baseFee',
  summary: 'Base fee of the next block',
  params: {},
  result: 'Wei per gas',
  handler: (_params, context) => quantity(context.chain.nextBaseFeeWei(context.chain.head())),
})
