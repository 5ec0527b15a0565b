import { plainToJson } from '../../encode/quantity.ts'
import { defineMethod } from '../../method.ts'

export const openledgerPeers = defineMethod({
  name: 'openledger_peers',
  summary:
    'The connected peers: id, direction, program and the head that each claims. Addresses are left out: they would show where validators behind this node are',
  params: {},
  result: 'Records in the order of their ids',
  handler: (_params, { node }) => plainToJson(node.peers()),
})
