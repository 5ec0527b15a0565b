import { defineMethod } from '../../method.ts'
import { filterId } from '../../schemas/hex.ts'

export const ethUninstallFilter = defineMethod({
  name: 'eth_uninstallFilter',
  summary: 'Ends a filter',
  params: { id: filterId },
  result: 'Whether there was one',
  handler: ({ id }, { filters }) => filters.uninstall(id),
})
