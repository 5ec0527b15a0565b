import { limits } from '../config/limits.ts'
import { locateLogs } from './encode/receipt.ts'
import { invalidParams, limitExceeded, notFound } from './errors.ts'
import type { ChainReader, LocatedLog } from './ports.ts'
import type { BlockSelector } from './schemas/block.ts'
import type { LogCriteria, LogFilter } from './schemas/logFilter.ts'
import { matchesLog } from './subscriptions.ts'

/** What eth_getLogs answers. */
export async function findLogs(chain: ChainReader, filter: LogFilter): Promise<readonly LocatedLog[]> {
  if (filter.blockHash !== undefined) {
    const block = await chain.blockByHash(filter.blockHash)
    if (block === undefined) throw notFound('unknown block')
    return locateLogs(block, await chain.receipts(block)).filter((log) => matchesLog(filter, log))
  }
  const head = chain.head().header.number
  const fromBlock = boundary(filter.fromBlock, head)
  const toBlock = boundary(filter.toBlock, head)
  if (fromBlock > toBlock) throw invalidParams('invalid block range params')
  if (toBlock > head) throw invalidParams('block range extends beyond current head block')
  if (toBlock - fromBlock >= BigInt(limits.rpcLogBlocks)) {
    throw limitExceeded(`query exceeds max block range ${limits.rpcLogBlocks}; ask in parts`)
  }
  const logs = await searchLogs(chain, filter, fromBlock, toBlock)
  if (logs === undefined)
    throw limitExceeded(`query returned more than ${limits.rpcLogs} results; ask in parts`)
  return logs
}

/** Undefined when a range of several blocks holds too many; one block alone is bounded by its gas. */
export async function searchLogs(
  chain: ChainReader,
  criteria: LogCriteria,
  fromBlock: bigint,
  toBlock: bigint,
): Promise<readonly LocatedLog[] | undefined> {
  const limit = fromBlock === toBlock ? Number.MAX_SAFE_INTEGER : limits.rpcLogs
  const { addresses, topics } = criteria
  const logs = await chain.logs({ fromBlock, toBlock, addresses, topics, limit })
  return logs.length > limit ? undefined : logs
}

function boundary(selector: BlockSelector | undefined, head: bigint): bigint {
  if (selector === undefined) return head
  if ('number' in selector) return selector.number
  return 'tag' in selector && selector.tag === 'earliest' ? 0n : head
}
