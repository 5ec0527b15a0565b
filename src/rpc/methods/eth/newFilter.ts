import { defineMethod } from '../../method.ts'
import { logFilter } from '../../schemas/logFilter.ts'

export const ethNewFilter = defineMethod({
  name: 'eth_newFilter',
  summary: 'Begins to follow logs by polling',
  params: { filter: logFilter },
  result: 'Filter id',
  handler: ({ filter }, { filters }) => filters.newLogFilter(filter),
})
