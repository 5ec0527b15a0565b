import type { Block } from '@ethereumjs/block'
import type { Address } from '../../primitives/hex.ts'
import { bytesToHex, type Hash } from '../../primitives/hex.ts'
import { effectiveGasPriceWei, senderOf } from '../encode/transaction.ts'
import type { ChainReader } from '../ports.ts'

export interface FeeOracleOptions {
  /** Suggested while no recent block says anything. */
  readonly defaultTipWei: bigint
}

/** Enough to see the market, few enough to follow it. */
const BLOCKS = 20
/** Only the cheapest of each block: what it takes to get in, not what the hasty pay. */
const SAMPLES_PER_BLOCK = 3
const PERCENTILE = 60

/** Suggests the tip per gas that recent blocks took transactions for. */
export class FeeOracle {
  readonly #options: FeeOracleOptions
  readonly #chain: Pick<ChainReader, 'head' | 'blockByNumber'>
  #latest: { head: Hash; tipWei: Promise<bigint> } | undefined

  constructor(options: FeeOracleOptions, modules: { chain: Pick<ChainReader, 'head' | 'blockByNumber'> }) {
    this.#options = options
    this.#chain = modules.chain
  }

  /** In wei per gas; computed once a head. */
  suggestTipWei(): Promise<bigint> {
    const head = this.#chain.head()
    const hash = bytesToHex(head.hash())
    if (this.#latest?.head !== hash) this.#latest = { head: hash, tipWei: this.#sample(head) }
    return this.#latest.tipWei
  }

  async #sample(head: Block): Promise<bigint> {
    const tips: bigint[] = []
    let block: Block | undefined = head
    for (let count = 1; block !== undefined; count++) {
      tips.push(...cheapestTips(block))
      const number: bigint = block.header.number
      block = number > 0n && count < BLOCKS ? await this.#chain.blockByNumber(number - 1n) : undefined
    }
    tips.sort(ascending)
    return tips[Math.floor(((tips.length - 1) * PERCENTILE) / 100)] ?? this.#options.defaultTipWei
  }
}

/** Transactions of the block's own fee recipient cost it nothing and say nothing of the price. */
function cheapestTips(block: Block): bigint[] {
  const own: Address = bytesToHex(block.header.coinbase.bytes)
  const baseFeeWei = block.header.baseFeePerGas ?? 0n
  const tips: bigint[] = []
  const offers = block.transactions
    .map((tx) => ({ tx, tipWei: effectiveGasPriceWei(tx, baseFeeWei) - baseFeeWei }))
    .sort((a, b) => ascending(a.tipWei, b.tipWei))
  for (const { tx, tipWei } of offers) {
    if (tips.length === SAMPLES_PER_BLOCK) break
    if (senderOf(tx) !== own) tips.push(tipWei)
  }
  return tips
}

export function ascending(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}
