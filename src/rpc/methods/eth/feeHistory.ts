import { z } from 'zod'
import { limits } from '../../../config/limits.ts'
import { feeHistory } from '../../fees/feeHistory.ts'
import { defineMethod, optional } from '../../method.ts'
import { needBlock } from '../../resolve.ts'
import { uint64 } from '../../schemas/hex.ts'
import { blockNumber } from '../params.ts'

/** Some clients send a plain number. */
const blockCount = z
  .union([uint64.transform(Number), z.number().int().nonnegative()], { error: 'expected a number of blocks' })
  .refine((count) => count >= 1, { error: 'expected at least one block' })

const percentiles = z
  .array(z.number().min(0).max(100))
  .max(limits.rpcFeeHistoryPercentiles)
  .refine((list) => list.every((value, index) => index === 0 || value >= (list[index - 1] ?? 0)), {
    error: 'percentiles must ascend',
  })

export const ethFeeHistory = defineMethod({
  name: 'eth_feeHistory',
  summary: 'Base fees, fullness and tips of a range of blocks',
  params: { blockCount, newestBlock: blockNumber, rewardPercentiles: optional(percentiles) },
  result: 'oldestBlock, baseFeePerGas and baseFeePerBlobGas (one more than blocks), ratios, and rewards',
  handler: async ({ blockCount, newestBlock, rewardPercentiles }, { chain }) =>
    await feeHistory(chain, {
      newest: await needBlock(chain, newestBlock),
      blockCount,
      percentiles: rewardPercentiles ?? [],
    }),
})
