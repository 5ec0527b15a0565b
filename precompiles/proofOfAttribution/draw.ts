import { bigIntToBytes, concatBytes } from '../../src/primitives/bytes.ts'
import { type Hash, hexToBytes } from '../../src/primitives/hex.ts'
import { type Candidate, drawCommittee, isDrawn } from '../shared/audit.ts'
import { gasPrices } from '../shared/gas.ts'
import { randaoSlot } from '../shared/randomness.ts'
import { activeAuditors } from './auditorList.ts'
import {
  type AttributionCall,
  auditAt,
  auditorById,
  batchAt,
  blockOf,
  challengeAt,
  emit,
  hostById,
  type ReceiptRef,
} from './call.ts'
import { dropChallenge } from './challenges.ts'
import { grantedAuditors } from './grants.ts'
import { AUDITOR_FIELDS, receiptFlag, receiptStatus } from './layout.ts'

/** No audit, as a flag on the receipt says; an audit; or not yet, because the randomness is not there. */
export type Draw = 'none' | 'opened' | 'notYet'

/** Draws the audit of a settled receipt, unless that is done. */
export function drawAudit(call: AttributionCall, receiptId: Hash, receipt: ReceiptRef): Draw {
  const flags = receipt.get('flags')
  if ((flags & (receiptFlag.unaudited | receiptFlag.notDrawn)) !== 0) return 'none'
  const seed = seedOf(call, receiptId, receipt)
  if (seed === undefined) return 'notYet'
  const isChallenged = (flags & receiptFlag.challenged) !== 0
  const isWon = isChallenged || isDrawn(seed, call.governed.ending().auditRateBps)
  const committee = isWon ? seatCommittee(call, receiptId, receipt, seed) : 'lost'
  if (committee === 'lost' || committee === undefined) {
    const skipped = flags | (committee === 'lost' ? receiptFlag.notDrawn : receiptFlag.unaudited)
    receipt.set('flags', skipped)
    if (isChallenged) dropChallenge(call, receiptId)
    emit(call.host, 'AuditSkipped', { receiptId, flags: skipped })
    return 'none'
  }
  openAudit(call, receiptId, receipt, seed, committee)
  return 'opened'
}

/** The randomness of the block after settlement or challenge: nobody knew it when that happened. */
function seedOf(call: AttributionCall, receiptId: Hash, receipt: ReceiptRef): Hash | undefined {
  const isChallenged = (receipt.get('flags') & receiptFlag.challenged) !== 0
  const block = isChallenged
    ? challengeAt(call, receiptId).get('challengeBlock')
    : batchAt(call, receipt.get('batchId')).get('settledBlock')
  if (blockOf(call) <= block) return undefined
  const randao = call.staking.load(randaoSlot(BigInt(block) + 1n))
  if (randao === 0n) return undefined
  return call.host.keccak(concatBytes(bigIntToBytes(randao, 32), hexToBytes(receiptId)))
}

function seatCommittee(
  call: AttributionCall,
  receiptId: Hash,
  receipt: ReceiptRef,
  seed: Hash,
): readonly number[] | undefined {
  const { settledBlock, baseModelId } = batchAt(call, receipt.get('batchId')).values()
  const { account, signer } = hostById(call, receipt.get('hostId')).values()
  const isChallenged = (receipt.get('flags') & receiptFlag.challenged) !== 0
  const challenger = isChallenged ? challengeAt(call, receiptId).get('challenger') : account
  const grantId = receipt.get('grantId')
  const granted = grantId === 0 ? undefined : grantedAuditors(call, grantId)
  const ids = activeAuditors(call, baseModelId)
  call.host.useGas(gasPrices.candidate * BigInt(ids.length))
  const candidates: Candidate[] = []
  for (const id of ids) {
    const auditor = auditorById(call, id)
    const who = auditor.get('account')
    if (who === account || who === signer || who === challenger) continue
    if (auditor.get('activeBlock') > settledBlock) continue
    if (granted !== undefined && !granted.includes(who)) continue
    candidates.push({ id, bondWei: auditor.get('bondWei') })
  }
  return drawCommittee(seed, candidates, call.parameters.auditCommittee, (data) => call.host.keccak(data))
}

function openAudit(
  call: AttributionCall,
  receiptId: Hash,
  receipt: ReceiptRef,
  auditSeed: Hash,
  committee: readonly number[],
): void {
  const { auditCommitBlocks, auditRevealBlocks } = call.parameters
  const commitEndBlock = blockOf(call) + auditCommitBlocks
  const revealEndBlock = commitEndBlock + auditRevealBlocks
  const audit = auditAt(call, receiptId)
  audit.update({ seats: committee.length, commitEndBlock, revealEndBlock })
  AUDITOR_FIELDS.forEach((field, seat) => {
    audit.set(field, committee[seat] ?? 0)
  })
  receipt.set('status', receiptStatus.auditOpen)
  emit(call.host, 'AuditOpened', {
    receiptId,
    auditSeed,
    committee: committee.map((id) => auditorById(call, id).get('account')),
    commitEndBlock,
    revealEndBlock,
  })
}
