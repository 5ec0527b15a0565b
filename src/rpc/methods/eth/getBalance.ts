import { quantity } from '../../encode/quantity.ts'
import { defineMethod } from '../../method.ts'
import { stateOf } from '../../resolve.ts'
import { address } from '../../schemas/hex.ts'
import { orLatest } from '../params.ts'

export const ethGetBalance = defineMethod({
  name: 'eth_getBalance',
  summary: 'Balance of an account',
  params: { address, block: orLatest },
  result: 'Wei',
  handler: async ({ address, block }, context) => {
    const { state } = await stateOf(context, block)
    return quantity(state.account(address)?.balanceWei ?? 0n)
  },
})
