import { bytesToHex } from '../../../primitives/hex.ts'
import { defineMethod } from '../../method.ts'
import { stateOf } from '../../resolve.ts'
import { address } from '../../schemas/hex.ts'
import { orLatest } from '../params.ts'

export const ethGetCode = defineMethod({
  name: 'eth_getCode',
  summary: 'Code of an account',
  params: { address, block: orLatest },
  result: 'Bytes; empty for an account without code',
  handler: async ({ address, block }, context) => {
    const { state } = await stateOf(context, block)
    const account = state.account(address)
    return account === undefined ? '0x' : bytesToHex(state.code(account.codeHash))
  },
})
