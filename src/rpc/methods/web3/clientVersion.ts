import { defineMethod } from '../../method.ts'

export const web3ClientVersion = defineMethod({
  name: 'web3_clientVersion',
  summary: 'Name and version of this node',
  params: {},
  result: 'Text',
  handler: (_params, context) => context.facts.clientVersion,
})
