import { estimateGas } from '../../calls/estimateGas.ts'
import { prepareCall } from '../../calls/prepareCall.ts'
import { quantity } from '../../encode/quantity.ts'
import { defineMethod, optional } from '../../method.ts'
import { stateOf } from '../../resolve.ts'
import { blockOverrides, callRequest, stateOverrides } from '../../schemas/call.ts'
import { orLatest } from '../params.ts'

export const ethEstimateGas = defineMethod({
  name: 'eth_estimateGas',
  summary: 'Gas limit with which a transaction succeeds on the state after a block',
  params: {
    transaction: callRequest,
    block: orLatest,
    stateOverrides: optional(stateOverrides),
    blockOverrides: optional(blockOverrides),
  },
  result: 'Gas, within 1.5 % of the least that is enough',
  handler: async ({ transaction, block: selector, stateOverrides, blockOverrides }, context) => {
    const { block, state } = await stateOf(context, selector)
    const { gasLimit } = transaction
    const request = { ...prepareCall(transaction, context.facts.chainId), gasLimit }
    const target = { blockNumber: block.header.number, stateOverrides, blockOverrides }
    const { calls } = context
    return quantity(
      await estimateGas(request, target, { calls, state, blockGasLimit: block.header.gasLimit }),
    )
  },
})
