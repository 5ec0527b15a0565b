import { concatBytes } from '../../../src/primitives/bytes.ts'
import { bytesToHex, type Hash, hexToBytes, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { bounds } from '../../bounds.ts'
import { bitsIn } from '../../shared/bits.ts'
import { writeBlob } from '../../shared/blobs.ts'
import type { Methods } from '../../shared/dispatch.ts'
import { gasPrices } from '../../shared/gas.ts'
import { arrayDataSlot, readPacked, writePacked } from '../../shared/layout.ts'
import { appendLeaf, type MerklePeaks, merkleRoot } from '../../shared/merkle.ts'
import {
  blockOf,
  type ContributionRef,
  checkCount,
  contributionAt,
  type DatanetAbi,
  type DatanetCall,
  type DatanetRef,
  datanetWithRole,
  emit,
  fail,
  type VersionRef,
  versionAt,
} from '../call.ts'
import { contributionStatus, memberBlobs, POLICY_PRIVATE, role } from '../layout.ts'
import { encodeMembers, type Member, memberFlag } from '../members.ts'

export const versionMethods: Methods<DatanetAbi, DatanetCall, 'freezeVersion'> = {
  freezeVersion: {
    gas: 0n,
    run(call, { datanetId, maximum }) {
      checkCount(maximum, bounds.freezePerCall)
      const datanet = datanetWithRole(call, datanetId, role.freezer)
      const version = datanet.get('versions') + 1
      const draft = versionAt(call, datanetId, version)
      const start = Number(draft.get('scannedTo'))
      if (start === 0) draft.update({ startBlock: blockOf(call), endPosition: datanet.get('ordered') })
      const { members, roots, scannedTo } = scan(call, datanet, draft, maximum)
      draft.set('scannedTo', BigInt(scannedTo))
      const tree = extend(call, datanetId, version, draft, members, roots)
      const memberCount = draft.get('memberCount')
      const isWhole = BigInt(scannedTo) === draft.get('endPosition')
      if (!isWhole) {
        savePeaks(call, draft, tree)
        emit(call.host, 'VersionExtended', { datanetId, version, memberCount, scannedTo: BigInt(scannedTo) })
        return { version, frozen: false }
      }
      if (memberCount === 0) return restart(call, datanetId, version, draft, start)
      const contentRoot = bytesToHex(merkleRoot(hashBytes(call), tree))
      draft.update({ frozen: true, contentRoot, frozenBlock: blockOf(call) })
      datanet.set('versions', version)
      const recordCount = draft.get('recordCount')
      emit(call.host, 'VersionFrozen', { datanetId, version, memberCount, recordCount, contentRoot })
      return { version, frozen: true }
    },
  },
}

/** A draft that came to its end without a member begins anew: its end is fixed, so more pieces could not help it. */
function restart(call: DatanetCall, datanetId: bigint, version: number, draft: VersionRef, start: number) {
  if (start === 0) fail('NothingAccepted', { datanetId })
  draft.update({ scannedTo: 0n, endPosition: 0n, startBlock: 0 })
  emit(call.host, 'VersionExtended', { datanetId, version, memberCount: 0, scannedTo: 0n })
  return { version, frozen: false }
}

interface Scanned {
  readonly members: readonly Member[]
  readonly roots: readonly Hash[]
  readonly scannedTo: number
}

/** The members among the next contributions in commit order. */
function scan(call: DatanetCall, datanet: DatanetRef, draft: VersionRef, maximum: number): Scanned {
  const { host, store } = call
  const from = Number(draft.get('scannedTo'))
  const scannedTo = Math.min(Number(draft.get('endPosition')), from + maximum)
  const isPrivate = datanet.get('policy') === POLICY_PRIVATE
  const members: Member[] = []
  const roots: Hash[] = []
  for (let position = from; position < scannedTo; position++) {
    const contributionId = readPacked(store, arrayDataSlot(store, datanet.at('order')), position, 64)
    const contribution = contributionAt(call, contributionId)
    if (!isSettled(draft, contribution)) continue
    host.useGas(gasPrices.member)
    members.push(memberOf(call, draft, contributionId, contribution, isPrivate))
    roots.push(contribution.get('contentRoot'))
  }
  return { members, roots, scannedTo }
}

/**
 * Accepted for good when the freeze began. Nothing can change that any more, so members and flags are the same in however
 * many pieces a version is frozen.
 */
function isSettled(draft: VersionRef, contribution: ContributionRef): boolean {
  if (contribution.get('status') !== contributionStatus.accepted) return false
  return contribution.get('challengeEndBlock') < draft.get('startBlock')
}

/** Whether a member of this version stands for it: what is settled was ordered before the freeze began. */
function isSuperseded(call: DatanetCall, draft: VersionRef, contribution: ContributionRef): boolean {
  const correctionId = contribution.get('supersededBy')
  return correctionId !== 0n && isSettled(draft, contributionAt(call, correctionId))
}

function memberOf(
  call: DatanetCall,
  draft: VersionRef,
  contributionId: bigint,
  contribution: ContributionRef,
  isPrivate: boolean,
): Member {
  const recordCount = contribution.get('recordCount')
  const isSmall = isPrivate && recordCount < call.parameters.privateRecordsMin
  return {
    contributionId,
    leaderId: contribution.get('leaderId'),
    noveltyBps: contribution.get('noveltyBps'),
    recordCount,
    contributor: contribution.get('contributor'),
    flags:
      (isSuperseded(call, draft, contribution) ? memberFlag.superseded : 0) |
      (isSmall ? memberFlag.withoutRow : 0),
  }
}

/** Adds members to the draft: one chunk, the counts, and the leaves of the content root. */
function extend(
  call: DatanetCall,
  datanetId: bigint,
  version: number,
  draft: VersionRef,
  members: readonly Member[],
  roots: readonly Hash[],
): MerklePeaks {
  const { host, store } = call
  const before = draft.get('memberCount')
  let tree = loadPeaks(call, draft, before)
  if (members.length === 0) return tree
  const memberCount = before + members.length
  const records = members.reduce((sum, member) => sum + member.recordCount, 0)
  draft.update({ memberCount, recordCount: draft.get('recordCount') + BigInt(records) })
  const chunkEnds = draft.at('chunkEnds')
  const chunk = Number(store.load(chunkEnds))
  store.save(chunkEnds, BigInt(chunk + 1))
  writePacked(store, arrayDataSlot(store, chunkEnds), chunk, 32, BigInt(memberCount))
  writeBlob(host, memberBlobs, encodeMembers(members), datanetId, version, chunk)
  members.forEach((member, index) => {
    tree = appendLeaf(hashBytes(call), tree, leafOf(member.contributionId, roots[index] ?? ZERO_HASH))
  })
  return tree
}

function leafOf(contributionId: bigint, contentRoot: Hash): Uint8Array {
  const id = new Uint8Array(8)
  new DataView(id.buffer).setBigUint64(0, contributionId)
  return concatBytes(id, hexToBytes(contentRoot))
}

const hashBytes = (call: DatanetCall) => (data: Uint8Array) => hexToBytes(call.host.keccak(data))

function loadPeaks({ store }: DatanetCall, draft: VersionRef, leaves: number): MerklePeaks {
  const peaks = bitsIn(BigInt(leaves)).map((_, index) => {
    const word = store.load(draft.at('peaks') + BigInt(index))
    return hexToBytes(`0x${word.toString(16).padStart(64, '0')}`)
  })
  return { leaves, peaks }
}

function savePeaks({ store }: DatanetCall, draft: VersionRef, { peaks }: MerklePeaks): void {
  peaks.forEach((peak, index) => {
    store.save(draft.at('peaks') + BigInt(index), BigInt(bytesToHex(peak)))
  })
}
