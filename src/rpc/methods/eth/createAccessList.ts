import { prepareCall } from '../../calls/prepareCall.ts'
import { quantity } from '../../encode/quantity.ts'
import { encodeAccessList } from '../../encode/transaction.ts'
import { defineMethod, optional } from '../../method.ts'
import { needBlock } from '../../resolve.ts'
import { callRequest, stateOverrides } from '../../schemas/call.ts'
import { orLatest } from '../params.ts'

export const ethCreateAccessList = defineMethod({
  name: 'eth_createAccessList',
  summary: 'Accounts and slots that a transaction would touch (EIP-2930)',
  params: { transaction: callRequest, block: orLatest, stateOverrides: optional(stateOverrides) },
  result: 'accessList, gasUsed with that list, and error when the call fails',
  handler: async ({ transaction, block, stateOverrides }, context) => {
    const { header } = await needBlock(context.chain, block)
    const request = prepareCall(transaction, context.facts.chainId)
    const target = { blockNumber: header.number, stateOverrides }
    const { accessList, gasUsed, failure } = await context.calls.createAccessList(request, target)
    const error = failure?.isRevert ? 'execution reverted' : failure?.message
    return {
      accessList: encodeAccessList(accessList),
      gasUsed: quantity(gasUsed),
      ...(error === undefined ? {} : { error }),
    }
  },
})
