import { quantity } from '../../encode/quantity.ts'
import { defineMethod } from '../../method.ts'

export const ethMaxPriorityFeePerGas = defineMethod({
  name: 'eth_maxPriorityFeePerGas',
  summary: 'Tip per gas that recent blocks took transactions for',
  params: {},
  result: 'Wei per gas',
  handler: async (_params, context) => quantity(await context.fees.suggestTipWei()),
})
