import { defineMethod } from '../../method.ts'

export const ethNewPendingTransactionFilter = defineMethod({
  name: 'eth_newPendingTransactionFilter',
  summary: 'Begins to follow pending transactions by polling',
  params: {},
  result: 'Filter id',
  handler: (_params, { filters }) => filters.newPendingFilter(),
})
