import { word } from '../../encode/quantity.ts'
import { defineMethod } from '../../method.ts'
import { stateOf } from '../../resolve.ts'
import { address, storageKey } from '../../schemas/hex.ts'
import { orLatest } from '../params.ts'

export const ethGetStorageAt = defineMethod({
  name: 'eth_getStorageAt',
  summary: 'One storage slot of an account',
  params: { address, slot: storageKey, block: orLatest },
  result: '32 bytes',
  handler: async ({ address, slot, block }, context) => {
    const { state } = await stateOf(context, block)
    return word(state.storage(address, slot.slot))
  },
})
