import { ACCESS_OPEN } from '../../../precompiles/adapter/layout.ts'
import { settlement } from '../../../precompiles/proofOfAttribution/layout.ts'
import { limits } from '../../config/limits.ts'
import { isNodeError } from '../../errors/errors.ts'
import { type Address, type Hash, ZERO_ADDRESS } from '../../primitives/hex.ts'
import { decodeReceipt } from './codec.ts'
import type { LocatedEvent } from './events.ts'
import { type AdapterTerms, feeWeiOf, isHopeless, judgeReceipt, type Signers } from './judge.ts'
import { type PooledReceipt, PoolIndex } from './poolIndex.ts'
import type { BlockFollower, HeadReader, ReceiptMetrics, ReceiptRules } from './ports.ts'
import {
  type ReceiptDomain,
  type ReceiptHashes,
  receiptHashes,
  recoverSigner,
  type SignedReceipt,
} from './typedData.ts'
import type { HostView, ReceiptViews } from './views.ts'

/** As gossip wants it: `reject` only for what no honest peer hands on, whatever the state of the chain. */
export type Verdict = 'accept' | 'ignore' | 'reject'

/** Why a receipt is not taken in. */
export type Refusal =
  | 'malformed'
  | 'known'
  | 'too far ahead'
  | 'not payable'
  | 'bad signature'
  | 'too many of its host'
  | 'too many of its requester'
  | 'pool full'

export type Offer =
  | { readonly verdict: 'accept'; readonly receiptId: Hash }
  | { readonly verdict: 'ignore' | 'reject'; readonly reason: Refusal; readonly settlement?: number }

export interface PoolBounds {
  readonly receipts: number
  readonly perHost: number
  readonly perRequester: number
}

const defaultBounds: PoolBounds = {
  receipts: limits.receiptPool,
  perHost: limits.receiptPoolPerHost,
  perRequester: limits.receiptPoolPerRequester,
}

export interface ReceiptPoolOptions {
  readonly domain: ReceiptDomain
  readonly rules: ReceiptRules
  /** Those of `limits` when left out. */
  readonly bounds?: PoolBounds
}

export interface ReceiptPoolModules {
  readonly views: ReceiptViews
  readonly head: HeadReader
  readonly metrics: ReceiptMetrics
}

/**
 * Receipts that wait for settlement, each of which would settle in the next block as far as this node sees. Money
 * stands behind every one: a requester's receipts together stay within its deposits, a host's within its bond.
 */
export class ReceiptPool implements BlockFollower {
  readonly #domain: ReceiptDomain
  readonly #rules: ReceiptRules
  readonly #bounds: PoolBounds
  readonly #modules: ReceiptPoolModules
  readonly #index = new PoolIndex()
  /** What the chain says of adapters and hosts, until the next block. */
  readonly #terms = new Map<string, AdapterTerms | undefined>()
  readonly #hosts = new Map<Address, HostView | undefined>()

  constructor(options: ReceiptPoolOptions, modules: ReceiptPoolModules) {
    this.#domain = options.domain
    this.#rules = options.rules
    this.#bounds = options.bounds ?? defaultBounds
    this.#modules = modules
  }

  get size(): number {
    return this.#index.size
  }

  get(receiptId: Hash): SignedReceipt | undefined {
    return this.#index.get(receiptId)?.receipt
  }

  /** Judges a gossiped receipt; an accepted one is in the pool. */
  check(bytes: Uint8Array): Verdict {
    const { verdict } = this.offer(bytes)
    const counters = {
      accept: 'receipts_accepted',
      ignore: 'receipts_ignored',
      reject: 'receipts_rejected',
    } as const
    this.#modules.metrics.count(counters[verdict])
    return verdict
  }

