import { quantity } from '../../encode/quantity.ts'
import { defineMethod } from '../../method.ts'

export const ethGasPrice = defineMethod({
  name: 'eth_gasPrice',
  summary: 'Price per gas that the next blocks should take: base fee and a usual tip',
  params: {},
  result: 'Wei per gas',
  handler: async (_params, context) =>
    quantity(context.chain.nextBaseFeeWei(context.chain.head()) + (await context.fees.suggestTipWei())),
})
