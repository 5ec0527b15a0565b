import type { Block } from '@ethereumjs/block'
import { limits } from '../../config/limits.ts'
import { quantity } from '../encode/quantity.ts'
import { effectiveGasPriceWei } from '../encode/transaction.ts'
import type { ChainReader } from '../ports.ts'
import { ascending } from './feeOracle.ts'

export interface FeeHistoryQuery {
  readonly newest: Block
  readonly blockCount: number
  /** Ascending, 0 to 100. */
  readonly percentiles: readonly number[]
}

/** What `eth_feeHistory` answers: one entry a block, and for base fees the block to come as well. */
export async function feeHistory(
  chain: ChainReader,
  query: FeeHistoryQuery,
): Promise<Record<string, unknown>> {
  const blocks = await lastBlocks(chain, query)
  const oldest = blocks[0]
  if (oldest === undefined) return { oldestBlock: '0x0', baseFeePerGas: [], gasUsedRatio: [] }
  const rewards: string[][] = []
  if (query.percentiles.length > 0) {
    for (const block of blocks) rewards.push(await rewardsOf(chain, block, query.percentiles))
  }
  const { newest } = query
  const baseFees = blocks.map(({ header }) => header.baseFeePerGas ?? 0n)
  const blobFees = blocks.map(({ header }) =>
    header.excessBlobGas === undefined ? 0n : header.getBlobGasPrice(),
  )
  return {
    oldestBlock: quantity(oldest.header.number),
    baseFeePerGas: [...baseFees, chain.nextBaseFeeWei(newest)].map(quantity),
    gasUsedRatio: blocks.map(({ header }) => ratio(header.gasUsed, header.gasLimit)),
    baseFeePerBlobGas: [...blobFees, nextBlobFeeWei(newest)].map(quantity),
    blobGasUsedRatio: blocks.map(blobRatio),
    ...(query.percentiles.length > 0 ? { reward: rewards } : {}),
  }
}

async function lastBlocks(chain: ChainReader, query: FeeHistoryQuery): Promise<Block[]> {
  const { newest, blockCount, percentiles } = query
  const most = percentiles.length > 0 ? limits.rpcFeeRewardBlocks : limits.rpcFeeHistoryBlocks
  const count = Math.min(blockCount, most, Number(newest.header.number) + 1)
  const blocks: Block[] = []
  for (let back = count - 1; back >= 0; back--) {
    const block = back === 0 ? newest : await chain.blockByNumber(newest.header.number - BigInt(back))
    if (block !== undefined) blocks.push(block)
    // A block that is no longer kept ends the range: it begins after the gap.
    else blocks.length = 0
  }
  return blocks
}

/** The tip at each percentile of the gas used; zeros for an empty block. */
async function rewardsOf(
  chain: ChainReader,
  block: Block,
  percentiles: readonly number[],
): Promise<string[]> {
  if (block.transactions.length === 0) return percentiles.map(() => '0x0')
  const receipts = await chain.receipts(block)
  const baseFeeWei = block.header.baseFeePerGas ?? 0n
  let before = 0n
  const offers = block.transactions.map((tx, index) => {
    const until = receipts[index]?.cumulativeGasUsed ?? before
    const gasUsed = until - before
    before = until
    return { gasUsed, tipWei: effectiveGasPriceWei(tx, baseFeeWei) - baseFeeWei }
  })
  offers.sort((a, b) => ascending(a.tipWei, b.tipWei))
  let position = 0
  let reached = offers[0]?.gasUsed ?? 0n
  return percentiles.map((percentile) => {
    const threshold = Number(before) * (percentile / 100)
    while (Number(reached) < threshold && position < offers.length - 1) {
      position++
      reached += offers[position]?.gasUsed ?? 0n
    }
    return quantity(offers[position]?.tipWei ?? 0n)
  })
}

function nextBlobFeeWei({ header }: Block): bigint {
  return header.excessBlobGas === undefined ? 0n : header.calcNextBlobGasPrice(header.common)
}

function blobRatio({ header }: Block): number {
  if (header.blobGasUsed === undefined) return 0
  return ratio(header.blobGasUsed, header.common.getBlobGasSchedule().maxBlobGasPerBlock)
}

function ratio(part: bigint, whole: bigint): number {
  return whole === 0n ? 0 : Number(part) / Number(whole)
}
