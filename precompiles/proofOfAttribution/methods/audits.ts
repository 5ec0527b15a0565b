import { iProofOfAttributionAbi } from '../../../contracts/generated/IProofOfAttribution.ts'
import { invariant } from '../../../src/errors/errors.ts'
import { type Hash, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { bounds } from '../../bounds.ts'
import { tupleCodec } from '../../shared/abiCodec.ts'
import { encodeParameters } from '../../shared/abiEncode.ts'
import { VERDICT_MAX, verdict as verdicts } from '../../shared/audit.ts'
import { hasBit, withBit } from '../../shared/bits.ts'
import type { Methods } from '../../shared/dispatch.ts'
import { writePacked } from '../../shared/layout.ts'
import {
  type AttributionAbi,
  type AttributionCall,
  blockOf,
  checkCount,
  emit,
  existingReceipt,
  fail,
  requireInChallengeWindow,
} from '../call.ts'
import { keepCommitment, openCommitment } from '../commitments.ts'
import { type Committee, commitsClosed, committeeOf } from '../committee.ts'
import { drawAudit } from '../draw.ts'
import { provenReceipt } from '../facts.ts'
import { DIGEST_BITS, isOpen, receiptFlag, receiptStatus, VERDICT_BITS } from '../layout.ts'

// the preimage of a commitment: the auditor, then the arguments of the reveal
const reveal = iProofOfAttributionAbi.find((item) => item.type === 'function' && item.name === 'revealAudit')
invariant(reveal !== undefined, 'revealAudit is in the interface')
const preimageFields = tupleCodec([{ name: 'auditor', type: 'address' }, ...reveal.inputs]).fields

export const auditMethods: Methods<
  AttributionAbi,
  AttributionCall,
  'drawAudits' | 'commitAudit' | 'revealAudit' | 'markWrong'
> = {
  drawAudits: {
    gas: 0n,
    run(call, { receiptIds }) {
      checkCount(receiptIds.length, bounds.receiptsPerCall)
      return receiptIds.map((receiptId) => {
        const receipt = existingReceipt(call, receiptId)
        if (receipt.get('status') === receiptStatus.settled) drawAudit(call, receiptId, receipt)
        return receipt.get('status')
      })
    },
  },

  commitAudit: {
    gas: 0n,
    run(call, { receiptIds, commitment }) {
      checkCount(receiptIds.length, bounds.auditsPerCall)
      keepCommitment(call, 'auditCommitments', receiptIds, commitment)
      for (const receiptId of receiptIds) {
        const { committee, seat } = openForAuditor(call, receiptId)
        const { audit } = committee
        const lastBlock = audit.get('commitEndBlock')
        if (blockOf(call) > lastBlock) fail('TooLate', { lastBlock: BigInt(lastBlock) })
        const committed = BigInt(audit.get('committed'))
        if (hasBit(committed, seat)) fail('AlreadyCommitted', { receiptId })
        audit.set('committed', Number(withBit(committed, seat)))
      }
      emit(call.host, 'AuditCommitted', { auditor: call.host.caller, commitment, receiptIds })
    },
  },

  revealAudit: {
    gas: 0n,
    run(call, args) {
      const { host } = call
      const { receiptIds, verdicts: given, digests } = args
      checkCount(receiptIds.length, bounds.auditsPerCall)
      if (given.length !== receiptIds.length || digests.length !== receiptIds.length) fail('LengthMismatch')
      const commitment = host.keccak(encodeParameters(preimageFields, { auditor: host.caller, ...args }))
      openCommitment(call, 'auditCommitments', receiptIds, commitment)
      receiptIds.forEach((receiptId, index) => {
        recordVerdict(call, receiptId, given[index] ?? verdicts.none, digests[index] ?? ZERO_HASH)
      })
    },
  },

  markWrong: {
    gas: 0n,
    run(call, { facts }) {
      const { host } = call
      const { receiptId, requester } = facts
      const receipt = provenReceipt(call, facts)
      if (requester !== host.caller) fail('NotRequester', { caller: host.caller })
      const status = receipt.get('status')
      if (!isOpen(status)) fail('WrongStatus', { receiptId, status })
      requireInChallengeWindow(call, receipt)
      const flags = receipt.get('flags')
      if ((flags & receiptFlag.markedWrong) !== 0) fail('AlreadyMarked', { receiptId })
      receipt.set('flags', flags | receiptFlag.markedWrong)
      emit(host, 'MarkedWrong', { receiptId, requester })
    },
  },
}

function openForAuditor(call: AttributionCall, receiptId: Hash): { committee: Committee; seat: number } {
  const { caller } = call.host
  const status = existingReceipt(call, receiptId).get('status')
  if (status !== receiptStatus.auditOpen) fail('WrongStatus', { receiptId, status })
  const committee = committeeOf(call, receiptId)
  const seat = committee.accounts.indexOf(caller)
  if (seat < 0) fail('NotInCommittee', { receiptId, caller })
  return { committee, seat }
}

function recordVerdict(call: AttributionCall, receiptId: Hash, verdict: number, digest: Hash): void {
  const { host, store } = call
  const { committee, seat } = openForAuditor(call, receiptId)
  const { audit } = committee
  const lastBlock = audit.get('revealEndBlock')
  if (blockOf(call) > lastBlock) fail('TooLate', { lastBlock: BigInt(lastBlock) })
  if (!commitsClosed(call, committee))
    fail('TooEarly', { fromBlock: BigInt(audit.get('commitEndBlock') + 1) })
  const revealed = BigInt(audit.get('revealed'))
  invariant(!hasBit(revealed, seat), 'a seat commits once, and a reveal takes its commitment away')
  if (verdict === verdicts.none || verdict > VERDICT_MAX) fail('InvalidVerdict', { verdict })
  audit.update({
    revealed: Number(withBit(revealed, seat)),
    verdicts: audit.get('verdicts') | (verdict << (seat * VERDICT_BITS)),
    lastRevealBlock: blockOf(call),
  })
  writePacked(store, audit.at('digests'), seat, DIGEST_BITS, BigInt(digest) >> BigInt(256 - DIGEST_BITS))
  emit(host, 'AuditRevealed', { receiptId, auditor: host.caller, verdict, digest })
}
