import type { Address, Hash } from '../../primitives/hex.ts'
import type { ReceiptHashes, SignedReceipt } from './typedData.ts'

/** A receipt in the pool, with what was found out about it once. */
export interface PooledReceipt {
  readonly receipt: SignedReceipt
  readonly hashes: ReceiptHashes
  /** Whose signature the host's one is. */
  readonly signer: Address
  /** What the chain would take for it when it was last judged. */
  readonly feeWei: bigint
}

interface Pending {
  count: number
  feesWei: bigint
}

/** The pool's receipts by id, by deadline, and summed up by host and by requester. Holds no rules. */
export class PoolIndex {
  /** In the order in which they were judged last. */
  readonly #receipts = new Map<Hash, PooledReceipt>()
  readonly #byDeadline = new Map<bigint, Set<Hash>>()
  readonly #byHost = new Map<Address, Pending>()
  readonly #byRequester = new Map<Address, Map<Address, Pending>>()

  get size(): number {
    return this.#receipts.size
  }

  has(receiptId: Hash): boolean {
    return this.#receipts.has(receiptId)
  }

  get(receiptId: Hash): PooledReceipt | undefined {
    return this.#receipts.get(receiptId)
  }

  add(pooled: PooledReceipt): void {
    const { receiptId } = pooled.hashes
    const { deadlineBlock } = pooled.receipt.request
    this.remove(receiptId)
    this.#receipts.set(receiptId, pooled)
    const bucket = this.#byDeadline.get(deadlineBlock) ?? new Set()
    this.#byDeadline.set(deadlineBlock, bucket.add(receiptId))
    this.#count(pooled, 1)
  }

  remove(receiptId: Hash): boolean {
    const pooled = this.#receipts.get(receiptId)
    if (pooled === undefined) return false
    this.#receipts.delete(receiptId)
    const { deadlineBlock } = pooled.receipt.request
    const bucket = this.#byDeadline.get(deadlineBlock)
    bucket?.delete(receiptId)
    if (bucket?.size === 0) this.#byDeadline.delete(deadlineBlock)
    this.#count(pooled, -1)
    return true
  }

  /** Nearest deadline first. The index may change meanwhile. */
  *byDeadline(): Generator<PooledReceipt> {
    const deadlines = [...this.#byDeadline.keys()].sort((a, b) => (a < b ? -1 : 1))
    for (const deadline of deadlines) {
      for (const receiptId of [...(this.#byDeadline.get(deadline) ?? [])]) {
        const pooled = this.#receipts.get(receiptId)
        if (pooled !== undefined) yield pooled
      }
    }
  }

  /** Those judged longest ago. */
  inTurn(atMost: number): readonly PooledReceipt[] {
    const first: PooledReceipt[] = []
    for (const pooled of this.#receipts.values()) {
      if (first.length >= atMost) break
      first.push(pooled)
    }
    return first
  }

  cheapest(): PooledReceipt | undefined {
    let cheapest: PooledReceipt | undefined
    for (const pooled of this.#receipts.values()) {
      if (cheapest === undefined || pooled.feeWei < cheapest.feeWei) cheapest = pooled
    }
    return cheapest
  }

  countOfHost(host: Address): number {
    return this.#byHost.get(host)?.count ?? 0
  }

  feesOfHost(host: Address): bigint {
    return this.#byHost.get(host)?.feesWei ?? 0n
  }

  countOfRequester(requester: Address): number {
    let count = 0
    for (const pending of this.#byRequester.get(requester)?.values() ?? []) count += pending.count
    return count
  }

  /** Fees of a requester's receipts, by host. */
  feesOfRequester(requester: Address): ReadonlyMap<Address, bigint> {
    const hosts = this.#byRequester.get(requester) ?? new Map<Address, Pending>()
    return new Map([...hosts].map(([host, { feesWei }]) => [host, feesWei]))
  }

  #count({ receipt, feeWei }: PooledReceipt, sign: 1 | -1): void {
    const { requester, host } = receipt.request
    change(this.#byHost, host, sign, feeWei)
    const hosts = this.#byRequester.get(requester) ?? new Map<Address, Pending>()
    change(hosts, host, sign, feeWei)
    if (hosts.size === 0) this.#byRequester.delete(requester)
    else this.#byRequester.set(requester, hosts)
  }
}

function change(map: Map<Address, Pending>, key: Address, sign: 1 | -1, feeWei: bigint): void {
  const pending = map.get(key) ?? { count: 0, feesWei: 0n }
  pending.count += sign
  pending.feesWei += BigInt(sign) * feeWei
  if (pending.count === 0) map.delete(key)
  else map.set(key, pending)
}
