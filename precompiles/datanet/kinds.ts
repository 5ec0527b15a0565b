import type { Hash } from '../../src/primitives/hex.ts'
import { AdapterReader } from '../adapter/read.ts'
import { bounds } from '../bounds.ts'
import { digestOf } from '../proofOfAttribution/facts.ts'
import { receiptStatus } from '../proofOfAttribution/layout.ts'
import { ReceiptReader, type ReceiptView } from '../proofOfAttribution/read.ts'
import { mappingSlot } from '../shared/layout.ts'
import { type ContributionRef, checkCount, contributionAt, type DatanetCall, emit, fail } from './call.ts'
import { type Claim, checkAtMost } from './claims.ts'
import { contributionKind, contributionStatus } from './layout.ts'
import { isTombstoned } from './tombstones.ts'

type Outcome = 'good' | 'targetGone'
type ReceiptFacts = Claim['receipts'][number]

/** What a contribution of each kind must be about. A target that has gone since the commit is not the contributor's fault. */
export function checkKind(
  call: DatanetCall,
  contributionId: bigint,
  contribution: ContributionRef,
  claim: Claim,
): Outcome {
  const { kind, targetId, receipts } = claim
  const hasTarget = kind === contributionKind.labels || kind === contributionKind.correction
  if (!hasTarget && targetId !== 0n) fail('InvalidTarget', { targetId })
  if (kind === contributionKind.feedback) checkFeedback(call, contributionId, contribution, claim)
  else checkAtMost(BigInt(receipts.length), 0n)
  return hasTarget ? checkTarget(call, contributionId, contribution, claim) : 'good'
}

function checkTarget(
  call: DatanetCall,
  contributionId: bigint,
  contribution: ContributionRef,
  { kind, targetId, recordCount }: Claim,
): Outcome {
  if (targetId === 0n || targetId >= contributionId) fail('InvalidTarget', { targetId })
  const target = contributionAt(call, targetId)
  const isLabels = kind === contributionKind.labels
  const itsKind = target.get('kind')
  const isWrong =
    target.get('datanetId') !== contribution.get('datanetId') ||
    (itsKind !== contributionKind.records && itsKind !== contributionKind.correction) ||
    (isLabels && target.get('contributor') === contribution.get('contributor'))
  if (isWrong) fail('InvalidTarget', { targetId })
  if (target.get('status') !== contributionStatus.accepted || isTombstoned(call, targetId))
    return 'targetGone'
  if (isLabels) checkAtMost(BigInt(recordCount), BigInt(target.get('recordCount')))
  else if (target.get('supersededBy') !== 0n) return 'targetGone'
  return 'good'
}

function checkFeedback(
  call: DatanetCall,
  contributionId: bigint,
  contribution: ContributionRef,
  { receipts, recordCount }: Claim,
): void {
  checkCount(receipts.length, bounds.receiptsPerFeedback)
  if (recordCount !== receipts.length) fail('LengthMismatch')
  const readers = { receipts: new ReceiptReader(call.host), adapters: new AdapterReader(call.host) }
  for (const facts of receipts) {
    checkReceipt(call, contribution, facts, readers)
    const { receiptId } = facts
    const earlier = feedbackOn(call, receiptId)
    if (earlier !== 0n) fail('FeedbackExists', { receiptId, contributionId: earlier })
    call.store.save(feedbackSlot(call, receiptId), contributionId)
  }
  emit(call.host, 'FeedbackRevealed', {
    contributionId,
    receiptIds: receipts.map(({ receiptId }) => receiptId),
  })
}

interface Readers {
  readonly receipts: ReceiptReader
  readonly adapters: AdapterReader
}

function checkReceipt(
  call: DatanetCall,
  contribution: ContributionRef,
  facts: ReceiptFacts,
  { receipts, adapters }: Readers,
): void {
  const { receiptId, requester } = facts
  const receipt = finalReceipt(receipts, receiptId)
  const { digest, adapterId } = receipt
  if (digest !== digestOf(call, facts)) fail('FactsMismatch', { receiptId })
  if (requester !== contribution.get('contributor')) fail('NotRequester', { receiptId, requester })
  if (!standsOn(adapters, receipt, contribution.get('datanetId'))) {
    fail('ReceiptElsewhere', { receiptId, adapterId })
  }
}

function finalReceipt(receipts: ReceiptReader, receiptId: Hash): ReceiptView {
  const receipt = receipts.receipt(receiptId)
  if (receipt?.status === receiptStatus.final) return receipt
  return fail('ReceiptNotFinal', { receiptId, status: receipt?.status ?? receiptStatus.none })
}

/** Whether the version of the adapter that answered was trained on the Datanet. */
function standsOn(
  adapters: AdapterReader,
  { adapterId, adapterVersion }: ReceiptView,
  datanetId: bigint,
): boolean {
  const adapter = adapters.adapter(adapterId)
  const version = adapter && adapters.version(adapter, adapterVersion)
  return version !== undefined && adapters.datanets(version).some((one) => one.datanetId === datanetId)
}

function feedbackSlot({ store, registry }: DatanetCall, receiptId: Hash): bigint {
  return mappingSlot(store, registry.at('feedback'), receiptId)
}

const WITHOUT_EFFECT: readonly number[] = [
  contributionStatus.rejected,
  contributionStatus.refuted,
  contributionStatus.duplicate,
  contributionStatus.returned,
  contributionStatus.planted,
]

/** The feedback that a receipt has; zero when there is none, or it ended without being accepted. */
export function feedbackOn(call: DatanetCall, receiptId: Hash): bigint {
  const id = call.store.load(feedbackSlot(call, receiptId))
  if (id === 0n || WITHOUT_EFFECT.includes(contributionAt(call, id).get('status'))) return 0n
  return id
}
