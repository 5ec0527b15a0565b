import { quantity } from '../../encode/quantity.ts'
import { defineMethod } from '../../method.ts'

export const txpoolStatus = defineMethod({
  name: 'txpool_status',
  summary: 'Number of executable and of gapped transactions in the pool',
  params: {},
  result: 'pending and queued',
  handler: (_params, context) => {
    const { pending, queued } = context.mempool.status()
    return { pending: quantity(pending), queued: quantity(queued) }
  },
})