  /** As `check`, with the reason. Decoding, then what costs nothing, then signatures, then the chain. */
  offer(bytes: Uint8Array): Offer {
    let receipt: SignedReceipt
    try {
      receipt = decodeReceipt(bytes)
    } catch {
      return { verdict: 'reject', reason: 'malformed' }
    }
    if (isHopeless(receipt, this.#rules)) return { verdict: 'reject', reason: 'malformed' }
    const hashes = receiptHashes(this.#domain, receipt)
    const early = this.#beforeSignatures(receipt, hashes)
    if (early !== undefined) return early
    const signers = signersOf(receipt, hashes)
    // the requester's signature needs no state; the host's signer may have changed a moment ago
    if (signers === undefined || signers.requester !== receipt.request.requester) {
      return { verdict: 'reject', reason: 'bad signature' }
    }
    return this.#admit({ receipt, hashes, feeWei: 0n, signer: signers.host })
  }

  /** Receipts to settle next: those whose deadline is nearest first, each judged again, at most these many. */
  next(maxReceipts: number, isTaken: (receiptId: Hash) => boolean): readonly SignedReceipt[] {
    const batch: SignedReceipt[] = []
    for (const pooled of this.#index.byDeadline()) {
      if (batch.length >= maxReceipts) break
      if (isTaken(pooled.hashes.receiptId) || !this.#stillSettles(pooled)) continue
      batch.push(pooled.receipt)
    }
    return batch
  }

  follow(events: readonly LocatedEvent[]): void {
    this.#terms.clear()
    this.#hosts.clear()
    for (const { event } of events) {
      if (event.type === 'settled') this.#index.remove(event.facts.receiptId)
    }
  }

  /** Drops what is past its deadline, and judges some of the others anew. */
  act(): void {
    const nextBlock = BigInt(this.#modules.head.height + 1)
    for (const pooled of this.#index.byDeadline()) {
      if (pooled.receipt.request.deadlineBlock >= nextBlock) break
      this.#index.remove(pooled.hashes.receiptId)
    }
    for (const pooled of this.#index.inTurn(limits.receiptsRejudged)) this.#stillSettles(pooled)
  }

  #beforeSignatures({ request }: SignedReceipt, { receiptId }: ReceiptHashes): Offer | undefined {
    const { height } = this.#modules.head
    if (this.#index.has(receiptId)) return { verdict: 'ignore', reason: 'known' }
    if (request.deadlineBlock <= BigInt(height)) {
      return { verdict: 'ignore', reason: 'not payable', settlement: settlement.expired }
    }
    // the longest deadline there is: a price rise takes effect after it
    if (request.deadlineBlock > BigInt(height + this.#rules.priceRiseDelayBlocks)) {
      return { verdict: 'ignore', reason: 'too far ahead' }
    }
    if (this.#index.countOfHost(request.host) >= this.#bounds.perHost) {
      return { verdict: 'ignore', reason: 'too many of its host' }
    }
    if (this.#index.countOfRequester(request.requester) >= this.#bounds.perRequester) {
      return { verdict: 'ignore', reason: 'too many of its requester' }
    }
    return undefined
  }

  #admit(pooled: PooledReceipt): Offer {
    const code = this.#judge(pooled)
    if (code !== settlement.settled) return { verdict: 'ignore', reason: 'not payable', settlement: code }
    const terms = this.#termsOf(pooled.receipt)
    const feeWei = terms === undefined ? 0n : feeWeiOf(pooled.receipt, terms.price)
    if (this.#index.size >= this.#bounds.receipts && !this.#makeRoom(feeWei)) {
      return { verdict: 'ignore', reason: 'pool full' }
    }
    this.#index.add({ ...pooled, feeWei })
    return { verdict: 'accept', receiptId: pooled.hashes.receiptId }
  }

  /** Gives up the receipt with the lowest fee for one that pays more. */
  #makeRoom(feeWei: bigint): boolean {
    const cheapest = this.#index.cheapest()
    if (cheapest === undefined || cheapest.feeWei >= feeWei) return false
    this.#index.remove(cheapest.hashes.receiptId)
    this.#modules.metrics.count('receipts_evicted')
    return true
  }

  /** False, and gone, when it does not settle any more. */
  #stillSettles(pooled: PooledReceipt): boolean {
    this.#index.remove(pooled.hashes.receiptId)
    if (this.#judge(pooled) !== settlement.settled) return false
    const terms = this.#termsOf(pooled.receipt)
    // the price may have changed since
    this.#index.add(
      terms === undefined ? pooled : { ...pooled, feeWei: feeWeiOf(pooled.receipt, terms.price) },
    )
    return true
  }

  /** The receipt itself must not be in the index. */
  #judge({ receipt, hashes, signer }: PooledReceipt): number {
    const { views, head } = this.#modules
    const { requester, host, adapterId } = receipt.request
    return judgeReceipt(
      receipt,
      {
        nextBlock: head.height + 1,
        nextBaseFeeWei: head.nextBaseFeeWei,
        isSettled: views.receipt(hashes.receiptId) !== undefined,
        adapter: this.#termsOf(receipt),
        accessUntil: () => views.accessUntil(adapterId, requester),
        hasGrant: () => views.grantOf(requester).grantId !== 0,
        host: this.#hostOf(host),
        availableWei: this.#availableWei(requester, host),
        hostPendingWei: this.#index.feesOfHost(host),
      },
      this.#rules,
      () => ({ requester, host: signer }),
    )
  }

  /** What is reserved for a host pays first; what its receipts take beyond that comes out of the free deposit. */
  #availableWei(requester: Address, host: Address): bigint {
    const { views } = this.#modules
    const pending = this.#index.feesOfRequester(requester)
    const reservedWei = (forHost: Address) => views.deposit(requester, forHost).balanceWei
    let availableWei = views.deposit(requester, ZERO_ADDRESS).balanceWei
    for (const [otherHost, feesWei] of pending) {
      if (otherHost === host) continue
      const beyondWei = feesWei - reservedWei(otherHost)
      if (beyondWei > 0n) availableWei -= beyondWei
    }
    return availableWei + reservedWei(host) - (pending.get(host) ?? 0n)
  }

  #termsOf({ request }: SignedReceipt): AdapterTerms | undefined {
    const { adapterId, adapterVersion } = request
    return remembered(this.#terms, `${adapterId}/${adapterVersion}`, () =>
      readTerms(this.#modules.views, adapterId, adapterVersion),
    )
  }

  #hostOf(host: Address): HostView | undefined {
    return remembered(this.#hosts, host, () => this.#modules.views.host(host))
  }
}

/** Both signers, as far as the signatures recover to anybody. */
function signersOf(receipt: SignedReceipt, hashes: ReceiptHashes): Signers | undefined {
  try {
    return {
      requester: recoverSigner(hashes.receiptId, receipt.requesterSignature),
      host: recoverSigner(hashes.receiptDigest, receipt.hostSignature),
    }
  } catch (error) {
    if (isNodeError(error, 'BAD_SIGNATURE')) return undefined
    throw error
  }
}

export function readTerms(
  views: ReceiptViews,
  adapterId: bigint,
  adapterVersion: number,
): AdapterTerms | undefined {
  const adapter = views.adapter(adapterId)
  const price = adapter && views.price(adapterId)
  const model = adapter && views.baseModel(adapter.baseModelId)
  if (adapter === undefined || price === undefined || model === undefined) return undefined
  return {
    status: adapter.status,
    version: views.adapterVersion(adapterId, adapterVersion),
    profileHash: model.profileHash,
    isRestricted: adapter.accessPolicy !== ACCESS_OPEN,
    price,
  }
}

/** Looks up once between two blocks; strangers choose the keys, so the memory is bounded. */
function remembered<K, V>(map: Map<K, V>, key: K, read: () => V): V {
  const known = map.get(key)
  if (known !== undefined || map.has(key)) return known as V
  if (map.size >= limits.receiptTermsKept) map.clear()
  const value = read()
  map.set(key, value)
  return value
}
