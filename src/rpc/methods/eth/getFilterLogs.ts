import { defineMethod } from '../../method.ts'
import { filterId } from '../../schemas/hex.ts'

export const ethGetFilterLogs = defineMethod({
  name: 'eth_getFilterLogs',
  summary: 'All logs that a log filter matches',
  params: { id: filterId },
  result: 'Logs in order',
  handler: ({ id }, { filters }) => filters.allLogs(id),
})
