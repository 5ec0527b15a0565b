import { defineMethod } from '../../method.ts'

export const netVersion = defineMethod({
  name: 'net_version',
  summary: 'Network id: the chain id in decimal',
  params: {},
  result: 'Decimal string',
  handler: (_params, context) => context.facts.chainId.toString(),
})
