import { iProofOfAttributionAbi } from '../../../contracts/generated/IProofOfAttribution.ts'
import { invariant } from '../../../src/errors/errors.ts'
import { type Hash, ZERO_HASH } from '../../../src/primitives/hex.ts'
import { bounds } from '../../bounds.ts'
import { tupleCodec } from '../../shared/abiCodec.ts'
import { encodeParameters } from '../../shared/abiEncode.ts'
import { VERDICT_MAX, verdict as verdicts } from '../../shared/audit.ts'
import { hasBit, withBit } from '../../shared/bits.ts'
import type { Methods } from '../../shared/dispatch.ts'
import { mappingSlot, writePacked } from '../../shared/layout.ts'
import {
  type AttributionAbi,
  type AttributionCall,
  batchAt,
  blockOf,
  checkCount,
  emit,
  existingReceipt,
  fail,
} from '../call.ts'
import { type Committee, commitsClosed, committeeOf } from '../committee.ts'
import { drawAudit } from '../draw.ts'
import { provenReceipt } from '../facts.ts'
import { DIGEST_BITS, receiptFlag, receiptStatus, VERDICT_BITS } from '../layout.ts'

// the preimage of a commitment: the auditor, then the arguments of the reveal
const reveal = iProofOfAttributionAbi.find((item) => item.type === 'function' && item.name === 'revealAudit')
invariant(reveal !== undefined, 'revealAudit is in the interface')
const preimageFields = tupleCodec([{ name: 'auditor', type: 'address' }, ...reveal.inputs]).fields
const idsFields = tupleCodec([{ name: 'receiptIds', type: 'bytes32[]' }]).fields

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
      const { host, store } = call
      checkCount(receiptIds.length, bounds.auditsPerCall)
      if (commitment === ZERO_HASH) fail('ZeroCommitment')
      for (const receiptId of receiptIds) {
        const { committee, seat } = openForAuditor(call, receiptId)
        const { audit } = committee
        const lastBlock = audit.get('commitEndBlock')
        if (blockOf(call) > lastBlock) fail('TooLate', { lastBlock: BigInt(lastBlock) })
        const committed = BigInt(audit.get('committed'))
        if (hasBit(committed, seat)) fail('AlreadyCommitted', { receiptId })
        audit.set('committed', Number(withBit(committed, seat)))
      }
      // the ids are bound too: otherwise one could commit twice to the same receipt under two lists and choose later
      store.save(commitmentSlot(call, commitment), BigInt(hashOfIds(call, receiptIds)))
      emit(host, 'AuditCommitted', { auditor: host.caller, commitment, receiptIds })
    },
  },

  revealAudit: {
    gas: 0n,
    run(call, args) {
      const { host, store } = call
      const { receiptIds, verdicts: given, digests } = args
      checkCount(receiptIds.length, bounds.auditsPerCall)
      if (given.length !== receiptIds.length || digests.length !== receiptIds.length) fail('LengthMismatch')
      const commitment = host.keccak(encodeParameters(preimageFields, { auditor: host.caller, ...args }))
      const slot = commitmentSlot(call, commitment)
      if (store.load(slot) !== BigInt(hashOfIds(call, receiptIds))) fail('UnknownCommitment', { commitment })
      store.save(slot, 0n)
      receiptIds.forEach((receiptId, index) => {
        recordVerdict(call, receiptId, given[index] ?? verdicts.none, digests[index] ?? ZERO_HASH)
      })
    },
  },

  markWrong: {
    gas: 0n,
    run(call, { facts }) {
      const { host, parameters } = call
      const { receiptId, requester } = facts
      const receipt = provenReceipt(call, facts)
      if (requester !== host.caller) fail('NotRequester', { caller: host.caller })
      const status = receipt.get('status')
      if (status !== receiptStatus.settled && status !== receiptStatus.auditOpen) {
        fail('WrongStatus', { receiptId, status })
      }
      const settledBlock = batchAt(call, receipt.get('batchId')).get('settledBlock')
      const lastBlock = settledBlock + parameters.challengeWindowBlocks - 1
      if (blockOf(call) > lastBlock) fail('TooLate', { lastBlock: BigInt(lastBlock) })
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
  audit.set('revealed', Number(withBit(revealed, seat)))
  audit.set('verdicts', audit.get('verdicts') | (verdict << (seat * VERDICT_BITS)))
  writePacked(store, audit.at('digests'), seat, DIGEST_BITS, BigInt(digest) >> BigInt(256 - DIGEST_BITS))
  emit(host, 'AuditRevealed', { receiptId, auditor: host.caller, verdict, digest })
}

function commitmentSlot({ host, store, root }: AttributionCall, commitment: Hash): bigint {
  return mappingSlot(store, mappingSlot(store, root.at('auditCommitments'), host.caller), commitment)
}

function hashOfIds({ host }: AttributionCall, receiptIds: readonly Hash[]): Hash {
  return host.keccak(encodeParameters(idsFields, { receiptIds }))
}
