import { bigIntToBytes, concatBytes } from '../../../src/primitives/bytes.ts'
import { type Hash, hexToBytes, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { bounds } from '../../bounds.ts'
import { writeBlob } from '../../shared/blobs.ts'
import type { Methods } from '../../shared/dispatch.ts'
import { arrayDataSlot, mappingSlot, writePacked } from '../../shared/layout.ts'
import {
  blockOf,
  contributionAt,
  type DatanetAbi,
  type DatanetCall,
  emit,
  existingContribution,
  existingDatanet,
  fail,
} from '../call.ts'
import { contributionStatus, minhashBlobs } from '../layout.ts'
import { SIGNATURE_BYTES } from '../novelty.ts'

const word = (value: bigint | number | string) => bigIntToBytes(BigInt(value), 32)

export const contributionMethods: Methods<
  DatanetAbi,
  DatanetCall,
  'commitContribution' | 'revealContribution'
> = {
  commitContribution: {
    gas: 0n,
    run(call, { datanetId, commitment }) {
      const { host, store, money, registry } = call
      const datanet = existingDatanet(call, datanetId)
      if (commitment === ZERO_HASH) fail('ZeroCommitment')
      const minimumWei = datanet.get('minBondWei')
      if (host.valueWei < minimumWei) fail('BondTooLow', { bondWei: host.valueWei, minimumWei })

      const contributionId = registry.get('contributionCount') + 1n
      registry.set('contributionCount', contributionId)
      const order = datanet.at('order')
      const position = store.load(order)
      store.save(order, position + 1n)
      writePacked(store, arrayDataSlot(store, order), Number(position), 64, contributionId)

      const bondWei = host.valueWei
      contributionAt(call, contributionId).update({
        contributor: host.caller,
        datanetId,
        status: contributionStatus.committed,
        bondWei,
        position,
        commitBlock: blockOf(call),
        acceptThresholdBps: datanet.get('acceptThresholdBps'),
        bountyPerRecordWei: datanet.get('bountyPerRecordWei'),
        commitment,
      })
      money.receive('bondsWei', bondWei)
      emit(host, 'ContributionCommitted', {
        contributionId,
        datanetId,
        contributor: host.caller,
        commitment,
        bondWei,
        position,
      })
      return contributionId
    },
  },

  revealContribution: {
    gas: 0n,
    run(call, { contributionId, contentRoot, recordCount, byteCount, minhash, salt }) {
      const { host, store, registry, parameters } = call
      const contribution = existingContribution(call, contributionId)
      const contributor = contribution.get('contributor')
      if (contributor !== host.caller) fail('NotContributor', { caller: host.caller })
      const status = contribution.get('status')
      if (status !== contributionStatus.committed) fail('WrongStatus', { contributionId, status })
      checkRevealWindow(call, contribution.get('commitBlock'), parameters)

      if (minhash.length !== SIGNATURE_BYTES) {
        fail('InvalidSignatureLength', { length: BigInt(minhash.length) })
      }
      if (recordCount === 0 || byteCount === 0n || contentRoot === ZERO_HASH) fail('EmptyContribution')
      checkAtMost(BigInt(recordCount), BigInt(bounds.recordsPerContribution))
      checkAtMost(byteCount, bounds.contributionBytes)

      const datanetId = contribution.get('datanetId')
      const minhashHash = host.keccak(minhash)
      const computed = host.keccak(
        concatBytes(
          word(contributor),
          word(datanetId),
          hexToBytes(contentRoot),
          word(recordCount),
          word(byteCount),
          hexToBytes(minhashHash),
          hexToBytes(salt),
        ),
      )
      if (computed !== contribution.get('commitment')) fail('CommitmentMismatch', { computed })

      contribution.update({
        status: contributionStatus.revealed,
        contentRoot,
        recordCount,
        byteCount,
        commitment: ZERO_HASH,
      })
      claimRoot(store, registry.at('roots'), contentRoot, contributionId)
      writeBlob(host, minhashBlobs, minhash, contributionId)
      emit(host, 'ContributionRevealed', {
        contributionId,
        datanetId,
        contributor,
        contentRoot,
        recordCount,
        byteCount,
        minhashHash,
      })
    },
  },
}

function checkRevealWindow(
  call: DatanetCall,
  commitBlock: number,
  { revealMinBlocks, revealMaxBlocks }: DatanetCall['parameters'],
): void {
  const block = blockOf(call)
  if (block < commitBlock + revealMinBlocks)
    fail('TooEarly', { fromBlock: BigInt(commitBlock + revealMinBlocks) })
  if (block > commitBlock + revealMaxBlocks)
    fail('TooLate', { lastBlock: BigInt(commitBlock + revealMaxBlocks) })
}

function checkAtMost(value: bigint, maximum: bigint): void {
  if (value > maximum) fail('BoundExceeded', { length: value, maximum })
}

/** The earliest commit holds a content root, whenever it is revealed. */
function claimRoot(
  store: DatanetCall['store'],
  roots: bigint,
  contentRoot: Hash,
  contributionId: bigint,
): void {
  const slot = mappingSlot(store, roots, contentRoot)
  const holder = store.load(slot)
  if (holder === 0n || contributionId < holder) store.save(slot, contributionId)
}
