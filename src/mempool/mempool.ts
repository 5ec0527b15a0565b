import type { Common } from '@ethereumjs/common'
import { limits } from '../config/limits.ts'
import { type ErrorCode, isNodeError, NodeError } from '../errors/errors.ts'
import type { Address, Hash } from '../primitives/hex.ts'
import type { Clock } from '../runtime/clock.ts'
import type { AccountRecord } from '../state/types.ts'
import { authoritiesOf, PendingAuthorities } from './authorities.ts'
import { BestTransactions } from './bestTransactions.ts'
import { EventQueue } from './eventQueue.ts'
import { EvictionOrder } from './evictionOrder.ts'
import type { PoolHead, PoolState } from './ports.ts'
import {
  checkFunds,
  checkOffer,
  checkReplacement,
  checkSender,
  effectiveTipWei,
  type PriceRules,
} from './rules.ts'
import { type Entry, SenderQueue, type SettleFacts } from './senderQueue.ts'
import { decodeTransaction, type PooledTransaction, transactionHash } from './transaction.ts'
import {
  type AccountContent,
  DEFAULT_BOUNDS,
  type DropReason,
  type MempoolBounds,
  type MempoolEvent,
  type MempoolModules,
  type MempoolOptions,
} from './types.ts'

/**
 * Transactions that wait for a block: checked, bounded, ordered. Everything is synchronous; the state it reads is
 * that of the head it was last advanced to.
 */
export class Mempool {
  readonly #rules: PriceRules
  readonly #bounds: MempoolBounds
  readonly #clock: Clock
  readonly #observe: (outcome: 'admitted' | ErrorCode) => void
  readonly #schedule: Common
  readonly #byHash = new Map<Hash, Entry>()
  readonly #queues = new Map<Address, SenderQueue>()
  readonly #eviction = new EvictionOrder()
  readonly #authorities = new PendingAuthorities()
  readonly #events: EventQueue
  #common: Common
  #head: PoolHead
  #state: PoolState
  #slots = 0
  #sequence = 0

  constructor(options: MempoolOptions, modules: MempoolModules) {
    this.#rules = options
    this.#bounds = { ...DEFAULT_BOUNDS, ...options.bounds }
    this.#clock = modules.clock
    this.#observe = modules.observe ?? (() => undefined)
    this.#events = new EventQueue(modules.logger)
    this.#head = modules.head
    this.#state = modules.state
    this.#schedule = options.common
    this.#common = commonAfter(options.common, modules.head)
  }

  get head(): PoolHead {
    return this.#head
  }

  /** Takes one encoded transaction, from a client or a peer. Fails with a TX_ code, BAD_RLP or LIMIT_EXCEEDED. */
  add(bytes: Uint8Array): PooledTransaction {
    try {
      const transaction = this.#add(bytes)
      this.#observe('admitted')
      return transaction
    } catch (error) {
      this.#observe(isNodeError(error) ? error.code : 'INTERNAL')
      throw error
    }
  }

