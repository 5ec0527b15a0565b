import { limits } from '../config/limits.ts'
import { type ErrorCode, isNodeError, messageOf, NodeError } from '../errors/errors.ts'
import { type Cancel, type Clock, every, sleep } from '../runtime/clock.ts'
import { raceSignal } from '../runtime/deadline.ts'
import type { Service } from '../runtime/lifecycle.ts'
import type { Logger } from '../runtime/logger.ts'
import { PeerPool } from './peerPool.ts'
import type { SyncApp, SyncPeers, SyncRequests } from './ports.ts'
import { Progress } from './progress.ts'
import { type FetchedRange, RangeFetcher } from './rangeFetcher.ts'
import { serveRanges } from './rangeServer.ts'

/** As `eth_syncing` tells it; heights are of the run under way, or of the last one. */
export interface SyncStatus {
  readonly syncing: boolean
  readonly startingHeight: number
  readonly currentHeight: number
  /** The highest head that a peer claims; the own one when that is higher. */
  readonly highestHeight: number
}

export interface SyncerModules {
  readonly app: SyncApp
  readonly peers: SyncPeers
  readonly requests: SyncRequests
  readonly clock: Clock
  readonly logger: Logger
}

/** Errors of `submitDecided` that mean: the bytes are wrong, and so is the peer that sent them. */
export const PEERS_FAULT: readonly ErrorCode[] = [
  'BAD_RLP',
  'BAD_ENCODING',
  'BAD_SIGNATURE',
  'BAD_CERTIFICATE',
  'BAD_HEADER',
  'BAD_BODY',
  'UNKNOWN_PARENT',
  'LIMIT_EXCEEDED',
]

type Submission = 'done' | 'peersFault' | 'ownFault'

/**
 * Catches up with the network: when a peer's head is above the own one and consensus does not get there by itself
 * within `limits.syncGraceMs`, it fetches ranges of envelopes and hands them to consensus, which stays the only one
 * to decide. All it remembers is the head of the node, so it may be interrupted anywhere.
 */
export class Syncer implements Service {
  readonly name = 'sync'
  readonly #modules: SyncerModules
  readonly #pool: PeerPool
  readonly #fetcher: RangeFetcher
  readonly #stopping = new AbortController()
  readonly #undo: Cancel[] = []
  #run: Promise<void> | undefined
  #grace: { readonly height: number; readonly cancel: Cancel } | undefined
  #startingHeight: number
  #caughtUpOnce = false

  constructor(modules: SyncerModules) {
    this.#modules = modules
    this.#pool = new PeerPool(modules.peers, modules.clock)
    this.#fetcher = new RangeFetcher({ ...modules, pool: this.#pool })
    this.#startingHeight = modules.app.headHeight()
  }

  async start(): Promise<void> {
    const { app, peers, requests, clock } = this.#modules
    this.#undo.push(
      serveRanges(app, requests),
      peers.onConnect(() => this.#consider()),
      peers.onHead(() => this.#consider()),
      peers.onDisconnect((peer) => this.#pool.forget(peer)),
      // peers that rested may be asked again, and no event tells of that
      every(clock, limits.syncGraceMs, () => this.#consider()),
    )
    this.#consider()
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new NodeError('CANCELLED', 'Sync stopped.'))
    this.#grace?.cancel()
    for (const undo of this.#undo.splice(0)) undo()
    this.#fetcher.cancel()
    await this.#run
  }

  status(): SyncStatus {
    const currentHeight = this.#modules.app.headHeight()
    return {
      syncing: this.#run !== undefined,
      startingHeight: this.#startingHeight,
      currentHeight,
      highestHeight: Math.max(currentHeight, this.#pool.bestHeight()),
    }
  }

  /** Whether it is time to ask: at once when far behind or new, else after the grace. */
  #consider(): void {
    if (this.#run !== undefined || this.#stopping.signal.aborted) return
    const headHeight = this.#modules.app.headHeight()
    const bestHeight = this.#pool.bestHeight()
    if (bestHeight <= headHeight) {
      if (this.#modules.peers.list().length > 0) this.#caughtUpOnce = true
      this.#endGrace()
      return
    }
    if (!this.#caughtUpOnce || bestHeight - headHeight > limits.futureHeights) {
      this.#startRun()
      return
    }
    if (this.#grace !== undefined && headHeight < this.#grace.height) return
    this.#endGrace()
    const cancel = this.#modules.clock.after(limits.syncGraceMs, () => {
      this.#grace = undefined
      if (this.#modules.app.headHeight() < bestHeight) this.#startRun()
      else this.#consider()
    })
    this.#grace = { height: bestHeight, cancel }
  }

  #endGrace(): void {
    this.#grace?.cancel()
    this.#grace = undefined
  }

  #startRun(): void {
    if (this.#run !== undefined || this.#stopping.signal.aborted) return
    this.#endGrace()
    this.#run = this.#catchUp()
      .catch((error: unknown) => {
        if (isNodeError(error, 'CANCELLED')) return
        this.#modules.logger.error({ error: messageOf(error) }, 'sync failed')
      })
      .finally(() => {
        this.#fetcher.cancel()
        this.#run = undefined
      })
  }

  async #catchUp(): Promise<void> {
    const { app, clock, logger } = this.#modules
    const signal = this.#stopping.signal
    this.#startingHeight = app.headHeight()
    const progress = new Progress(this.#modules, this.#startingHeight)
    logger.info({ height: this.#startingHeight, targetHeight: this.#pool.bestHeight() }, 'sync started')
    for (;;) {
      const range = await this.#fetcher.take(app.headHeight() + 1, signal)
      if (range === undefined) break
      const lastHeight = range.decided.at(-1)?.height ?? 0
      if (this.#pool.bestHeight() > lastHeight) this.#fetcher.prefetch(lastHeight + 1)
      const outcome = await this.#submit(range, progress)
      if (outcome === 'done') continue
      this.#fetcher.cancel()
      if (outcome === 'ownFault') {
        await sleep(clock, limits.syncOwnFailureRestMs, signal)
        return
      }
    }
    const height = app.headHeight()
    const behind = Math.max(0, this.#pool.bestHeight() - height)
    if (behind === 0) this.#caughtUpOnce = true
    logger.info({ height, behind }, behind === 0 ? 'sync is done' : 'sync waits for peers')
  }

  async #submit({ peer, decided }: FetchedRange, progress: Progress): Promise<Submission> {
    const { app, logger } = this.#modules
    for (const { height, envelope, certificate } of decided) {
      // consensus may have got there meanwhile
      if (height <= app.headHeight()) continue
      try {
        await raceSignal(app.submitDecided(envelope, certificate), this.#stopping.signal)
      } catch (error) {
        this.#stopping.signal.throwIfAborted()
        if (isNodeError(error) && PEERS_FAULT.includes(error.code)) {
          this.#pool.lied(peer, `block ${height}: ${error.code}: ${error.message}`)
          return 'peersFault'
        }
        logger.error({ height, error: messageOf(error) }, 'this node could not take a decided block')
        return 'ownFault'
      }
      if (app.headHeight() < height) {
        logger.error({ height, head: app.headHeight() }, 'a decided block was taken without moving the head')
        return 'ownFault'
      }
      progress.reached(height, this.#pool.bestHeight())
    }
    return 'done'
  }
}
