import { type Address, type Hash, ZERO_ADDRESS, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { writeBlob } from '../../shared/blobs.ts'
import type { Methods } from '../../shared/dispatch.ts'
import { arrayDataSlot, mappingSlot, writePacked } from '../../shared/layout.ts'
import { refuse } from '../bonds.ts'
import {
  blockOf,
  type ContributionRef,
  contributionAt,
  type DatanetAbi,
  type DatanetCall,
  emit,
  existingContribution,
  existingDatanet,
  fail,
} from '../call.ts'
import { checkClaim, commitmentOf } from '../claims.ts'
import { checkKind } from '../kinds.ts'
import { contributionStatus, minhashBlobs } from '../layout.ts'
import { commitDigest, separatorOf } from '../signing.ts'

export const contributionMethods: Methods<
  DatanetAbi,
  DatanetCall,
  'commitContribution' | 'commitContributionFor' | 'nonces' | 'domainSeparator' | 'revealContribution'
> = {
  commitContribution: {
    gas: 0n,
    run: (call, { datanetId, commitment }) => commit(call, datanetId, call.host.caller, commitment),
  },

  commitContributionFor: {
    gas: 0n,
    run(call, { datanetId, contributor, commitment, deadlineBlock, signature }) {
      const { host, store } = call
      if (host.block.number > deadlineBlock) fail('TooLate', { lastBlock: deadlineBlock })
      const slot = nonceSlot(call, contributor)
      const nonce = store.load(slot)
      const sponsor = host.caller
      const digest = commitDigest(call, { datanetId, commitment, sponsor, nonce, deadlineBlock })
      if (host.recover(digest, signature) !== contributor) fail('InvalidSignature')
      store.save(slot, nonce + 1n)
      return commit(call, datanetId, contributor, commitment)
    },
  },

  nonces: { gas: 0n, run: (call, { contributor }) => call.store.load(nonceSlot(call, contributor)) },

  domainSeparator: { gas: 1_200n, run: separatorOf },

  revealContribution: {
    gas: 0n,
    run(call, { contributionId, claim }) {
      const { host, store, registry } = call
      const contribution = existingContribution(call, contributionId)
      const contributor = contribution.get('contributor')
      if (host.caller !== contributor && host.caller !== contribution.get('sponsor')) {
        fail('NotContributor', { caller: host.caller })
      }
      const status = contribution.get('status')
      if (status !== contributionStatus.committed) fail('WrongStatus', { contributionId, status })
      checkRevealWindow(call, contribution)
      checkClaim(claim)

      const datanetId = contribution.get('datanetId')
      const minhashHash = host.keccak(claim.minhash)
      const computed = commitmentOf(call, contributor, datanetId, claim, minhashHash)
      if (computed !== contribution.get('commitment')) fail('CommitmentMismatch', { computed })
      contribution.set('commitment', ZERO_HASH)
      if (checkKind(call, contributionId, contribution, claim) === 'targetGone') {
        refuse(call, contributionId, contribution, 'returned')
        return
      }

      const { kind, targetId, contentRoot, recordCount, byteCount } = claim
      const shown = { kind, targetId, contentRoot, recordCount, byteCount }
      contribution.update({ status: contributionStatus.revealed, ...shown })
      claimRoot(store, registry.at('roots'), contentRoot, contributionId)
      writeBlob(host, minhashBlobs, claim.minhash, contributionId)
      emit(host, 'ContributionRevealed', { contributionId, datanetId, contributor, ...shown, minhashHash })
    },
  },
}

/** Takes the next place in the commit order; whoever calls pays the bond. */
function commit(call: DatanetCall, datanetId: bigint, contributor: Address, commitment: Hash): bigint {
  const { host, store, money, registry } = call
  const datanet = existingDatanet(call, datanetId)
  if (commitment === ZERO_HASH) fail('ZeroCommitment')
  const bondWei = host.valueWei
  const minimumWei = datanet.get('minBondWei')
  if (bondWei < minimumWei) fail('BondTooLow', { bondWei, minimumWei })

  const contributionId = registry.get('contributionCount') + 1n
  registry.set('contributionCount', contributionId)
  const order = datanet.at('order')
  const position = store.load(order)
  store.save(order, position + 1n)
  writePacked(store, arrayDataSlot(store, order), Number(position), 64, contributionId)

  const sponsor = host.caller === contributor ? ZERO_ADDRESS : host.caller
  const contribution = contributionAt(call, contributionId)
  contribution.update({
    contributor,
    datanetId,
    status: contributionStatus.committed,
    bondWei,
    position,
    commitBlock: blockOf(call),
    acceptThresholdBps: datanet.get('acceptThresholdBps'),
    bountyPerRecordWei: datanet.get('bountyPerRecordWei'),
    commitment,
  })
  if (sponsor !== ZERO_ADDRESS) contribution.set('sponsor', sponsor)
  money.receive('bondsWei', bondWei)
  const event = { contributionId, datanetId, contributor, sponsor, commitment, bondWei, position }
  emit(host, 'ContributionCommitted', event)
  return contributionId
}

function nonceSlot({ store, registry }: DatanetCall, contributor: Address): bigint {
  return mappingSlot(store, registry.at('nonces'), contributor)
}

function checkRevealWindow(call: DatanetCall, contribution: ContributionRef): void {
  const { revealMinBlocks, revealMaxBlocks } = call.parameters
  const commitBlock = contribution.get('commitBlock')
  const block = blockOf(call)
  if (block < commitBlock + revealMinBlocks)
    fail('TooEarly', { fromBlock: BigInt(commitBlock + revealMinBlocks) })
  if (block > commitBlock + revealMaxBlocks)
    fail('TooLate', { lastBlock: BigInt(commitBlock + revealMaxBlocks) })
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
