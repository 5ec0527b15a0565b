import { plainToJson } from '../../encode/quantity.ts'
import { defineMethod } from '../../method.ts'

export const openledgerNodeStatus = defineMethod({
  name: 'openledger_nodeStatus',
  summary:
    'Where this node stands: head, sync, peers, pool, consensus and, in a validator, whether it is in the set and its signer is there',
  params: {},
  result: 'A record; heights and counts are quantities',
  handler: (_params, { node }) => plainToJson(node.status()),
})
