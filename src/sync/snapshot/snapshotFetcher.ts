import { setMaxListeners } from 'node:events'
import { limits } from '../../config/limits.ts'
import { isNodeError, messageOf, NodeError } from '../../errors/errors.ts'
import { type Clock, sleep } from '../../runtime/clock.ts'
import type { Logger } from '../../runtime/logger.ts'
import { PeerPool } from '../peerPool.ts'
import type { SyncPeer, SyncPeers, SyncRequests } from '../ports.ts'
import { encodeSnapshotRequest, SNAPSHOT_PROTOCOL, SNAPSHOT_RESPONSE_BYTES } from './codec.ts'
import type { Assignment, SnapshotImport } from './snapshotImport.ts'

export interface SnapshotModules {
  readonly peers: SyncPeers
  readonly requests: SyncRequests
  readonly clock: Clock
  readonly logger: Logger
}

/** Fetches the parts of a state from all peers that offer it, several at a time, until none is missing. */
export class SnapshotFetcher {
  readonly #import: SnapshotImport
  readonly #modules: SnapshotModules
  readonly #pool: PeerPool
  readonly #startedMs: number
  readonly #startShare: number
  #saidMs: number

  /** `offering`: peers that said that they have the target's state. */
  constructor(
    options: { offering: ReadonlySet<string> },
    modules: SnapshotModules & { import: SnapshotImport },
  ) {
    this.#import = modules.import
    this.#modules = modules
    const { peers, clock } = modules
    const offeringPeers: SyncPeers = {
      list: () => peers.list().filter(({ id }) => options.offering.has(id)),
      onConnect: (listener) => peers.onConnect(listener),
      onDisconnect: (listener) => peers.onDisconnect(listener),
      onHead: (listener) => peers.onHead(listener),
      report: (peer, offence, reason) => peers.report(peer, offence, reason),
    }
    this.#pool = new PeerPool(offeringPeers, clock, limits.snapshotRequestsPerSecond)
    this.#startedMs = clock.nowMs()
    this.#saidMs = this.#startedMs
    this.#startShare = this.#import.share
  }

  /** NOT_FOUND when for `limits.snapshotPatienceMs` no peer brought anything; CANCELLED. */
  async run(signal: AbortSignal): Promise<void> {
    const ending = new AbortController()
    // every worker listens; their number is bounded
    setMaxListeners(0, ending.signal)
    const end = () => ending.abort()
    signal.addEventListener('abort', end, { once: true })
    if (signal.aborted) end()
    let failure: unknown
    const work = async () => {
      try {
        await this.#work(ending.signal)
      } catch (error) {
        failure ??= error
        end()
      }
    }
    // none may go on writing when this is over
    await Promise.all(Array.from({ length: limits.snapshotRequests }, work))
    signal.removeEventListener('abort', end)
    if (failure !== undefined) throw failure
  }

  async #work(signal: AbortSignal): Promise<void> {
    const { clock } = this.#modules
    let idleSinceMs = clock.nowMs()
    while (!this.#import.isDone) {
      if (signal.aborted) throw new NodeError('CANCELLED', 'The snapshot was interrupted.')
      const assignment = this.#import.take()
      const choice = assignment && this.#pool.pick(this.#import.target.height)
      if (assignment === undefined || choice === undefined) {
        if (assignment !== undefined) this.#import.release(assignment)
        else idleSinceMs = clock.nowMs()
        if (clock.nowMs() - idleSinceMs > limits.snapshotPatienceMs) {
          throw new NodeError('NOT_FOUND', 'No peer serves the state any more.')
        }
        await sleep(clock, limits.snapshotLookMs, signal)
        continue
      }
      await sleep(clock, choice.waitMs, signal)
      if (await this.#fetch(choice.peer, assignment, signal)) idleSinceMs = clock.nowMs()
    }
  }

  /** False when the peer did not bring it, and somebody else must. */
  async #fetch(peer: SyncPeer, assignment: Assignment, signal: AbortSignal): Promise<boolean> {
    try {
      const request = encodeSnapshotRequest(this.#import.requestFor(assignment))
      const answer = await this.#modules.requests.request(peer.id, SNAPSHOT_PROTOCOL, request, {
        timeoutMs: limits.snapshotTimeoutMs,
        maxResponseBytes: SNAPSHOT_RESPONSE_BYTES,
        signal,
      })
      await this.#import.accept(assignment, answer)
    } catch (error) {
      this.#import.release(assignment)
      this.#blame(peer, error)
      return false
    }
    this.#pool.succeeded(peer)
    this.#tellProgress()
    return true
  }

  #blame(peer: SyncPeer, error: unknown): void {
    if (!isNodeError(error)) throw error
    switch (error.code) {
      case 'CANCELLED':
      case 'STORAGE_FAILED':
      case 'DATA_CORRUPT':
        throw error
      case 'BAD_PROOF':
      case 'BAD_RLP':
      case 'BAD_ENCODING':
      case 'LIMIT_EXCEEDED':
        this.#pool.lied(peer, `a bad chunk: ${messageOf(error)}`)
        return
      case 'PEER_BUSY':
        this.#pool.wasBusy(peer)
        return
      default:
        this.#pool.failed(peer, `no chunk: ${error.code}`)
    }
  }

  #tellProgress(): void {
    const { clock, logger } = this.#modules
    const nowMs = clock.nowMs()
    if (nowMs - this.#saidMs < limits.syncProgressMs) return
    this.#saidMs = nowMs
    const { share, counts, openTasks } = this.#import
    const gained = share - this.#startShare
    const etaSeconds =
      gained <= 0 ? null : Math.ceil(((1 - share) * (nowMs - this.#startedMs)) / gained / 1_000)
    logger.info(
      { ...counts, openTasks, percent: Math.floor(share * 100), etaSeconds },
      'fetching the snapshot',
    )
  }
}
