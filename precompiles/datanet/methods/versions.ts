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
import { contributionStatus, memberBlobs, role } from '../layout.ts'
import { encodeMembers, type Member } from '../members.ts'

export const versionMethods: Methods<DatanetAbi, DatanetCall, 'freezeVersion'> = {
  freezeVersion: {
    gas: 0n,
    run(call, { datanetId, maximum }) {
      checkCount(maximum, bounds.freezePerCall)
      const datanet = datanetWithRole(call, datanetId, role.freezer)
      const version = datanet.get('versions') + 1
      const draft = versionAt(call, datanetId, version)
      const { members, roots, scannedTo } = scan(call, datanet, Number(draft.get('scannedTo')), maximum)
      draft.set('scannedTo', BigInt(scannedTo))
      const tree = extend(call, datanetId, version, draft, members, roots)
      const frozen = scannedTo === Number(datanet.get('ordered'))
      const memberCount = draft.get('memberCount')
      if (!frozen) {
        savePeaks(call, draft, tree)
        emit(call.host, 'VersionExtended', { datanetId, version, memberCount, scannedTo: BigInt(scannedTo) })
        return { version, frozen }
      }
      if (memberCount === 0) fail('NothingAccepted', { datanetId })
      const contentRoot = bytesToHex(merkleRoot(hashBytes(call), tree))
      draft.update({ frozen, contentRoot, frozenBlock: blockOf(call) })
      datanet.set('versions', version)
      const recordCount = draft.get('recordCount')
      emit(call.host, 'VersionFrozen', { datanetId, version, memberCount, recordCount, contentRoot })
      return { version, frozen }
    },
  },
}

interface Scanned {
  readonly members: readonly Member[]
  readonly roots: readonly Hash[]
  readonly scannedTo: number
}

/** The accepted ones among the next contributions in commit order. */
function scan(call: DatanetCall, datanet: DatanetRef, from: number, maximum: number): Scanned {
  const { host, store } = call
  const scannedTo = Math.min(Number(datanet.get('ordered')), from + maximum)
  const members: Member[] = []
  const roots: Hash[] = []
  for (let position = from; position < scannedTo; position++) {
    const contributionId = readPacked(store, arrayDataSlot(store, datanet.at('order')), position, 64)
    const contribution = contributionAt(call, contributionId)
    if (contribution.get('status') !== contributionStatus.accepted) continue
    if (blockOf(call) <= contribution.get('challengeEndBlock')) continue
    host.useGas(gasPrices.member)
    members.push(memberOf(contributionId, contribution))
    roots.push(contribution.get('contentRoot'))
  }
  return { members, roots, scannedTo }
}

function memberOf(contributionId: bigint, contribution: ContributionRef): Member {
  return {
    contributionId,
    leaderId: contribution.get('leaderId'),
    noveltyBps: contribution.get('noveltyBps'),
    recordCount: contribution.get('recordCount'),
    contributor: contribution.get('contributor'),
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
