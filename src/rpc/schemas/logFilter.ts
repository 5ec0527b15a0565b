import { z } from 'zod'
import { limits } from '../../config/limits.ts'
import type { Address, Hash } from '../../primitives/hex.ts'
import { type BlockSelector, blockNumberOrTag } from './block.ts'
import { address, hash } from './hex.ts'

/** Which logs are wanted, wherever they are. */
export interface LogCriteria {
  /** None means any. */
  readonly addresses: readonly Address[]
  /** One entry a position; an empty entry matches anything. */
  readonly topics: readonly (readonly Hash[])[]
}

export interface LogFilter extends LogCriteria {
  readonly blockHash: Hash | undefined
  readonly fromBlock: BlockSelector | undefined
  readonly toBlock: BlockSelector | undefined
}

const alternatives = limits.rpcFilterAlternatives
const addresses = z.union([address.transform((one) => [one]), z.array(address).max(alternatives)], {
  error: `expected an address or a list of at most ${alternatives}`,
})
const topic = z.union(
  [z.null().transform((): Hash[] => []), hash.transform((one) => [one]), z.array(hash).max(alternatives)],
  { error: `expected null, a topic or a list of at most ${alternatives}` },
)
/** A log has four topics at most. */
const topics = z.array(topic).max(4, { error: 'exceed max topics' })

const fields = z.object({
  blockHash: hash.nullish(),
  fromBlock: blockNumberOrTag.nullish(),
  toBlock: blockNumberOrTag.nullish(),
  address: addresses.nullish(),
  topics: topics.nullish(),
})

/** The filter object of eth_getLogs, eth_newFilter and the `logs` subscription. */
export const logFilter = fields
  .refine(({ blockHash, fromBlock, toBlock }) => !blockHash || !(fromBlock || toBlock), {
    error: 'cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other',
  })
  .transform(
    (filter): LogFilter => ({
      blockHash: filter.blockHash ?? undefined,
      fromBlock: filter.fromBlock ?? undefined,
      toBlock: filter.toBlock ?? undefined,
      addresses: filter.address ?? [],
      topics: filter.topics ?? [],
    }),
  )
