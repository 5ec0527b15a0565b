import { defineMethod } from '../../method.ts'

export const ethAccounts = defineMethod({
  name: 'eth_accounts',
  summary: 'Accounts that the node signs for: none, keys stay with wallets',
  params: {},
  result: 'Empty list',
  handler: () => [],
})
