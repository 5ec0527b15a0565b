import { messageOf } from '../../errors/errors.ts'
import type { Service } from '../../runtime/lifecycle.ts'
import type { Logger } from '../../runtime/logger.ts'
import { yieldToEventLoop } from '../../runtime/yield.ts'
import { attributionEvents } from './events.ts'
import type { BlockFollower, BlockSource } from './ports.ts'
import type { Tracker } from './tracker.ts'

export interface ReceiptServiceModules {
  readonly tracker: Tracker
  /** In the order in which they follow a block: the pool before the settler, the tracker before all of them. */
  readonly followers: readonly BlockFollower[]
  readonly blocks: BlockSource
  readonly head: { readonly height: number }
  /** Tells of each decided block; returns what ends that. */
  readonly onDecided: (listener: () => void) => () => void
  /** While the node is behind others nothing is sent: what looks due may be long done. */
  readonly isSynced: () => boolean
  readonly logger: Logger
}

/** Follows the chain for all that works on receipts: one block after the other, each by everybody in turn. */
export class ReceiptService implements Service {
  readonly name = 'receipts'
  readonly #modules: ReceiptServiceModules
  #stopping = new AbortController()
  #unsubscribe: (() => void) | undefined
  #work: Promise<void> = Promise.resolve()
  #isScheduled = false

  constructor(modules: ReceiptServiceModules) {
    this.#modules = modules
  }

  async start(): Promise<void> {
    this.#stopping = new AbortController()
    await this.#modules.tracker.load(this.#stopping.signal)
    this.#unsubscribe = this.#modules.onDecided(() => this.#schedule())
    this.#schedule()
  }

  async stop(): Promise<void> {
    this.#unsubscribe?.()
    this.#stopping.abort()
    await this.#work
  }

  /** Resolves when every block decided so far has been worked on. */
  async idle(): Promise<void> {
    await this.#work
  }

  /** One run catches up with all blocks that there are when it comes to them. */
  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    this.#work = this.#work.then(async () => {
      this.#isScheduled = false
      try {
        await this.#catchUp()
      } catch (error) {
        if (this.#stopping.signal.aborted) return
        this.#modules.logger.error({ error: messageOf(error) }, 'following receipts failed')
      }
    })
  }

  async #catchUp(): Promise<void> {
    const { tracker, blocks, head, followers, isSynced } = this.#modules
    const { signal } = this.#stopping
    while (tracker.height < head.height && !signal.aborted) {
      const number = tracker.height + 1
      const block = blocks.block(number)
      if (block === undefined) {
        // a snapshot took the head past blocks that this node never had
        await tracker.load(signal)
        continue
      }
      const events = attributionEvents(block)
      const isIncomplete = tracker.apply(number, events)
      await this.#each(followers, (follower) => follower.follow(events))
      if (isIncomplete) await tracker.load(signal)
      await yieldToEventLoop()
    }
    if (signal.aborted || !isSynced()) return
    await this.#each(followers, (follower) => follower.act())
  }

  /** One that fails does not keep the others from their work. */
  async #each(
    followers: readonly BlockFollower[],
    call: (follower: BlockFollower) => void | Promise<void>,
  ): Promise<void> {
    for (const follower of followers) {
      try {
        await call(follower)
      } catch (error) {
        this.#modules.logger.error({ error: messageOf(error) }, 'a follower of blocks failed')
      }
    }
  }
}
