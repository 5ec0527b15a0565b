import { iDatanetRegistryAbi } from '../../../contracts/generated/IDatanetRegistry.ts'
import { invariant } from '../../../src/errors/errors.ts'
import { type Hash, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { DATANET_ADDRESS } from '../../addresses.ts'
import { bounds } from '../../bounds.ts'
import { tupleCodec } from '../../shared/abiCodec.ts'
import { encodeParameters } from '../../shared/abiEncode.ts'
import type { InputsOf } from '../../shared/abiTypes.ts'
import { hasBit, withBit } from '../../shared/bits.ts'
import { readBlob } from '../../shared/blobs.ts'
import type { Methods } from '../../shared/dispatch.ts'
import { mappingSlot, writePacked } from '../../shared/layout.ts'
import {
  blockOf,
  type ContributionRef,
  checkCount,
  contributionAt,
  type DatanetAbi,
  type DatanetCall,
  type DatanetRef,
  datanetAt,
  emit,
  existingContribution,
  fail,
  seatOf,
} from '../call.ts'
import { packReport, REASONS } from '../decision.ts'
import { contributionStatus, minhashBlobs } from '../layout.ts'
import { commitsClosed, holdsSeat, isScored, reportSlot } from '../panel.ts'

type ScoreReport = InputsOf<DatanetAbi, 'revealScores'>['reports'][number]

// the preimage of a commitment: the scorer, then the arguments of the reveal
const revealInputs = iDatanetRegistryAbi.find(
  (item) => item.type === 'function' && item.name === 'revealScores',
)
invariant(revealInputs !== undefined, 'revealScores is in the interface')
const preimageFields = tupleCodec([{ name: 'scorer', type: 'address' }, ...revealInputs.inputs]).fields
const coveredFields = tupleCodec([
  { name: 'contributionIds', type: 'uint64[]' },
  { name: 'panelBlocks', type: 'uint40[]' },
]).fields

export const scoringMethods: Methods<DatanetAbi, DatanetCall, 'commitScores' | 'revealScores'> = {
  commitScores: {
    gas: 0n,
    run(call, { contributionIds, commitment }) {
      const { host, store } = call
      checkCount(contributionIds.length, bounds.scoresPerCall)
      if (commitment === ZERO_HASH) fail('ZeroCommitment')
      for (const contributionId of contributionIds) {
        const { contribution, seat } = openForScorer(call, contributionId)
        const lastBlock = contribution.get('scoreCommitEndBlock')
        if (blockOf(call) > lastBlock) fail('TooLate', { lastBlock: BigInt(lastBlock) })
        const committed = contribution.get('scorersCommitted')
        if (hasBit(committed, seat)) fail('AlreadyCommitted', { contributionId })
        contribution.set('scorersCommitted', withBit(committed, seat))
      }
      store.save(commitmentSlot(call, commitment), BigInt(hashOfCovered(call, contributionIds)))
      emit(host, 'ScoresCommitted', { scorer: host.caller, commitment, contributionIds })
    },
  },

  revealScores: {
    gas: 0n,
    run(call, args) {
      const { host, store } = call
      const { contributionIds, reports } = args
      checkCount(contributionIds.length, bounds.scoresPerCall)
      if (reports.length !== contributionIds.length) fail('LengthMismatch')
      const commitment = host.keccak(encodeParameters(preimageFields, { scorer: host.caller, ...args }))
      const slot = commitmentSlot(call, commitment)
      if (store.load(slot) !== BigInt(hashOfCovered(call, contributionIds)))
        fail('UnknownCommitment', { commitment })
      store.save(slot, 0n)
      contributionIds.forEach((contributionId, index) => {
        const report = reports[index]
        invariant(report !== undefined, 'one report for each contribution')
        recordReport(call, contributionId, report)
      })
    },
  },
}

interface Scorable {
  readonly datanet: DatanetRef
  readonly contribution: ContributionRef
  readonly seat: number
}

/** A contribution in scoring, and the caller's seat on its panel. */
function openForScorer(call: DatanetCall, contributionId: bigint): Scorable {
  const { caller } = call.host
  const contribution = existingContribution(call, contributionId)
  const status = contribution.get('status')
  const isOpen = status === contributionStatus.scoring || status === contributionStatus.challenged
  if (!isOpen || !isScored(contribution)) fail('WrongStatus', { contributionId, status })
  const datanet = datanetAt(call, contribution.get('datanetId'))
  const seat = seatOf(call, datanet, caller)
  if (seat === undefined) return fail('NotScorer', { account: caller })
  const isOnPanel = hasBit(contribution.get('panel'), seat) && holdsSeat(call, datanet, contribution, seat)
  if (!isOnPanel) fail('NotOnPanel', { contributionId, account: caller })
  return { datanet, contribution, seat }
}

function recordReport(call: DatanetCall, contributionId: bigint, report: ScoreReport): void {
  const { host, store } = call
  const { datanet, contribution, seat } = openForScorer(call, contributionId)
  const lastBlock = contribution.get('scoreRevealEndBlock')
  if (blockOf(call) > lastBlock) fail('TooLate', { lastBlock: BigInt(lastBlock) })
  if (!commitsClosed(call, datanet, contribution)) {
    fail('TooEarly', { fromBlock: BigInt(contribution.get('scoreCommitEndBlock') + 1) })
  }
  const { qualityBps, reason } = report
  if (qualityBps > 10_000) fail('InvalidQuality', { qualityBps })
  if (reason >= REASONS) fail('InvalidReason', { reason })
  // a commitment covers a panel once, and is opened once
  const revealed = contribution.get('scorersRevealed')
  invariant(!hasBit(revealed, seat), 'a seat reveals once')
  const matches = matchesClaim(call, contributionId, contribution, report)
  contribution.set('scorersRevealed', withBit(revealed, seat))
  const stored = packReport({ qualityBps, differs: !matches, reason })
  writePacked(store, ...reportSlot(contribution, seat), 32, stored)
  emit(host, 'ScoreRevealed', { contributionId, scorer: host.caller, matches, ...report })
}

function matchesClaim(
  { host }: DatanetCall,
  contributionId: bigint,
  contribution: ContributionRef,
  report: ScoreReport,
): boolean {
  const minhash = readBlob(host, DATANET_ADDRESS, minhashBlobs, contributionId)
  invariant(minhash !== undefined, 'a contribution that is scored was revealed')
  return (
    report.contentRoot === contribution.get('contentRoot') &&
    report.recordCount === contribution.get('recordCount') &&
    report.byteCount === contribution.get('byteCount') &&
    report.minhashHash === host.keccak(minhash)
  )
}

function commitmentSlot({ host, store, registry }: DatanetCall, commitment: Hash): bigint {
  return mappingSlot(store, mappingSlot(store, registry.at('scoreCommitments'), host.caller), commitment)
}

/**
 * What a commitment is bound to beside its reports: the ids, since otherwise one could commit twice to the same id under
 * two lists and choose at the reveal; and the rounds, by their panels' blocks, since otherwise one that was not opened in
 * an earlier round would be another choice.
 */
function hashOfCovered(call: DatanetCall, contributionIds: readonly bigint[]): Hash {
  const panelBlocks = contributionIds.map((id) => contributionAt(call, id).get('panelBlock'))
  return call.host.keccak(encodeParameters(coveredFields, { contributionIds, panelBlocks }))
}
