import { iDatanetRegistryAbi } from '../../../contracts/generated/IDatanetRegistry.ts'
import { invariant } from '../../../src/errors/errors.ts'
import { type Hash, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { DATANET_ADDRESS } from '../../addresses.ts'
import { bounds } from '../../bounds.ts'
import { tupleCodec } from '../../shared/abiCodec.ts'
import { encodeParameters } from '../../shared/abiEncode.ts'
import type { InputsOf } from '../../shared/abiTypes.ts'
import { bitsIn, hasBit, withBit } from '../../shared/bits.ts'
import { readBlob } from '../../shared/blobs.ts'
import type { Methods } from '../../shared/dispatch.ts'
import { gasPrices } from '../../shared/gas.ts'
import { mappingSlot, readPacked, writePacked } from '../../shared/layout.ts'
import { keepBond, returnBond } from '../bonds.ts'
import {
  blockOf,
  type ContributionRef,
  checkCount,
  contributionAt,
  type DatanetAbi,
  type DatanetCall,
  datanetAt,
  emit,
  existingContribution,
  fail,
  seatOf,
} from '../call.ts'
import { type Decision, decide, quorumOf, type Report } from '../decision.ts'
import {
  type ContributionStatus,
  contributionKind,
  contributionStatus,
  minhashBlobs,
  POLICY_OPEN,
  REPORT_DIFFERS,
} from '../layout.ts'

type ScoreReport = InputsOf<DatanetAbi, 'revealScores'>['reports'][number]

// the preimage of a commitment: the scorer, then the arguments of the reveal
const revealInputs = iDatanetRegistryAbi.find(
  (item) => item.type === 'function' && item.name === 'revealScores',
)
invariant(revealInputs !== undefined, 'revealScores is in the interface')
const preimageFields = tupleCodec([{ name: 'scorer', type: 'address' }, ...revealInputs.inputs]).fields
const idsFields = tupleCodec([{ name: 'contributionIds', type: 'uint64[]' }]).fields

export const scoringMethods: Methods<DatanetAbi, DatanetCall, 'commitScores' | 'revealScores' | 'resolve'> = {
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
      // the ids are bound too: otherwise one could commit twice to the same id under two lists and choose at the reveal
      store.save(commitmentSlot(call, commitment), BigInt(hashOfIds(call, contributionIds)))
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
      if (store.load(slot) !== BigInt(hashOfIds(call, contributionIds)))
        fail('UnknownCommitment', { commitment })
      store.save(slot, 0n)
      contributionIds.forEach((contributionId, index) => {
        const report = reports[index]
        invariant(report !== undefined, 'one report for each contribution')
        recordReport(call, contributionId, report)
      })
    },
  },

  resolve: {
    gas: 0n,
    run(call, { contributionIds }) {
      checkCount(contributionIds.length, bounds.scoresPerCall)
      return contributionIds.map((contributionId) => {
        const contribution = existingContribution(call, contributionId)
        if (isDecidable(call, contribution)) settleDecision(call, contributionId, contribution)
        return contribution.get('status')
      })
    },
  },
}

function openForScorer(
  call: DatanetCall,
  contributionId: bigint,
): { contribution: ContributionRef; seat: number } {
  const { caller } = call.host
  const contribution = existingContribution(call, contributionId)
  const status = contribution.get('status')
  if (status !== contributionStatus.scoring) fail('WrongStatus', { contributionId, status })
  const datanet = datanetAt(call, contribution.get('datanetId'))
  const seat = seatOf(call, datanet, caller)
  if (seat === undefined || !hasBit(datanet.get('activeSeats'), seat)) {
    return fail('NotScorer', { account: caller })
  }
  if (contribution.get('contributor') === caller) fail('ContributorMayNotScore', { contributionId })
  return { contribution, seat }
}

