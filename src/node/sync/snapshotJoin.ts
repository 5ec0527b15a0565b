import type { ChainSpec } from '../../chainspec/chainSpec.ts'
import { limits } from '../../config/limits.ts'
import { initialPriorities, nextPriorities } from '../../consensus/proposer.ts'
import { isNodeError, NodeError } from '../../errors/errors.ts'
import { createGenesisState } from '../../execution/genesis.ts'
import { blockHashOf, decodeEnvelopeBlock } from '../../ledger/block.ts'
import type { Envelope } from '../../ledger/envelope.ts'
import type { SigningDomain } from '../../ledger/vote.ts'
import type { Hash } from '../../primitives/hex.ts'
import { type Clock, sleep } from '../../runtime/clock.ts'
import type { Logger } from '../../runtime/logger.ts'
import { putProgress } from '../../state/pruneProgress.ts'
import { blockCommitOps, ChainStore, snapshotHeadOps } from '../../storage/chainStore.ts'
import type { KvStore } from '../../storage/kv.ts'
import {
  decodeRangeResponse,
  encodeRangeRequest,
  RANGE_RESPONSE_BYTES,
  SYNC_PROTOCOL,
} from '../../sync/codec.ts'
import type { VerifiedEpoch } from '../../sync/epochs/epochRecord.ts'
import { EpochStore } from '../../sync/epochs/epochStore.ts'
import { EpochWalker } from '../../sync/epochs/epochWalker.ts'
import type { SyncPeers, SyncRequests } from '../../sync/ports.ts'
import { pairRange } from '../../sync/range.ts'
import {
  decodeOffers,
  encodeSnapshotRequest,
  SNAPSHOT_PROTOCOL,
  SNAPSHOT_RESPONSE_BYTES,
} from '../../sync/snapshot/codec.ts'
import { SnapshotFetcher } from '../../sync/snapshot/snapshotFetcher.ts'
import { discardSnapshot, SnapshotImport } from '../../sync/snapshot/snapshotImport.ts'
import { deleteTarget, readTarget, type SnapshotTarget } from '../../sync/snapshot/tasks.ts'
import { putPriorities } from '../execution/priorities.ts'

/** A network that is up before there is a chain. */
export interface JoinNetwork {
  readonly peers: SyncPeers
  readonly requests: SyncRequests
  start(): Promise<void>
  stop(): Promise<void>
}

export interface JoinOptions {
  readonly spec: ChainSpec
  readonly trustedHash: Hash | undefined
}

export interface JoinModules {
  readonly kv: KvStore
  readonly clock: Clock
  readonly logger: Logger
  readonly network: (chain: { chainId: bigint; genesisHash: Hash }) => Promise<JoinNetwork>
}

/** Ends of epochs that the network must be past: before that, fetching all blocks is quicker. */
const WORTHWHILE_EPOCHS = 2

/** Throws away what an unfinished snapshot left, for a node that is to fetch all blocks. */
export async function forgetSnapshot(kv: KvStore): Promise<void> {
  if (readTarget(kv) !== undefined) await discardSnapshot(kv)
}

/**
 * Brings an empty store to the newest end of an epoch whose state peers serve, without the blocks before it: epoch
 * records from genesis, then the state in proven chunks, then the block itself. Goes on where it was interrupted; a
 * store that has a chain is left alone. The chain is opened afterwards, and fetches the rest block by block.
 */
