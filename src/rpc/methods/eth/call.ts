import { bytesToHex } from '../../../primitives/hex.ts'
import { callError } from '../../calls/failure.ts'
import { prepareCall } from '../../calls/prepareCall.ts'
import { defineMethod, optional } from '../../method.ts'
import { needBlock } from '../../resolve.ts'
import { blockOverrides, callRequest, stateOverrides } from '../../schemas/call.ts'
import { orLatest } from '../params.ts'

export const ethCall = defineMethod({
  name: 'eth_call',
  summary: 'Runs a call on the state after a block, and keeps nothing of it',
  params: {
    transaction: callRequest,
    block: orLatest,
    stateOverrides: optional(stateOverrides),
    blockOverrides: optional(blockOverrides),
  },
  result: 'Return data; a revert is error 3 with the revert data',
  handler: async ({ transaction, block, stateOverrides, blockOverrides }, context) => {
    const { header } = await needBlock(context.chain, block)
    const request = prepareCall(transaction, context.facts.chainId)
    const target = { blockNumber: header.number, stateOverrides, blockOverrides }
    const result = await context.calls.call(request, target)
    if (result.failure !== undefined) throw callError(result.failure, result.output)
    return bytesToHex(result.output)
  },
})
