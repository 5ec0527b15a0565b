import { defineMethod } from '../../method.ts'

export const netListening = defineMethod({
  name: 'net_listening',
  summary: 'Whether the node takes connections of peers',
  params: {},
  result: 'Boolean',
  handler: (_params, context) => context.facts.isListening(),
})