export async function joinBySnapshot(
  options: JoinOptions,
  modules: JoinModules,
  signal: AbortSignal,
): Promise<void> {
  const { spec, trustedHash } = options
  const { kv, clock, logger } = modules
  if (new ChainStore({ common: spec.common }, { kv }).headHeight() !== undefined) return
  requireTrust(spec, trustedHash, clock)
  const genesis = await createGenesisState(spec)
  const domain = { genesisHash: blockHashOf(genesis.block), chainId: spec.chainId }
  const network = await modules.network(domain)
  await network.start()
  try {
    const join = new Join({ ...options, domain }, { kv, clock, logger, ...network })
    const joined = await join.run(signal)
    if (joined === undefined) return await forgetSnapshot(kv)
    const { target, envelope, verified } = joined
    const record = join.epochs.record(verified.length - 1)
    if (record === undefined) throw new NodeError('INTERNAL', 'A verified record is stored.')
    await kv.write(
      [
        ...blockCommitOps({ block: genesis.block, receipts: [], certificate: null, parentCertificate: null }),
        ...snapshotHeadOps(decodeEnvelopeBlock(envelope.bytes, spec.common).block, {
          certificate: record.certificate,
          parentCertificate: envelope.envelope.parentCertificate,
        }),
        putPriorities(target.height + 1, prioritiesAt(verified)),
        putProgress({
          mode: 'archive',
          blocks: limits.stateBlocks,
          next: { height: target.height, after: undefined },
          held: [],
        }),
        deleteTarget,
      ],
      { sync: true },
    )
    logger.info({ height: target.height, hash: target.blockHash }, 'the snapshot is whole')
  } finally {
    await network.stop()
  }
}

/**
 * Who can unbond without being slashed any more can sign another past: beyond the unbonding time genesis alone proves
 * nothing.
 */
function requireTrust(spec: ChainSpec, trustedHash: Hash | undefined, clock: Clock): void {
  const { staking, consensus, timestamp } = spec.genesis
  const trustedUntilMs = Number(timestamp) * 1_000 + staking.unbondingBlocks * consensus.blockIntervalMs
  if (trustedHash !== undefined || clock.nowMs() <= trustedUntilMs) return
  throw new NodeError(
    'BAD_CONFIG',
    'Genesis is older than stakes stay bonded: give --trusted-hash, the hash of the last block of a recent epoch, from a source that you trust.',
  )
}

/** Proposer priorities are a function of the sets so far: one selection a height. */
function prioritiesAt(verified: readonly VerifiedEpoch[]) {
  const [genesis, ...later] = verified
  if (genesis === undefined) throw new NodeError('INTERNAL', 'The walk begins with genesis.')
  let set = genesis.nextSet
  let priorities = initialPriorities(set)
  let height = 0
  for (const { header, nextSet } of later) {
    while (++height < header.height) priorities = nextPriorities(set, priorities, set)
    priorities = nextPriorities(set, priorities, nextSet)
    set = nextSet
  }
  return priorities
}

interface Joined {
  readonly target: SnapshotTarget
  readonly envelope: { readonly bytes: Uint8Array; readonly envelope: Envelope }
  /** Up to the target's epoch. */
  readonly verified: readonly VerifiedEpoch[]
}

type Network = Pick<JoinNetwork, 'peers' | 'requests'>

class Join {
  readonly #options: JoinOptions & { domain: SigningDomain }
  readonly #modules: Network & { kv: KvStore; clock: Clock; logger: Logger }
  readonly #epochBlocks: number
  #epochs: EpochStore | undefined

  constructor(
    options: JoinOptions & { domain: SigningDomain },
    modules: Network & { kv: KvStore; clock: Clock; logger: Logger },
  ) {
    this.#options = options
    this.#modules = modules
    this.#epochBlocks = options.spec.genesis.consensus.epochBlocks
  }

