import { quantity } from '../../encode/quantity.ts'
import { defineMethod } from '../../method.ts'

export const ethBlockNumber = defineMethod({
  name: 'eth_blockNumber',
  summary: 'Number of the newest block',
  params: {},
  result: 'Quantity',
  handler: (_params, context) => quantity(context.chain.head().header.number),
})
