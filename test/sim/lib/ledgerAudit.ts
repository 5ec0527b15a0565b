import { createHash } from 'node:crypto'
import type { Block } from '../../../src/ledger/block.ts'
import { decodeAccount } from '../../../src/state/accountCodec.ts'
import { kindRange } from '../../../src/storage/keys.ts'
import type { KvStore } from '../../../src/storage/kv.ts'
import { SimFailure } from './safety.ts'

const BASIS_POINTS = 10_000n

export interface StateFacts {
  /** Over accounts and slots as they lie in the store, whatever the header says of them. */
  readonly digest: string
  readonly balanceWei: bigint
}

export async function readStateFacts(kv: KvStore): Promise<StateFacts> {
  const hash = createHash('sha256')
  let balanceWei = 0n
  for await (const [key, value] of kv.iterate(kindRange('account'))) {
    hash.update(key).update(value)
    balanceWei += decodeAccount(value).balanceWei
  }
  for await (const [key, value] of kv.iterate(kindRange('slot'))) hash.update(key).update(value)
  return { digest: hash.digest('hex'), balanceWei }
}

/** What a block burns: its base fee less the treasury's share, which is rounded down. */
export function burntWei(block: Block, treasuryShareBps: number): bigint {
  const feesWei = (block.header.baseFeePerGas ?? 0n) * block.header.gasUsed
  return feesWei - (feesWei * BigInt(treasuryShareBps)) / BASIS_POINTS
}

/** Holds all nodes to one state, one list of receipts and one amount of money at each height. */
export class LedgerAudit {
  readonly #treasuryShareBps: number
  readonly #states = new Map<number, { readonly digest: string; readonly receipts: string }>()
  readonly #balances = new Map<number, bigint>()
  checks = 0

  constructor(treasuryShareBps: number, genesisBalanceWei: bigint) {
    this.#treasuryShareBps = treasuryShareBps
    this.#balances.set(0, genesisBalanceWei)
  }

  check(node: number, height: number, block: Block, receipts: Uint8Array, facts: StateFacts): void {
    this.checks++
    const found = { digest: facts.digest, receipts: Buffer.from(receipts).toString('hex') }
    const first = this.#states.get(height)
    if (first !== undefined) {
      if (first.digest !== found.digest) throw new SimFailure(`Node ${node} has another state at ${height}.`)
      if (first.receipts !== found.receipts)
        throw new SimFailure(`Node ${node} has other receipts at ${height}.`)
      return
    }
    const before = this.#balances.get(height - 1)
    const burnt = burntWei(block, this.#treasuryShareBps)
    if (before !== undefined && before - burnt !== facts.balanceWei) {
      throw new SimFailure(`Block ${height} makes ${before} wei into ${facts.balanceWei} and burns ${burnt}.`)
    }
    this.#states.set(height, found)
    this.#balances.set(height, facts.balanceWei)
  }
}
