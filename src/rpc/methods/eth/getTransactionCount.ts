import { quantity } from '../../encode/quantity.ts'
import { defineMethod } from '../../method.ts'
import { stateOf } from '../../resolve.ts'
import { address } from '../../schemas/hex.ts'
import { orLatest } from '../params.ts'

export const ethGetTransactionCount = defineMethod({
  name: 'eth_getTransactionCount',
  summary: 'Next nonce of an account; for `pending`, after its executable transactions in this node’s pool',
  params: { address, block: orLatest },
  result: 'Quantity',
  handler: async ({ address, block }, context) => {
    if ('tag' in block && block.tag === 'pending') return quantity(context.mempool.pendingNonce(address))
    const { state } = await stateOf(context, block)
    return quantity(state.account(address)?.nonce ?? 0n)
  },
})