  get epochs(): EpochStore {
    if (this.#epochs === undefined) throw new NodeError('INTERNAL', 'The join has begun.')
    return this.#epochs
  }

  /** Undefined where the network is so young that all of its blocks are quicker to fetch. NOT_FOUND, CANCELLED. */
  async run(signal: AbortSignal): Promise<Joined | undefined> {
    const { kv, clock, peers, logger } = this.#modules
    this.#epochs = await EpochStore.open(kv)
    const store = this.#epochs
    const { domain, trustedHash } = this.#options
    let sinceMs = clock.nowMs()
    while (clock.nowMs() - sinceMs <= limits.snapshotPatienceMs) {
      if (signal.aborted) throw new NodeError('CANCELLED', 'The snapshot was interrupted.')
      const bestHeight = peers.list().reduce((best, { head }) => Math.max(best, head.height), 0)
      const offers = await this.#offers()
      if (offers.size === 0) {
        if (peers.list().length > 0 && bestHeight < WORTHWHILE_EPOCHS * this.#epochBlocks) return undefined
        await sleep(clock, limits.snapshotLookMs, signal)
        continue
      }
      const options = { domain, epochBlocks: this.#epochBlocks, trustedHash }
      const verified = await new EpochWalker(options, { ...this.#modules, store }).run(signal)
      const target = this.#choose(offers, verified)
      if (target === undefined) {
        await sleep(clock, limits.snapshotLookMs, signal)
        continue
      }
      const offering = offers.get(target.height) ?? new Set()
      logger.info({ ...target, peers: offering.size }, 'joining by snapshot')
      try {
        const state = await SnapshotImport.begin(target, kv)
        await new SnapshotFetcher({ offering }, { ...this.#modules, import: state }).run(signal)
        const envelope = await this.#fetchBlock(target)
        return { target, envelope, verified: verified.slice(0, target.height / this.#epochBlocks + 1) }
      } catch (error) {
        if (!isNodeError(error, 'NOT_FOUND')) throw error
        logger.warn({ height: target.height }, 'the state is served no more: looking for another')
        sinceMs = clock.nowMs()
      }
    }
    throw new NodeError(
      'NOT_FOUND',
      'No peer serves a snapshot. Without --sync snapshot all blocks are fetched.',
    )
  }

  /** Peers by the heights that they offer. */
  async #offers(): Promise<Map<number, Set<string>>> {
    const { peers, requests } = this.#modules
    const offers = new Map<number, Set<string>>()
    const asked = peers.list().map(async ({ id }) => {
      try {
        const answer = await requests.request(
          id,
          SNAPSHOT_PROTOCOL,
          encodeSnapshotRequest({ kind: 'offers' }),
          {
            timeoutMs: limits.snapshotTimeoutMs,
            maxResponseBytes: SNAPSHOT_RESPONSE_BYTES,
          },
        )
        for (const height of decodeOffers(answer)) {
          const known = offers.get(height) ?? new Set()
          offers.set(height, known.add(id))
        }
      } catch (error) {
        if (!isNodeError(error)) throw error
        if (error.code === 'BAD_RLP' || error.code === 'LIMIT_EXCEEDED') {
          peers.report(id, 'misbehaved', 'its offers of snapshots are malformed')
        }
      }
    })
    await Promise.all(asked)
    return offers
  }

  /** What was begun while it is offered, else the newest. A height whose record is not verified is nobody's. */
  #choose(
    offers: ReadonlyMap<number, unknown>,
    verified: readonly VerifiedEpoch[],
  ): SnapshotTarget | undefined {
    const targets = [...offers.keys()]
      .sort((a, b) => b - a)
      .flatMap((height): SnapshotTarget[] => {
        const epoch = height > 0 ? verified[height / this.#epochBlocks] : undefined
        if (epoch === undefined) return []
        return [{ height, blockHash: epoch.header.hash, stateRoot: epoch.header.stateRoot }]
      })
    const begun = readTarget(this.#modules.kv)
    return targets.find(({ blockHash }) => blockHash === begun?.blockHash) ?? targets[0]
  }

  async #fetchBlock(target: SnapshotTarget): Promise<Joined['envelope']> {
    const { peers, requests, logger } = this.#modules
    const request = { fromHeight: target.height, count: 1, maxBytes: limits.envelopeBytes }
    for (const { id } of peers.list()) {
      try {
        const answer = await requests.request(id, SYNC_PROTOCOL, encodeRangeRequest(request), {
          timeoutMs: limits.syncRequestTimeoutMs,
          maxResponseBytes: RANGE_RESPONSE_BYTES,
        })
        const [decided] = pairRange(request, decodeRangeResponse(answer))
        if (decided === undefined) continue
        const { envelope, block } = decodeEnvelopeBlock(decided.envelope, this.#options.spec.common)
        if (blockHashOf(block) === target.blockHash) return { bytes: decided.envelope, envelope }
        peers.report(id, 'misbehaved', 'the block of the snapshot is another')
      } catch (error) {
        if (!isNodeError(error)) throw error
        logger.debug({ peer: id, code: error.code }, 'no block of the snapshot')
      }
    }
    throw new NodeError('NOT_FOUND', 'No peer serves the block of the snapshot.')
  }
}
