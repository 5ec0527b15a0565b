import { limits } from '../config/limits.ts'
import type { MempoolEvent } from '../mempool/types.ts'
import { bytesToHex } from '../primitives/hex.ts'
import type { Random } from '../runtime/random.ts'
import { encodeHeader } from './encode/block.ts'
import { quantity } from './encode/quantity.ts'
import { encodeLog, locateLogs } from './encode/receipt.ts'
import { encodeTransaction } from './encode/transaction.ts'
import { limitExceeded } from './errors.ts'
import type { RpcSession } from './method.ts'
import type { ChainEvents, HeadEvent, MempoolPort, SyncProgress, SyncStatus } from './ports.ts'
import { matchesLog, type SubscriptionTopic } from './subscriptions.ts'

export interface SubscriptionHubModules {
  readonly events: ChainEvents
  readonly mempool: Pick<MempoolPort, 'subscribe'>
  readonly sync: SyncStatus
  readonly random: Random
}

interface Subscription {
  readonly id: string
  readonly topic: SubscriptionTopic
  readonly session: SubscriptionSession
}

/** Turns what happens on the chain and in the pool into notifications. Each is encoded once, however many read it. */
export class SubscriptionHub {
  readonly #modules: SubscriptionHubModules
  readonly #subscriptions = new Set<Subscription>()
  #unsubscribe: (() => void)[] = []

  constructor(modules: SubscriptionHubModules) {
    this.#modules = modules
  }

  start(): void {
    const { events, mempool, sync } = this.#modules
    this.#unsubscribe = [
      events.onHead((event) => this.#onHead(event)),
      mempool.subscribe((event) => this.#onPool(event)),
      sync.onChange((progress) => this.#onSync(progress)),
    ]
  }

  stop(): void {
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe()
    this.#subscriptions.clear()
  }

  /** The subscriptions of one connection. */
  open(connection: SubscriberConnection): SubscriptionSession {
    return new SubscriptionSession(this.#subscriptions, this.#modules.random, connection)
  }

  #onHead({ block, receipts }: HeadEvent): void {
    let head: string | undefined
    let logs: { log: ReturnType<typeof locateLogs>[number]; text: string }[] | undefined
    for (const { id, topic, session } of this.#subscriptions) {
      if (topic.type === 'newHeads') {
        head ??= JSON.stringify(encodeHeader(block.header))
        session.notify(id, head)
      } else if (topic.type === 'logs') {
        logs ??= locateLogs(block, receipts).map((log) => ({ log, text: JSON.stringify(encodeLog(log)) }))
        for (const { log, text } of logs) if (matchesLog(topic.criteria, log)) session.notify(id, text)
      }
    }
  }

  #onPool(event: MempoolEvent): void {
    if (event.type !== 'pending') return
    for (const transaction of event.transactions) {
      const hash = JSON.stringify(transaction.hash)
      let full: string | undefined
      for (const { id, topic, session } of this.#subscriptions) {
        if (topic.type !== 'newPendingTransactions') continue
        if (topic.full) full ??= JSON.stringify(encodeTransaction(transaction.tx))
        session.notify(id, topic.full ? (full ?? hash) : hash)
      }
    }
  }

  #onSync(progress: SyncProgress | undefined): void {
    const text = JSON.stringify(
      progress === undefined ? false : { syncing: true, status: encodeProgress(progress) },
    )
    for (const { id, topic, session } of this.#subscriptions) {
      if (topic.type === 'syncing') session.notify(id, text)
    }
  }
}

export function encodeProgress(progress: SyncProgress): Record<string, string> {
  return {
    startingBlock: quantity(progress.startingBlock),
    currentBlock: quantity(progress.currentBlock),
    highestBlock: quantity(progress.highestBlock),
  }
}

export interface SubscriberConnection {
  send(text: string): void
  /** Ends the connection of a client that takes its notifications too slowly. */
  cutOff(reason: string): void
}

/** One connection's subscriptions. Nothing is sent for a new one before the client knows its id. */
export class SubscriptionSession {
  readonly #all: Set<Subscription>
  readonly #random: Random
  readonly #connection: SubscriberConnection
  readonly #own = new Map<string, Subscription>()
  /** Notifications for subscriptions whose id was not yet answered. */
  readonly #held = new Map<string, string[]>()

  constructor(all: Set<Subscription>, random: Random, connection: SubscriberConnection) {
    this.#all = all
    this.#random = random
    this.#connection = connection
  }

  /** For one request or batch; `answered` is to be called when its answer was sent. */
  forRequest(): RpcSession & { answered(): void } {
    const opened: string[] = []
    return {
      subscribe: (topic) => {
        const id = this.#subscribe(topic)
        opened.push(id)
        return id
      },
      unsubscribe: (id) => this.#unsubscribe(id),
      answered: () => {
        for (const id of opened.splice(0)) this.#release(id)
      },
    }
  }

  close(): void {
    for (const id of [...this.#own.keys()]) this.#unsubscribe(id)
  }

  /** `result` is JSON already. */
  notify(id: string, result: string): void {
    const text = `{"jsonrpc":"2.0","method":"eth_subscription","params":{"subscription":"${id}","result":${result}}}`
    const held = this.#held.get(id)
    if (held === undefined) {
      this.#connection.send(text)
    } else if (held.push(text) > limits.rpcHeldNotifications) {
      this.#connection.cutOff('too many notifications before the subscription was answered')
    }
  }

  #subscribe(topic: SubscriptionTopic): string {
    if (this.#own.size >= limits.rpcSubscriptions) {
      throw limitExceeded(`a connection has at most ${limits.rpcSubscriptions} subscriptions`)
    }
    const id = bytesToHex(this.#random.bytes(16))
    const subscription = { id, topic, session: this }
    this.#own.set(id, subscription)
    this.#all.add(subscription)
    this.#held.set(id, [])
    return id
  }

  #unsubscribe(id: string): boolean {
    const subscription = this.#own.get(id)
    if (subscription === undefined) return false
    this.#own.delete(id)
    this.#held.delete(id)
    return this.#all.delete(subscription)
  }

  #release(id: string): void {
    const texts = this.#held.get(id) ?? []
    this.#held.delete(id)
    for (const text of texts) this.#connection.send(text)
  }
}
