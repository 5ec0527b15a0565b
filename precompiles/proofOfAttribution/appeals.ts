import { invariant } from '../../src/errors/errors.ts'
import { bigIntToBytes, bytesToBigInt, concatBytes } from '../../src/primitives/bytes.ts'
import { type Address, bytesToHex, type Hash, hexToBytes } from '../../src/primitives/hex.ts'
import { ATTRIBUTION_ADDRESS } from '../addresses.ts'
import { outcomeOf } from '../shared/audit.ts'
import { bitsIn } from '../shared/bits.ts'
import { readBlob, writeBlob } from '../shared/blobs.ts'
import { gasPrices } from '../shared/gas.ts'
import { divideLostBond, type Elector, tallyOf } from './appeal.ts'
import { activeAuditors } from './auditorList.ts'
import {
  type AppealRef,
  type AttributionCall,
  appealAt,
  auditorById,
  batchAt,
  blockOf,
  challengeAt,
  emit,
  hostById,
  type ReceiptFacts,
  type ReceiptRef,
} from './call.ts'
import type { Ending } from './endings.ts'
import { creditReason, electorBlobs, receiptFlag, receiptStatus, VERDICT_BITS } from './layout.ts'

/** An open or finished appeal as its electors see it. */
export interface OpenAppeal {
  readonly appeal: AppealRef
  readonly electors: readonly Elector[]
}

const ACCOUNT_BYTES = 20
const BOND_BYTES = 12
const ELECTOR_BYTES = ACCOUNT_BYTES + BOND_BYTES

/** Puts the receipt to all auditors of its base model. A zero `appellant` has no bond. */
export function openAppeal(
  call: AttributionCall,
  { receiptId, requester }: ReceiptFacts,
  receipt: ReceiptRef,
  appellant: Address,
  bondWei: bigint,
): void {
  const { auditCommitBlocks, auditRevealBlocks } = call.parameters
  const commitEndBlock = blockOf(call) + auditCommitBlocks
  const revealEndBlock = commitEndBlock + auditRevealBlocks
  const electors = electorsOf(call, receiptId, receipt, requester)
  const encoded = electors.map((one) =>
    concatBytes(hexToBytes(one.account), bigIntToBytes(one.bondWei, BOND_BYTES)),
  )
  if (electors.length > 0) writeBlob(call.host, electorBlobs, concatBytes(...encoded), BigInt(receiptId))
  appealAt(call, receiptId).update({
    appellant,
    bondWei,
    commitEndBlock,
    revealEndBlock,
    electors: electors.length,
  })
  receipt.update({ status: receiptStatus.appealed, flags: receipt.get('flags') | receiptFlag.appealed })
  emit(call.host, 'AppealOpened', {
    receiptId,
    appellant,
    electors: electors.map(({ account }) => account),
    totalWei: tallyOf(electors).totalWei,
    commitEndBlock,
    revealEndBlock,
  })
}

/** The active auditors who were registered when the receipt settled, without those whose own matter it is. */
function electorsOf(
  call: AttributionCall,
  receiptId: Hash,
  receipt: ReceiptRef,
  requester: Address,
): readonly Elector[] {
  const { settledBlock, baseModelId } = batchAt(call, receipt.get('batchId')).values()
  const { account, signer } = hostById(call, receipt.get('hostId')).values()
  const excluded = [account, signer, requester, challengeAt(call, receiptId).get('challenger')]
  const ids = activeAuditors(call, baseModelId)
  call.host.useGas(gasPrices.candidate * BigInt(ids.length))
  return ids.flatMap((id) => {
    const auditor = auditorById(call, id)
    const who = auditor.get('account')
    if (excluded.includes(who) || auditor.get('activeBlock') > settledBlock) return []
    return [{ account: who, bondWei: auditor.get('bondWei'), verdict: 0 }]
  })
}

export function appealOf(call: AttributionCall, receiptId: Hash): OpenAppeal {
  const appeal = appealAt(call, receiptId)
  const count = appeal.get('electors')
  call.host.useGas(gasPrices.candidate * BigInt(count))
  const bytes =
    count === 0 ? new Uint8Array() : readBlob(call.host, ATTRIBUTION_ADDRESS, electorBlobs, BigInt(receiptId))
  invariant(bytes?.length === count * ELECTOR_BYTES, 'an appeal keeps its electors')
  const verdicts = appeal.get('verdicts')
  const mask = (1n << BigInt(VERDICT_BITS)) - 1n
  const electors = Array.from({ length: count }, (_, index) => {
    const at = index * ELECTOR_BYTES
    return {
      account: bytesToHex(bytes.subarray(at, at + ACCOUNT_BYTES)),
      bondWei: bytesToBigInt(bytes.subarray(at + ACCOUNT_BYTES, at + ELECTOR_BYTES)),
      verdict: Number((verdicts >> BigInt(index * VERDICT_BITS)) & mask),
    }
  })
  return { appeal, electors }
}

/** No more commits can come: every elector has committed, or the time for it is over. */
export function appealCommitsClosed(call: AttributionCall, appeal: AppealRef): boolean {
  if (blockOf(call) > appeal.get('commitEndBlock')) return true
  return bitsIn(appeal.get('committed')).length === appeal.get('electors')
}

/** No more reveals can come. */
export function appealClosed(call: AttributionCall, appeal: AppealRef): boolean {
  if (blockOf(call) > appeal.get('revealEndBlock')) return true
  return appealCommitsClosed(call, appeal) && appeal.get('revealed') === appeal.get('committed')
}

/** Ends an appeal: tells what was decided, and gives the appellant's bond back or divides it. */
export function endAppeal(call: AttributionCall, ending: Ending, status: number): void {
  const { facts, seats, appeal: decision } = ending
  if (decision === undefined) return
  const { receiptId } = facts
  const { outcome, okWei, againstWei, totalWei } = decision.tally
  emit(call.host, 'AppealDecided', { receiptId, status, okWei, againstWei, totalWei })
  const appeal = appealAt(call, receiptId)
  const { appellant, bondWei } = appeal.values()
  if (bondWei === 0n) return
  appeal.set('bondWei', 0n)
  const credit = (account: Address, reason: number, amountWei: bigint) =>
    call.money.credit('bondsWei', account, reason, receiptId, amountWei)
  const found = outcomeOf(seats)
  if (found === 'noQuorum' || found !== outcome) {
    credit(appellant, creditReason.appealReturned, bondWei)
    return
  }
  const { eachWei, restWei } = divideLostBond(bondWei, decision.voters.length)
  for (const voter of decision.voters) credit(voter, creditReason.auditor, eachWei)
  credit(call.parameters.treasuryAddress, creditReason.appealLost, restWei)
}
