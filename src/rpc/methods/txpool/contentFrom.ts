import { encodeTransaction } from '../../encode/transaction.ts'
import { defineMethod } from '../../method.ts'
import { address } from '../../schemas/hex.ts'
import { byNonce } from './byNonce.ts'

export const txpoolContentFrom = defineMethod({
  name: 'txpool_contentFrom',
  summary: 'One sender’s transactions in the pool',
  params: { address },
  result: 'pending and queued, by nonce',
  handler: ({ address }, { mempool }) => {
    const { pending, queued } = mempool.contentFrom(address)
    return {
      pending: byNonce(pending, ({ tx }) => encodeTransaction(tx)),
      queued: byNonce(queued, ({ tx }) => encodeTransaction(tx)),
    }
  },
})
