import type { Address } from '../primitives/hex.ts'
import type { PooledTransaction } from './transaction.ts'

/** A pooled transaction and what the pool knows of it. The fields that `settle` writes hold until the next change. */
export interface Entry {
  readonly transaction: PooledTransaction
  /** Order of arrival. */
  readonly sequence: number
  readonly slots: number
  /** Tip per gas at the next base fee; negative when the fee cap does not reach the base fee. */
  effectiveTipWei: bigint
  /** The lowest effective tip of this transaction and all before it: what including it is worth. */
  floorTipWei: bigint
  /** Cost of this transaction and all before it. */
  cumulativeCostWei: bigint
  /** Since when it waits for a gap to close or for money; undefined while executable. */
  gappedSinceMs: number | undefined
  /** Whether it was announced as pending. */
  announced: boolean
}

export interface SettleFacts {
  readonly gasLimit: bigint
  readonly nowMs: number
}

/**
 * All pooled transactions of one account, by nonce. The first `executable` of them follow the account's nonce
 * without a gap and its balance pays for them all; the others are gapped.
 */
export class SenderQueue {
  readonly sender: Address
  readonly #entries: Entry[] = []
  #executable = 0
  #nonce: bigint
  #balanceWei: bigint
  #totalCostWei = 0n

  constructor(sender: Address, account: { nonce: bigint; balanceWei: bigint }) {
    this.sender = sender
    this.#nonce = account.nonce
    this.#balanceWei = account.balanceWei
  }

  get length(): number {
    return this.#entries.length
  }

  get executable(): number {
    return this.#executable
  }

  get gapped(): number {
    return this.#entries.length - this.#executable
  }

  /** The first nonce that no executable transaction has. */
  get nextNonce(): bigint {
    return this.#nonce + BigInt(this.#executable)
  }

  get totalCostWei(): bigint {
    return this.#totalCostWei
  }

  get entries(): readonly Entry[] {
    return this.#entries
  }

  get tail(): Entry | undefined {
    return this.#entries.at(-1)
  }

  setAccount(account: { nonce: bigint; balanceWei: bigint }): void {
    this.#nonce = account.nonce
    this.#balanceWei = account.balanceWei
  }

  get(nonce: bigint): Entry | undefined {
    const entry = this.#entries[this.#position(nonce)]
    return entry?.transaction.nonce === nonce ? entry : undefined
  }

  /** The transaction with the highest nonce below `nonce`. */
  before(nonce: bigint): Entry | undefined {
    return this.#entries[this.#position(nonce) - 1]
  }

  /** Whether a transaction with this nonce would stand behind executable ones only, with no gap. */
  wouldFollow(nonce: bigint): boolean {
    const position = this.#position(nonce)
    return position <= this.#executable && nonce === this.#nonce + BigInt(position)
  }

  /** Puts the entry in the place of one with the same nonce, if any, and returns that one. Settle afterwards. */
  put(entry: Entry): { replaced: Entry | undefined; position: number } {
    const position = this.#position(entry.transaction.nonce)
    const present = this.#entries[position]
    const replaced = present?.transaction.nonce === entry.transaction.nonce ? present : undefined
    this.#entries.splice(position, replaced === undefined ? 0 : 1, entry)
    this.#totalCostWei += entry.transaction.costWei - (replaced?.transaction.costWei ?? 0n)
    return { replaced, position }
  }

  /** Takes out all entries that `isUnwanted` names. Settle afterwards. */
  take(isUnwanted: (entry: Entry, position: number) => boolean): Entry[] {
    const taken: Entry[] = []
    let kept = 0
    for (const [position, entry] of this.#entries.entries()) {
      if (isUnwanted(entry, position)) taken.push(entry)
      else this.#entries[kept++] = entry
    }
    this.#entries.length = kept
    for (const entry of taken) this.#totalCostWei -= entry.transaction.costWei
    this.#executable = Math.min(this.#executable, kept)
    return taken
  }

  /** Takes out the entry with the highest nonce; the others stand as they did. */
  takeTail(): Entry | undefined {
    const entry = this.#entries.pop()
    if (entry === undefined) return undefined
    this.#totalCostWei -= entry.transaction.costWei
    this.#executable = Math.min(this.#executable, this.#entries.length)
    return entry
  }

  /** Recomputes what depends on the order, from `position` on, and tells which entries became executable. */
  settle(facts: SettleFacts, position = 0): Entry[] {
    const promoted: Entry[] = []
    let previous = this.#entries[position - 1]
    let open = position <= this.#executable
    let executable = Math.min(position, this.#executable)
    for (let index = position; index < this.#entries.length; index++) {
      const entry = this.#entries[index]
      if (entry === undefined) break
      const { costWei, nonce, gasLimit } = entry.transaction
      entry.cumulativeCostWei = (previous?.cumulativeCostWei ?? 0n) + costWei
      entry.floorTipWei = min(previous?.floorTipWei ?? entry.effectiveTipWei, entry.effectiveTipWei)
      open &&=
        nonce === this.#nonce + BigInt(index) &&
        entry.cumulativeCostWei <= this.#balanceWei &&
        gasLimit <= facts.gasLimit
      if (open) {
        executable = index + 1
        entry.gappedSinceMs = undefined
        if (!entry.announced) promoted.push(entry)
      } else {
        entry.gappedSinceMs ??= facts.nowMs
      }
      previous = entry
    }
    this.#executable = executable
    return promoted
  }

  /** Where `nonce` stands or would stand. */
  #position(nonce: bigint): number {
    let low = 0
    let high = this.#entries.length
    // Sending in order is the common case.
    const tail = this.tail
    if (tail !== undefined && nonce > tail.transaction.nonce) return high
    while (low < high) {
      const middle = (low + high) >> 1
      const entry = this.#entries[middle]
      if (entry !== undefined && entry.transaction.nonce < nonce) low = middle + 1
      else high = middle
    }
    return low
  }
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}
