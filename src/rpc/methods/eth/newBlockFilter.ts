import { defineMethod } from '../../method.ts'

export const ethNewBlockFilter = defineMethod({
  name: 'eth_newBlockFilter',
  summary: 'Begins to follow new blocks by polling',
  params: {},
  result: 'Filter id',
  handler: (_params, { filters }) => filters.newBlockFilter(),
})
