import { defineMethod } from '../../method.ts'
import { filterId } from '../../schemas/hex.ts'

export const ethGetFilterChanges = defineMethod({
  name: 'eth_getFilterChanges',
  summary: 'What is new for a filter since it was last polled',
  params: { id: filterId },
  result: 'Logs, or hashes',
  handler: ({ id }, { filters }) => filters.changes(id),
})
