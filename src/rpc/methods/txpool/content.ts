import { encodeTransaction } from '../../encode/transaction.ts'
import { defineMethod } from '../../method.ts'
import { bySender } from './byNonce.ts'

export const txpoolContent = defineMethod({
  name: 'txpool_content',
  summary: 'All transactions in the pool',
  params: {},
  result: 'pending and queued, by sender and nonce',
  handler: (_params, { mempool }) => bySender(mempool, ({ tx }) => encodeTransaction(tx)),
})
