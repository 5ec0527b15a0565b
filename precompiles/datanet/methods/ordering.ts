import { invariant } from '../../../src/errors/errors.ts'
import { concatBytes } from '../../../src/primitives/bytes.ts'
import type { Hash } from '../../../src/primitives/hex.ts'
import { DATANET_ADDRESS } from '../../addresses.ts'
import { bounds } from '../../bounds.ts'
import { readBlob } from '../../shared/blobs.ts'
import type { Methods } from '../../shared/dispatch.ts'
import { gasPrices } from '../../shared/gas.ts'
import { arrayDataSlot, mappingSlot, readPacked, writePacked } from '../../shared/layout.ts'
import { refuse } from '../bonds.ts'
import {
  blockOf,
  type ContributionRef,
  checkCount,
  contributionAt,
  type DatanetAbi,
  type DatanetCall,
  datanetAt,
  emit,
  existingDatanet,
} from '../call.ts'
import { contributionKind, contributionStatus, FLAG_INDEX_FULL, minhashBlobs } from '../layout.ts'
import { bandsOf, LEADERS_PER_BUCKET, type Leader, placeInCluster } from '../novelty.ts'
import { endUnscored } from '../outcome.ts'
import { beginRound, round, seatsOfOthers } from '../panel.ts'

export const orderingMethods: Methods<DatanetAbi, DatanetCall, 'settleOrder'> = {
  settleOrder: {
    gas: 0n,
    run(call, { datanetId, maximum }) {
      checkCount(maximum, bounds.orderPerCall)
      const { store } = call
      const datanet = existingDatanet(call, datanetId)
      const order = datanet.at('order')
      const committed = Number(store.load(order))
      const start = Number(datanet.get('ordered'))
      let next = start
      while (next < committed && next - start < maximum) {
        const contributionId = readPacked(store, arrayDataSlot(store, order), next, 64)
        if (!settleNext(call, contributionId, contributionAt(call, contributionId))) break
        next += 1
      }
      datanet.set('ordered', BigInt(next))
      return next - start
    },
  },
}

/** Settles one contribution's place; false while its reveal window is open. */
function settleNext(call: DatanetCall, contributionId: bigint, contribution: ContributionRef): boolean {
  const { store, registry, parameters } = call
  const status = contribution.get('status')
  if (status === contributionStatus.committed) {
    if (blockOf(call) <= contribution.get('commitBlock') + parameters.revealMaxBlocks) return false
    refuse(call, contributionId, contribution, 'expired')
    return true
  }
  if (status === contributionStatus.returned) return true
  const root = mappingSlot(store, registry.at('roots'), contribution.get('contentRoot'))
  const holder = store.load(root)
  if (holder !== 0n && holder < contributionId) {
    refuse(call, contributionId, contribution, 'duplicate', holder)
    return true
  }
  // free again, or a later commit's: from here on it is this one's, so that no later commit stands beside it
  store.save(root, contributionId)
  place(call, contributionId, contribution)
  return true
}

/** Finds the contribution's cluster, or makes it the leader of a new one, and opens its scoring. */
function place(call: DatanetCall, contributionId: bigint, contribution: ContributionRef): void {
  const datanetId = contribution.get('datanetId')
  const signature = signatureOf(call, contributionId)
  const prefix = bucketPrefix(contribution)
  const buckets = bandsOf(signature).map((band, index) => bucketSlot(call, prefix, index, band))
  const { leaderId, noveltyBps } = placeInCluster(signature, leadersIn(call, buckets))
  const indexed = leaderId !== undefined || addLeader(call, buckets, contributionId)
  const placed = {
    leaderId: leaderId ?? contributionId,
    noveltyBps,
    flags: indexed ? 0 : FLAG_INDEX_FULL,
  }
  contribution.update(placed)
  const candidates = seatsOfOthers(call, datanetAt(call, datanetId), contribution)
  const isWaiting = beginRound(call, contribution, round.first, candidates) === 'waiting'
  contribution.set('status', isWaiting ? contributionStatus.waiting : contributionStatus.scoring)
  emit(call.host, 'ContributionOrdered', {
    contributionId,
    datanetId,
    ...placed,
    scoreCommitEndBlock: contribution.get('scoreCommitEndBlock'),
    scoreRevealEndBlock: contribution.get('scoreRevealEndBlock'),
  })
  if (!isWaiting && candidates === 0n) endUnscored(call, contributionId, contribution)
}

function signatureOf({ host }: DatanetCall, contributionId: bigint): Uint8Array {
  const signature = readBlob(host, DATANET_ADDRESS, minhashBlobs, contributionId)
  invariant(signature !== undefined, `contribution ${contributionId} has no signature`)
  return signature
}

/** Which contributions can be near-duplicates of each other: labels of one target, or everything else of a Datanet. */
function bucketPrefix(contribution: ContributionRef): Uint8Array {
  const isLabels = contribution.get('kind') === contributionKind.labels
  const prefix = new Uint8Array(17)
  const view = new DataView(prefix.buffer)
  view.setBigUint64(0, contribution.get('datanetId'))
  view.setUint8(8, isLabels ? 1 : 0)
  view.setBigUint64(9, isLabels ? contribution.get('targetId') : 0n)
  return prefix
}

function bucketSlot(
  { store, registry }: DatanetCall,
  prefix: Uint8Array,
  band: number,
  bytes: Uint8Array,
): bigint {
  const key: Hash = store.hash(concatBytes(prefix, Uint8Array.of(band), bytes))
  return mappingSlot(store, registry.at('buckets'), key)
}

function idsIn({ store }: DatanetCall, bucket: bigint): readonly bigint[] {
  const ids: bigint[] = []
  for (let index = 0; index < LEADERS_PER_BUCKET; index++) {
    const id = readPacked(store, bucket, index, 64)
    if (id === 0n) break
    ids.push(id)
  }
  return ids
}

/** The leaders of all buckets, each once, by id; a signature is read when it is asked for. */
function* leadersIn(call: DatanetCall, buckets: readonly bigint[]): Generator<Leader> {
  const ids = new Set(buckets.flatMap((bucket) => idsIn(call, bucket)))
  for (const id of [...ids].sort((a, b) => (a < b ? -1 : 1))) {
    call.host.useGas(gasPrices.signatureCompare)
    yield { id, signature: signatureOf(call, id) }
  }
}

/** Puts a leader into its buckets; false when one of them is full. */
function addLeader(call: DatanetCall, buckets: readonly bigint[], contributionId: bigint): boolean {
  let everywhere = true
  for (const bucket of buckets) {
    const ids = idsIn(call, bucket)
    if (ids.length < LEADERS_PER_BUCKET) writePacked(call.store, bucket, ids.length, 64, contributionId)
    else everywhere = false
  }
  return everywhere
}
