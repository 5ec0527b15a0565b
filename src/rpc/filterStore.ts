import { limits } from '../config/limits.ts'
import { bytesToHex, type Hash, type Hex } from '../primitives/hex.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Random } from '../runtime/random.ts'
import { encodeLog } from './encode/receipt.ts'
import { limitExceeded, notFound, RPC_CODES, RpcError } from './errors.ts'
import { findLogs, searchLogs } from './logSearch.ts'
import type { ChainReader, LocatedLog, MempoolPort } from './ports.ts'
import type { LogFilter } from './schemas/logFilter.ts'

type FilterKind =
  | { readonly type: 'logs'; readonly filter: LogFilter }
  | { readonly type: 'blocks' }
  | { readonly type: 'pending' }

interface Filter {
  readonly kind: FilterKind
  /** The first block, or the first position in the pending hashes, that was not yet told. */
  next: bigint
  usedAtMs: number
}

export interface FilterStoreModules {
  readonly chain: ChainReader
  readonly mempool: Pick<MempoolPort, 'subscribe'>
  readonly clock: Clock
  readonly random: Random
}

/**
 * The polling filters. Blocks are final, so a filter is only a place in the chain, read again at each poll; pending
 * hashes are kept once for all filters.
 */
export class FilterStore {
  readonly #modules: FilterStoreModules
  /** In order of last use. */
  readonly #filters = new Map<Hex, Filter>()
  #pendingHashes: Hash[] = []
  #pendingTold = 0n
  #unsubscribe: (() => void) | undefined

  constructor(modules: FilterStoreModules) {
    this.#modules = modules
  }

  start(): void {
    this.#unsubscribe = this.#modules.mempool.subscribe((event) => {
      if (event.type !== 'pending') return
      for (const { hash } of event.transactions) this.#pendingHashes.push(hash)
      const excess = this.#pendingHashes.length - limits.rpcPendingHashes
      // Cut in large pieces, so that the cost of moving the rest is spread.
      if (excess >= limits.rpcPendingHashes / 2) this.#dropPending(excess)
    })
  }

  stop(): void {
    this.#unsubscribe?.()
    this.#filters.clear()
    this.#pendingHashes = []
  }

  newLogFilter(filter: LogFilter): Hex {
    if (filter.blockHash !== undefined) {
      throw new RpcError(RPC_CODES.invalidParams, 'a filter follows new blocks; it cannot name a block hash')
    }
    return this.#install({ type: 'logs', filter }, this.#head() + 1n)
  }

  newBlockFilter(): Hex {
    return this.#install({ type: 'blocks' }, this.#head() + 1n)
  }

  newPendingFilter(): Hex {
    return this.#install({ type: 'pending' }, this.#pendingEnd())
  }

  uninstall(id: Hex): boolean {
    return this.#filters.delete(id)
  }

  /** What is new since the last poll: logs, or hashes. */
  async changes(id: Hex): Promise<unknown[]> {
    const filter = this.#use(id)
    switch (filter.kind.type) {
      case 'logs':
        return (await this.#newLogs(filter, filter.kind.filter)).map(encodeLog)
      case 'blocks':
        return await this.#newBlocks(filter)
      case 'pending':
        return this.#newPending(filter)
    }
  }

  /** All logs that the filter matches, from its first block on. */
  async allLogs(id: Hex): Promise<unknown[]> {
    const { kind } = this.#use(id)
    if (kind.type !== 'logs') throw notFound('filter not found')
    return (await findLogs(this.#modules.chain, kind.filter)).map(encodeLog)
  }

  async #newLogs(filter: Filter, wanted: LogFilter): Promise<readonly LocatedLog[]> {
    const { fromBlock, toBlock } = wanted
    const first = fromBlock !== undefined && 'number' in fromBlock ? fromBlock.number : 0n
    const last = toBlock !== undefined && 'number' in toBlock ? toBlock.number : this.#head()
    const from = first > filter.next ? first : filter.next
    let to = smallest(last, this.#head(), from + BigInt(limits.rpcLogBlocks) - 1n)
    // Too much for one answer: a part now, the rest at the next poll.
    for (; to >= from; to = from + (to - from) / 2n) {
      const logs = await searchLogs(this.#modules.chain, wanted, from, to)
      if (logs === undefined) continue
      filter.next = to + 1n
      return logs
    }
    return []
  }

  async #newBlocks(filter: Filter): Promise<Hash[]> {
    const hashes: Hash[] = []
    const last = smallest(this.#head(), filter.next + BigInt(limits.rpcLogs) - 1n)
    for (; filter.next <= last; filter.next++) {
      const block = await this.#modules.chain.blockByNumber(filter.next)
      if (block !== undefined) hashes.push(bytesToHex(block.hash()))
    }
    return hashes
  }

  #newPending(filter: Filter): Hash[] {
    const from = Number(filter.next - this.#pendingTold)
    filter.next = this.#pendingEnd()
    if (from < 0) throw limitExceeded('too many pending transactions since the last poll; some were missed')
    return this.#pendingHashes.slice(from)
  }

  #install(kind: FilterKind, next: bigint): Hex {
    this.#expire()
    if (this.#filters.size >= limits.rpcFilters) {
      throw limitExceeded(`there are ${limits.rpcFilters} filters already; uninstall those no longer used`)
    }
    const id = bytesToHex(this.#modules.random.bytes(16))
    this.#filters.set(id, { kind, next, usedAtMs: this.#modules.clock.nowMs() })
    return id
  }

  #use(id: Hex): Filter {
    this.#expire()
    const filter = this.#filters.get(id)
    if (filter === undefined) throw notFound('filter not found')
    filter.usedAtMs = this.#modules.clock.nowMs()
    this.#filters.delete(id)
    this.#filters.set(id, filter)
    return filter
  }

  #expire(): void {
    const before = this.#modules.clock.nowMs() - limits.rpcFilterLifetimeMs
    for (const [id, { usedAtMs }] of this.#filters) {
      if (usedAtMs >= before) return
      this.#filters.delete(id)
    }
  }

  #head(): bigint {
    return this.#modules.chain.head().header.number
  }

  #pendingEnd(): bigint {
    return this.#pendingTold + BigInt(this.#pendingHashes.length)
  }

  #dropPending(count: number): void {
    this.#pendingHashes = this.#pendingHashes.slice(count)
    this.#pendingTold += BigInt(count)
  }
}

function smallest(...values: readonly [bigint, ...bigint[]]): bigint {
  return values.reduce((least, value) => (value < least ? value : least))
}
