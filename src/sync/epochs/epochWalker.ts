import { limits } from '../../config/limits.ts'
import { isNodeError, messageOf, NodeError } from '../../errors/errors.ts'
import type { SigningDomain } from '../../ledger/vote.ts'
import type { Hash } from '../../primitives/hex.ts'
import { type Clock, sleep } from '../../runtime/clock.ts'
import { PeerPool } from '../peerPool.ts'
import type { SyncPeer, SyncPeers, SyncRequests } from '../ports.ts'
import { decodeEpochResponse, EPOCH_PROTOCOL, EPOCH_RESPONSE_BYTES, encodeEpochRequest } from './codec.ts'
import {
  decodeEpochRecord,
  type EpochRecord,
  followEpoch,
  openEpochRecord,
  type VerifiedEpoch,
} from './epochRecord.ts'
import type { EpochStore } from './epochStore.ts'

export interface EpochWalkerModules {
  readonly store: EpochStore
  readonly peers: SyncPeers
  readonly requests: SyncRequests
  readonly clock: Clock
}

export interface EpochWalkerOptions {
  readonly domain: SigningDomain
  readonly epochBlocks: number
  /** The walk must come past this block, which some source that the operator trusts named. */
  readonly trustedHash: Hash | undefined
}

/**
 * Walks the epoch records of peers from genesis to the newest, verifies each from the one before, and stores them.
 * What was stored before is read again and not fetched.
 */
export class EpochWalker {
  readonly #options: EpochWalkerOptions
  readonly #modules: EpochWalkerModules
  readonly #pool: PeerPool
  /** In order, from genesis on. */
  readonly verified: VerifiedEpoch[] = []

  constructor(options: EpochWalkerOptions, modules: EpochWalkerModules) {
    this.#options = options
    this.#modules = modules
    this.#pool = new PeerPool(modules.peers, modules.clock)
  }

  /** Resolves at the newest record that any peer has. BAD_CONFIG when the trusted hash is not of this chain. */
  async run(signal: AbortSignal): Promise<readonly VerifiedEpoch[]> {
    this.#readStored()
    while (await this.#fetchNext(signal));
    const { trustedHash } = this.#options
    if (trustedHash !== undefined && !this.verified.some(({ header }) => header.hash === trustedHash)) {
      throw new NodeError(
        'BAD_CONFIG',
        `The trusted hash ${trustedHash} is not of the last block of an epoch in the chain that peers serve.`,
      )
    }
    return this.verified
  }

  #readStored(): void {
    const { store } = this.#modules
    for (let epoch = this.verified.length; ; epoch++) {
      const record = store.record(epoch)
      if (record === undefined) return
      this.verified.push(this.#verify(record))
    }
  }

  /** False when no peer has more. */
  async #fetchNext(signal: AbortSignal): Promise<boolean> {
    const { clock } = this.#modules
    const epoch = this.verified.length
    for (;;) {
      if (signal.aborted) throw new NodeError('CANCELLED', 'The walk over epochs was interrupted.')
      const choice = this.#pool.pick(epoch * this.#options.epochBlocks)
      if (choice === undefined) return false
      await sleep(clock, choice.waitMs, signal)
      if (await this.#ask(choice.peer, epoch, signal)) return true
    }
  }

  async #ask(peer: SyncPeer, fromEpoch: number, signal: AbortSignal): Promise<boolean> {
    try {
      const request = encodeEpochRequest({ fromEpoch, count: limits.epochRangeRecords })
      const answer = await this.#modules.requests.request(peer.id, EPOCH_PROTOCOL, request, {
        timeoutMs: limits.epochRequestTimeoutMs,
        maxResponseBytes: EPOCH_RESPONSE_BYTES,
        signal,
      })
      const records = decodeEpochResponse(answer).records.map(decodeEpochRecord)
      if (records.length === 0) {
        // a record is made soon after its block; one that stays away makes the peer one that does not help
        this.#pool.failed(peer, 'it has no record of an epoch that its head is past')
        return false
      }
      for (const record of records) this.verified.push(this.#verify(record))
      await this.#modules.store.put(records)
      this.#pool.succeeded(peer)
      return true
    } catch (error) {
      this.verified.length = Math.max(fromEpoch, (this.#modules.store.latest ?? -1) + 1)
      this.#blame(peer, error)
      return false
    }
  }

  #verify(record: EpochRecord): VerifiedEpoch {
    const { domain, epochBlocks } = this.#options
    const previous = this.verified.at(-1)
    if (record.epoch !== this.verified.length) {
      throw new NodeError(
        'BAD_CERTIFICATE',
        `The record is of epoch ${record.epoch}, not ${this.verified.length}.`,
      )
    }
    const next =
      previous === undefined
        ? openEpochRecord(domain.genesisHash, record)
        : followEpoch(domain, previous, record)
    if (next.header.height !== record.epoch * epochBlocks) {
      throw new NodeError(
        'BAD_CERTIFICATE',
        `Epoch ${record.epoch} does not end at block ${next.header.height}.`,
      )
    }
    return next
  }

  #blame(peer: SyncPeer, error: unknown): void {
    if (!isNodeError(error)) throw error
    switch (error.code) {
      case 'CANCELLED':
      case 'STORAGE_FAILED':
        throw error
      case 'BAD_PROOF':
      case 'BAD_CERTIFICATE':
      case 'BAD_RLP':
      case 'BAD_ENCODING':
      case 'LIMIT_EXCEEDED':
        this.#pool.lied(peer, `a bad epoch record: ${messageOf(error)}`)
        return
      case 'PEER_BUSY':
        this.#pool.wasBusy(peer)
        return
      default:
        this.#pool.failed(peer, `no epoch records: ${error.code}`)
    }
  }
}
