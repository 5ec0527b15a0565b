import { z } from 'zod'
import { plainToJson } from '../../encode/quantity.ts'
import { defineMethod } from '../../method.ts'
import { uint64 } from '../../schemas/hex.ts'

export const openledgerGetEpochRecord = defineMethod({
  name: 'openledger_getEpochRecord',
  summary: 'The record of an epoch’s end, by which a light client goes from one validator set to the next',
  params: { epoch: z.union([z.literal('latest'), uint64]) },
  result: 'The record in RLP with what it shows, or null when there is none',
  handler: async ({ epoch }, { openledger }) =>
    plainToJson((await openledger.epochRecord(epoch === 'latest' ? undefined : epoch)) ?? null),
})
