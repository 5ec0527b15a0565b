import { quantity } from '../../encode/quantity.ts'
import { defineMethod } from '../../method.ts'

export const netPeerCount = defineMethod({
  name: 'net_peerCount',
  summary: 'Number of connected peers',
  params: {},
  result: 'Quantity',
  handler: (_params, context) => quantity(context.facts.peerCount()),
})
