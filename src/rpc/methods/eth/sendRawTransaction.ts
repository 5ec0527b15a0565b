import { defineMethod } from '../../method.ts'
import { transactionData } from '../../schemas/hex.ts'

export const ethSendRawTransaction = defineMethod({
  name: 'eth_sendRawTransaction',
  summary: 'Puts a signed transaction into the pool and sends it on',
  params: { transaction: transactionData },
  result: 'Its hash',
  handler: ({ transaction }, { mempool }) => mempool.add(transaction).hash,
})
