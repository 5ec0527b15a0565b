import { quantity } from '../../encode/quantity.ts'
import { defineMethod } from '../../method.ts'

export const ethChainId = defineMethod({
  name: 'eth_chainId',
  summary: 'Chain id that transactions are signed for',
  params: {},
  result: 'Quantity',
  handler: (_params, context) => quantity(context.facts.chainId),
})
