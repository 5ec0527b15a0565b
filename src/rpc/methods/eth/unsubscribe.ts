import { defineMethod } from '../../method.ts'
import { filterId } from '../../schemas/hex.ts'

export const ethUnsubscribe = defineMethod({
  name: 'eth_unsubscribe',
  summary: 'Ends a subscription of this WebSocket',
  params: { id: filterId },
  result: 'Whether there was one',
  needsSession: true,
  handler: ({ id }, _context, session) => session?.unsubscribe(id) ?? false,
})
