import { quantity } from '../../encode/quantity.ts'
import { defineMethod } from '../../method.ts'

export const ethBlobBaseFee = defineMethod({
  name: 'eth_blobBaseFee',
  summary: 'Base fee per blob gas of the newest block',
  params: {},
  result: 'Wei per blob gas, or null before EIP-4844',
  handler: (_params, context) => {
    const { header } = context.chain.head()
    return header.excessBlobGas === undefined ? null : quantity(header.getBlobGasPrice())
  },
})
