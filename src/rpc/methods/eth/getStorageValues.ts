import { z } from 'zod'
import { limits } from '../../../config/limits.ts'
import type { Address } from '../../../primitives/hex.ts'
import { word } from '../../encode/quantity.ts'
import { invalidParams, limitExceeded } from '../../errors.ts'
import { defineMethod } from '../../method.ts'
import { stateOf } from '../../resolve.ts'
import { address, storageKey } from '../../schemas/hex.ts'
import { orLatest } from '../params.ts'

const requests = z.record(address, z.array(storageKey))

export const ethGetStorageValues = defineMethod({
  name: 'eth_getStorageValues',
  summary: 'Many storage slots of many accounts, at one block',
  params: { requests, block: orLatest },
  result: 'For each address the values of its slots, in the order asked for',
  handler: async ({ requests, block }, context) => {
    const wanted = Object.entries(requests) as [Address, z.output<typeof storageKey>[]][]
    const count = wanted.reduce((sum, [, slots]) => sum + slots.length, 0)
    if (count === 0) throw invalidParams('empty request')
    if (count > limits.rpcStorageSlots) throw limitExceeded(`at most ${limits.rpcStorageSlots} slots at once`)
    const { state } = await stateOf(context, block)
    return Object.fromEntries(
      wanted.map(([account, slots]) => [
        account,
        slots.map(({ slot }) => word(state.storage(account, slot))),
      ]),
    )
  },
})