  #add(bytes: Uint8Array): PooledTransaction {
    const hash = transactionHash(bytes)
    if (this.#byHash.has(hash)) throw new NodeError('TX_KNOWN', 'already known', { hash })
    const transaction = decodeTransaction(bytes, this.#common)
    this.admit(transaction)
    return transaction
  }

  /** As `add`, for a transaction that was decoded elsewhere under the fork of the next block. */
  admit(transaction: PooledTransaction): void {
    if (this.#byHash.has(transaction.hash)) {
      throw new NodeError('TX_KNOWN', 'already known', { hash: transaction.hash })
    }
    checkOffer(transaction, this.#head, this.#rules)
    const account = this.#state.account(transaction.sender)
    const { isDelegated } = checkSender(transaction, account, this.#state)
    const queue =
      this.#queues.get(transaction.sender) ?? new SenderQueue(transaction.sender, accountOf(account))
    const present = queue.get(transaction.nonce)
    if (present !== undefined) {
      checkReplacement(transaction, present, limits.mempoolReplacementPercent)
    }
    const total = queue.totalCostWei - (present?.transaction.costWei ?? 0n) + transaction.costWei
    checkFunds(transaction, total, account?.balanceWei ?? 0n)
    if (present === undefined) this.#checkAccountBounds(transaction, queue, isDelegated)
    const authorities = authoritiesOf(transaction)
    this.#checkAuthorities(authorities)
    const entry = this.#entryFor(transaction, queue)
    const evicted = this.#makeRoom(entry, queue, present)
    this.#insert(entry, queue, authorities)
    for (const victim of evicted) this.#forget(victim, 'evicted')
    this.#events.tell()
  }

  /** Puts transactions back, for instance those of a journal; what is no longer valid is left out. */
  reinject(encoded: Iterable<Uint8Array>): { admitted: number; refused: number } {
    let admitted = 0
    let refused = 0
    for (const bytes of encoded) {
      try {
        this.add(bytes)
        admitted++
      } catch (error) {
        if (!isNodeError(error)) throw error
        refused++
      }
    }
    return { admitted, refused }
  }

  /**
   * Follows the chain to a new head. `changed` names the accounts whose nonce, balance or code the block changed;
   * without it all senders are looked at.
   */
  advance(head: PoolHead, state: PoolState, changed?: Iterable<Address>): void {
    const previous = this.#head
    this.#head = head
    this.#state = state
    const common = commonAfter(this.#schedule, head)
    if (common.hardfork() !== this.#common.hardfork()) {
      this.#common = common
      this.#readmitAll()
      return
    }
    const isRepriced = head.nextBaseFeeWei !== previous.nextBaseFeeWei
    const lookAtAll = changed === undefined || head.gasLimit !== previous.gasLimit
    const affected = new Set(lookAtAll ? this.#queues.keys() : changed)
    const promoted: Entry[] = []
    for (const queue of [...this.#queues.values()]) {
      if (isRepriced) this.#reprice(queue)
      if (affected.has(queue.sender)) promoted.push(...this.#refresh(queue))
      else if (isRepriced) queue.settle(this.#settleFacts())
    }
    if (isRepriced) this.#eviction.reorder()
    this.#expire()
    this.#trimAllGapped()
    this.#announce(promoted)
    this.#events.tell()
  }

  /** Takes a transaction out that a builder found invalid; those behind it wait for its nonce to be filled. */
  drop(hash: Hash): boolean {
    const entry = this.#byHash.get(hash)
    const queue = entry && this.#queues.get(entry.transaction.sender)
    if (entry === undefined || queue === undefined) return false
    this.#remove(queue, (other) => other === entry, 'refused')
    this.#trimGapped(queue)
    this.#trimAllGapped()
    this.#events.tell()
    return true
  }

  /** For the builder; `baseFeeWei` is that of the block to build. */
  best(baseFeeWei: bigint = this.#head.nextBaseFeeWei): BestTransactions {
    return new BestTransactions(this.#queues.values(), baseFeeWei)
  }

  get(hash: Hash): PooledTransaction | undefined {
    return this.#byHash.get(hash)?.transaction
  }

  has(hash: Hash): boolean {
    return this.#byHash.has(hash)
  }

  /** The nonce that this account's next transaction should have: after all its executable ones. */
  pendingNonce(address: Address): bigint {
    return this.#queues.get(address)?.nextNonce ?? this.#state.account(address)?.nonce ?? 0n
  }

  status(): { pending: number; queued: number; slots: number } {
    const queued = this.#eviction.gapped
    return { pending: this.#byHash.size - queued, queued, slots: this.#slots }
  }

  contentFrom(address: Address): AccountContent {
    const queue = this.#queues.get(address)
    const all = (queue?.entries ?? []).map((entry) => entry.transaction)
    const executable = queue?.executable ?? 0
    return { pending: all.slice(0, executable), queued: all.slice(executable) }
  }

  content(): ReadonlyMap<Address, AccountContent> {
    return new Map([...this.#queues.keys()].map((sender) => [sender, this.contentFrom(sender)]))
  }

  /** All transactions in order of arrival. */
  transactions(): PooledTransaction[] {
    return Array.from(this.#byHash.values(), (entry) => entry.transaction)
  }

  /** Returns the function that ends the subscription. Listeners are called synchronously and must not throw. */
  subscribe(listener: (event: MempoolEvent) => void): () => void {
    return this.#events.subscribe(listener)
  }

  #checkAccountBounds(transaction: PooledTransaction, queue: SenderQueue, isDelegated: boolean): void {
    const { perAccount, gappedPerAccount } = this.#bounds
    const follows = queue.wouldFollow(transaction.nonce)
    // Code of a delegated account can move its balance in anyone's transaction, and so starve its own.
    if (isDelegated || this.#authorities.has(transaction.sender)) {
      if (!follows) {
        throw new NodeError('TX_NONCE_GAP', 'An account with delegated code may not send out of order.')
      }
      if (queue.length >= limits.mempoolPerDelegatedAccount) {
        throw new NodeError(
          'TX_ACCOUNT_LIMIT',
          'An account with delegated code has one transaction in flight.',
        )
      }
    }
    if (queue.length >= perAccount) {
      throw new NodeError('TX_ACCOUNT_LIMIT', `The account has ${perAccount} transactions pooled already.`)
    }
    if (!follows && queue.gapped >= gappedPerAccount) {
      throw new NodeError(
        'TX_ACCOUNT_LIMIT',
        `The account has ${gappedPerAccount} transactions waiting for nonce ${queue.nextNonce}.`,
      )
    }
  }

  #checkAuthorities(authorities: ReadonlySet<Address>): void {
    for (const authority of authorities) {
      if ((this.#queues.get(authority)?.length ?? 0) > limits.mempoolPerDelegatedAccount) {
        throw new NodeError('TX_ACCOUNT_LIMIT', `${authority} has more than one transaction in flight.`)
      }
    }
  }

  #entryFor(transaction: PooledTransaction, queue: SenderQueue): Entry {
    const tipWei = effectiveTipWei(transaction, this.#head.nextBaseFeeWei)
    const parentFloor = queue.before(transaction.nonce)?.floorTipWei ?? tipWei
    return {
      transaction,
      sequence: this.#sequence++,
      slots: Math.ceil(transaction.bytes.length / limits.mempoolSlotBytes),
      effectiveTipWei: tipWei,
      floorTipWei: parentFloor < tipWei ? parentFloor : tipWei,
      cumulativeCostWei: 0n,
      gappedSinceMs: undefined,
      announced: false,
    }
  }

  /** Evicts what pays less than the newcomer until it fits. */
  #makeRoom(entry: Entry, queue: SenderQueue, present: Entry | undefined): Entry[] {
    const isExecutable = queue.wouldFollow(entry.transaction.nonce)
    const addsGapped = !isExecutable && present === undefined
    const shortage = {
      slots: this.#slots + entry.slots - (present?.slots ?? 0) - this.#bounds.slots,
      gapped: addsGapped ? this.#eviction.gapped + 1 - this.#bounds.gapped : 0,
    }
    const newcomer = { queue, isExecutable, floorTipWei: entry.floorTipWei }
    const evicted = this.#eviction.makeRoom(newcomer, shortage, this.#settleFacts())
    if (evicted !== undefined) return evicted
    throw isExecutable
      ? new NodeError('TX_UNDERPRICED', 'transaction underpriced: the pool is full of better paying ones.')
      : new NodeError('TX_POOL_FULL', 'txpool is full: there is no room for transactions with a nonce gap.')
  }

  #insert(entry: Entry, queue: SenderQueue, authorities: ReadonlySet<Address>): void {
    this.#queues.set(queue.sender, queue)
    const { replaced, position } = queue.put(entry)
    if (replaced !== undefined) this.#forget(replaced, 'replaced')
    this.#byHash.set(entry.transaction.hash, entry)
    this.#slots += entry.slots
    this.#authorities.add(entry.transaction, authorities)
    const promoted = queue.settle(this.#settleFacts(), position)
    this.#eviction.update(queue)
    this.#announce(promoted)
  }

  /** Brings one sender in line with its account. Returns what became executable. */
  #refresh(queue: SenderQueue): Entry[] {
    const account = accountOf(this.#state.account(queue.sender))
    queue.setAccount(account)
    this.#take(queue, ({ transaction }) => transaction.nonce < account.nonce, 'nonceUsed')
    this.#take(queue, ({ transaction }) => transaction.costWei > account.balanceWei, 'unaffordable')
    this.#take(queue, ({ transaction }) => transaction.gasLimit > this.#head.gasLimit, 'overGasLimit')
    const promoted = queue.settle(this.#settleFacts())
    this.#afterRemoval(queue)
    this.#trimGapped(queue)
    return promoted
  }

  #trimGapped(queue: SenderQueue): void {
    const last = queue.executable + this.#bounds.gappedPerAccount
    if (queue.length > last) this.#remove(queue, (_, position) => position >= last, 'tooManyGapped')
  }

  /** Chains that broke may have left more gapped transactions than there is room for. */
  #trimAllGapped(): void {
    while (this.#eviction.gapped > this.#bounds.gapped) {
      const entry = this.#eviction.takeGapped()
      if (entry === undefined) return
      this.#forget(entry, 'evicted')
    }
  }

  #expire(): void {
    const before = this.#clock.nowMs() - this.#bounds.gappedLifetimeMs
    const isExpired = ({ gappedSinceMs }: Entry) => gappedSinceMs !== undefined && gappedSinceMs < before
    for (const queue of [...this.#queues.values()]) {
      if (queue.gapped > 0 && queue.entries.some(isExpired)) this.#remove(queue, isExpired, 'expired')
    }
  }

  #remove(queue: SenderQueue, isUnwanted: (entry: Entry, position: number) => boolean, reason: DropReason) {
    this.#take(queue, isUnwanted, reason)
    queue.settle(this.#settleFacts())
    this.#afterRemoval(queue)
  }

  #take(queue: SenderQueue, isUnwanted: (entry: Entry, position: number) => boolean, reason: DropReason) {
    for (const entry of queue.take(isUnwanted)) this.#forget(entry, reason)
  }

  #afterRemoval(queue: SenderQueue): void {
    this.#eviction.update(queue)
    if (queue.length === 0) this.#queues.delete(queue.sender)
  }

  #forget(entry: Entry, reason: DropReason): void {
    const { transaction } = entry
    this.#byHash.delete(transaction.hash)
    this.#slots -= entry.slots
    this.#authorities.remove(transaction)
    if (this.#queues.get(transaction.sender)?.length === 0) this.#queues.delete(transaction.sender)
    this.#events.push({ type: 'dropped', transaction, reason })
  }

  #reprice(queue: SenderQueue): void {
    for (const entry of queue.entries) {
      entry.effectiveTipWei = effectiveTipWei(entry.transaction, this.#head.nextBaseFeeWei)
    }
  }

  /** Under other rules a transaction may mean something else: all are decoded and checked anew. */
  #readmitAll(): void {
    const transactions = this.transactions()
    for (const queue of this.#queues.values()) {
      queue.take(() => true)
      this.#eviction.update(queue)
    }
    this.#queues.clear()
    this.#byHash.clear()
    this.#slots = 0
    for (const transaction of transactions) this.#authorities.remove(transaction)
    for (const transaction of transactions) {
      try {
        this.add(transaction.bytes)
      } catch (error) {
        if (!isNodeError(error)) throw error
        this.#events.push({ type: 'dropped', transaction, reason: 'forkRules' })
      }
    }
    this.#events.tell()
  }

  #settleFacts(): SettleFacts {
    return { gasLimit: this.#head.gasLimit, nowMs: this.#clock.nowMs() }
  }

  #announce(entries: readonly Entry[]): void {
    if (entries.length === 0) return
    for (const entry of entries) entry.announced = true
    this.#events.push({ type: 'pending', transactions: entries.map((entry) => entry.transaction) })
  }
}

function accountOf(account: AccountRecord | undefined): { nonce: bigint; balanceWei: bigint } {
  return { nonce: account?.nonce ?? 0n, balanceWei: account?.balanceWei ?? 0n }
}

/** The rules that the block after `head` runs under. */
function commonAfter(schedule: Common, head: PoolHead): Common {
  const common = schedule.copy()
  common.setHardforkBy({ blockNumber: head.number + 1n, timestamp: head.timestamp + 1n })
  return common
}