function recordReport(call: DatanetCall, contributionId: bigint, report: ScoreReport): void {
  const { host, store } = call
  const { contribution, seat } = openForScorer(call, contributionId)
  const lastBlock = contribution.get('scoreRevealEndBlock')
  if (blockOf(call) > lastBlock) fail('TooLate', { lastBlock: BigInt(lastBlock) })
  if (!commitsClosed(call, contribution)) {
    fail('TooEarly', { fromBlock: BigInt(contribution.get('scoreCommitEndBlock') + 1) })
  }
  const revealed = contribution.get('scorersRevealed')
  if (hasBit(revealed, seat)) fail('AlreadyRevealed', { contributionId })
  if (report.qualityBps > 10_000) fail('InvalidQuality', { qualityBps: report.qualityBps })
  const matches = matchesClaim(call, contributionId, contribution, report)
  contribution.set('scorersRevealed', withBit(revealed, seat))
  const entry = BigInt(report.qualityBps | (matches ? 0 : REPORT_DIFFERS))
  writePacked(store, contribution.at('reports'), seat, 32, entry)
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

/** Seats that may score the contribution now: all but the contributor's own. */
function eligibleSeats(call: DatanetCall, contribution: ContributionRef): readonly number[] {
  const datanet = datanetAt(call, contribution.get('datanetId'))
  const own = seatOf(call, datanet, contribution.get('contributor'))
  return bitsIn(datanet.get('activeSeats')).filter((seat) => seat !== own)
}

/** No more commits can come: every seat has committed, or the time for it is over. */
function commitsClosed(call: DatanetCall, contribution: ContributionRef): boolean {
  if (blockOf(call) > contribution.get('scoreCommitEndBlock')) return true
  const committed = contribution.get('scorersCommitted')
  return eligibleSeats(call, contribution).every((seat) => hasBit(committed, seat))
}

function isDecidable(call: DatanetCall, contribution: ContributionRef): boolean {
  if (contribution.get('status') !== contributionStatus.scoring) return false
  if (blockOf(call) > contribution.get('scoreRevealEndBlock')) return true
  const allRevealed = contribution.get('scorersRevealed') === contribution.get('scorersCommitted')
  return allRevealed && contribution.get('scorersCommitted') !== 0n && commitsClosed(call, contribution)
}

const statusOf: Readonly<Record<Decision['outcome'], ContributionStatus>> = {
  accepted: contributionStatus.accepted,
  rejected: contributionStatus.rejected,
  refuted: contributionStatus.refuted,
  returned: contributionStatus.returned,
}

function settleDecision(call: DatanetCall, contributionId: bigint, contribution: ContributionRef): void {
  const { host, store, registry } = call
  const datanetId = contribution.get('datanetId')
  const datanet = datanetAt(call, datanetId)
  const reports = reportsOf(call, contribution)
  const quorum = quorumOf(datanet.get('policy') === POLICY_OPEN, eligibleSeats(call, contribution).length)
  const { outcome, qualityBps } = decide(reports, quorum, contribution.get('acceptThresholdBps'))
  const status = statusOf[outcome]
  contribution.update({ status, qualityBps })
  if (outcome === 'refuted') keepBond(call, contributionId, contribution)
  else returnBond(call, contributionId, contribution)
  if (outcome === 'accepted') supersedeTarget(call, contributionId, contribution)
  else releaseRoot(store, registry.at('roots'), contribution.get('contentRoot'), contributionId)
  emit(host, 'ContributionResolved', {
    contributionId,
    datanetId,
    status,
    qualityBps,
    reveals: reports.length,
  })
}

/** Of several corrections of one target the first that is accepted stands for it. */
function supersedeTarget(call: DatanetCall, contributionId: bigint, contribution: ContributionRef): void {
  if (contribution.get('kind') !== contributionKind.correction) return
  const target = contributionAt(call, contribution.get('targetId'))
  if (target.get('supersededBy') === 0n) target.set('supersededBy', contributionId)
}

function reportsOf({ host, store }: DatanetCall, contribution: ContributionRef): readonly Report[] {
  const seats = bitsIn(contribution.get('scorersRevealed'))
  host.useGas(gasPrices.candidate * BigInt(seats.length))
  return seats.map((seat) => {
    const entry = Number(readPacked(store, contribution.at('reports'), seat, 32))
    return { qualityBps: entry & (REPORT_DIFFERS - 1), differs: (entry & REPORT_DIFFERS) !== 0 }
  })
}

/** Content that was not accepted may be offered again. */
function releaseRoot(
  store: DatanetCall['store'],
  roots: bigint,
  contentRoot: Hash,
  contributionId: bigint,
): void {
  const slot = mappingSlot(store, roots, contentRoot)
  if (store.load(slot) === contributionId) store.save(slot, 0n)
}

function commitmentSlot({ host, store, registry }: DatanetCall, commitment: Hash): bigint {
  return mappingSlot(store, mappingSlot(store, registry.at('scoreCommitments'), host.caller), commitment)
}

function hashOfIds({ host }: DatanetCall, contributionIds: readonly bigint[]): Hash {
  return host.keccak(encodeParameters(idsFields, { contributionIds }))
}
